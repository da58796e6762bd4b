"""What alarms are made of: a metric, lines of a log counted into one, an alarm on one count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch

NAMESPACE = "AiCostMonitoring"
"""Of the metrics that are counted here."""


@dataclass(frozen=True)
class Metric:
    """A number that CloudWatch keeps, and how it is added up over five minutes."""

    name: str
    namespace: str = NAMESPACE
    statistic: Literal["Sum", "Maximum"] = "Sum"
    dimensions: Mapping[str, pulumi.Input[str]] | None = None


@dataclass(frozen=True)
class Told:
    """What people read when an alarm rings."""

    title: str
    description: str


def count_lines(
    name: str,
    region: str,
    log_group: pulumi.Input[str],
    pattern: str,
    metric: str,
    opts: pulumi.ResourceOptions,
) -> None:
    """Count the lines of ``log_group`` that fit ``pattern`` into ``metric`` of ``NAMESPACE``."""
    cloudwatch.LogMetricFilter(
        name,
        region=region,
        name=metric,
        log_group_name=log_group,
        pattern=pattern,
        metric_transformation={
            "namespace": NAMESPACE,
            "name": metric,
            "value": "1",
            "unit": "Count",
        },
        opts=opts,
    )


def alarm_on_one(
    name: str,
    region: str,
    metric: Metric,
    told: Told,
    topic: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Tell ``topic`` whenever ``metric`` counts one or more within five minutes."""
    cloudwatch.MetricAlarm(
        name,
        region=region,
        name=told.title,
        alarm_description=told.description,
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=metric.dimensions,
        statistic=metric.statistic,
        period=300,
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
        opts=opts,
    )
