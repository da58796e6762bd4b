"""AWS's own path: Redshift, the Lambda that fills it, what starts and watches it, who reads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.aws.alarm import Alarm
from infra.aws.archive import Archive
from infra.aws.billing import Billing
from infra.aws.code import Code
from infra.aws.collector import Collector, DeadLetter, Log
from infra.aws.egress import Egress
from infra.aws.identity import READER_NAME as BILLS_READER_NAME
from infra.aws.identity import BillsReader, ServiceRole
from infra.aws.network import Network
from infra.aws.permissions import (
    Document,
    collects,
    copies,
    trusts_service,
    trusts_services,
)
from infra.aws.reader import READER, GrafanaReader
from infra.aws.staging import LOADS, Staging
from infra.aws.task import Task
from infra.aws.trigger import ManifestTrigger
from infra.aws.warehouse import DATABASE, Warehouse
from infra.bundles import Planned
from infra.native_settings import CollectorRuntime
from infra.settings import AwsSettings

COLLECTOR_ROLE = "ai-cost-native-collector"
WAREHOUSE_ROLE = "ai-cost-warehouse"
WAREHOUSE_NAME = "ai-cost"

DAILY: Mapping[str, str] = {"run": "daily"}
"""What the schedule sends (handlers/messages.py)."""


@dataclass(frozen=True)
class Database:
    """Where the Lambda finds its warehouse."""

    workgroup: pulumi.Input[str]
    database: str
    staging: pulumi.Input[str]
    """As ``s3://BUCKET``."""
    copy_role: pulumi.Input[str]
    """The ARN of the role that COPY and UNLOAD take."""
    archive: pulumi.Input[str]
    """As ``s3://BUCKET``."""


EnvironmentOf = Callable[[Database, pulumi.Input[str]], Mapping[str, pulumi.Input[str]]]
"""The Lambda's environment, from its warehouse and its scopes as JSON."""


@dataclass(frozen=True)
class Native:
    """AWS's own path, as it is registered in the account that the settings name."""

    settings: AwsSettings
    options: pulumi.ResourceOptions
    warehouse: Warehouse
    database: Database
    staging: Staging
    archive: Archive

    @property
    def account(self) -> str:
        """The account of all of it."""
        return self.settings.redshift.account

    @classmethod
    def make(
        cls, settings: AwsSettings, options: pulumi.ResourceOptions, archive_years: int
    ) -> "Native":
        """Register warehouse and archive; ``options`` are those of their account."""
        own, region = settings.redshift, settings.region
        network = Network("aws-network", {"region": region, "zones": own.zones}, options)
        staging = Staging(
            "aws-staging",
            {"bucket": own.staging_bucket, "region": region, "expires": LOADS},
            options,
        )
        archive = Archive(
            "aws-archive",
            {"bucket": own.archive_bucket, "region": region, "archive_years": archive_years},
            options,
        )
        copy_role = ServiceRole(
            "aws-warehouse-identity",
            {
                "role_name": WAREHOUSE_ROLE,
                "description": "Taken by Redshift for COPY and UNLOAD",
                "trust": trusts_service("redshift.amazonaws.com"),
                "policy_name": "stage-rows",
                "policy": pulumi.Output.all(staging=staging.arn).apply(copies),
            },
            options,
        )
        warehouse = Warehouse(
            "aws-warehouse",
            {
                "region": region,
                "name": WAREHOUSE_NAME,
                "capacity": own.capacity,
                "daily_rpu_hours": own.daily_rpu_hours,
                "subnet_ids": network.subnet_ids,
                "security_group_id": network.security_group_id,
                "copy_role": copy_role.arn,
                "writer_role": COLLECTOR_ROLE,
                "reader_role": READER,
            },
            options,
        )
        database = Database(
            workgroup=warehouse.ready,
            database=DATABASE,
            staging=pulumi.Output.concat("s3://", staging.bucket),
            copy_role=copy_role.arn,
            archive=pulumi.Output.concat("s3://", archive.bucket),
        )
        return cls(settings, options, warehouse, database, staging, archive)

    def reader(self, rotation: str) -> GrafanaReader:
        """Who Grafana is in the warehouse."""
        return GrafanaReader(
            "aws-grafana-reader",
            {"workgroup_arn": self.warehouse.workgroup_arn, "rotation": rotation},
            self.options,
        )

    def collect(
        self,
        billing: Sequence[Billing],
        notify: Sequence[str],
        bundle: Planned,
        environment_of: EnvironmentOf,
    ) -> None:
        """Register the Lambda, what starts it, and what tells of it."""
        job, region, options = self.settings.redshift.job, self.settings.region, self.options
        log = Log("aws-log", {"region": region, "job_name": job.name}, options)
        failed = DeadLetter(
            "aws-dead-letter", {"region": region, "queue_name": f"{job.name}-dead-letter"}, options
        )
        role = self._role(billing, log, failed)
        scopes = [one.document(_reader_of(one, role)) for one in billing]
        code = Code(
            "aws-code",
            {"bucket": self._bundles(), "region": region, "bundle": bundle},
            options,
        )
        environment = environment_of(self.database, pulumi.Output.json_dumps(scopes))
        task = self.settings.redshift.runtime is CollectorRuntime.CONTAINER
        collector = Collector(
            "aws-collector",
            {
                "region": region,
                "account": self.account,
                "job_name": job.name,
                "schedule": None if task else job.schedule,
                "message": DAILY,
                "role": role,
                "log_group": log.group,
                "dead_letter": failed.arn,
                "code_bucket": self.settings.redshift.bundles_bucket,
                "code_object": code.object_name,
                "environment": environment,
            },
            options,
        )
        if not task:
            self._start_by_delivery(billing, collector, failed)
        alarm = Alarm(
            "aws-alarm",
            {
                "region": region,
                "account": self.account,
                "job_name": job.name,
                "log_group": log.group,
                "dead_letter": failed.queue_name,
                "notify": notify,
            },
            options,
        )
        if task:
            self._task(role, log, failed, alarm, environment)

    def _task(
        self,
        role: pulumi.Input[str],
        log: Log,
        failed: DeadLetter,
        alarm: Alarm,
        environment: Mapping[str, pulumi.Input[str]],
    ) -> None:
        """The same collector without a function's limits, started by the schedule."""
        own, region = self.settings.redshift, self.settings.region
        egress = Egress("aws-egress", {"region": region, "zones": own.zones}, self.options)
        Task(
            "aws-task",
            {
                "region": region,
                "account": self.account,
                "job_name": own.job.name,
                "schedule": own.job.schedule,
                "message": DAILY,
                "image": own.image,
                "role": role,
                "log_group": log.group,
                "log_arn": log.arn,
                "dead_letter": failed.arn,
                "topic": alarm.topic,
                "subnet_ids": egress.subnet_ids,
                "security_group_id": egress.security_group_id,
                "environment": environment,
            },
            self.options,
        )

    def _bundles(self) -> pulumi.Output[str]:
        return Staging(
            "aws-bundles",
            {
                "bucket": self.settings.redshift.bundles_bucket,
                "region": self.settings.region,
                "expires": None,
            },
            self.options,
        ).bucket

    def _role(self, billing: Sequence[Billing], log: Log, failed: DeadLetter) -> pulumi.Output[str]:
        known = pulumi.Output.all(
            log_group=log.arn,
            dead_letter=failed.arn,
            workgroup=self.warehouse.workgroup_arn,
            staging=self.staging.arn,
            archive=self.archive.arn,
            # By their names: each of these roles names this one, so it must be there before.
            reading_roles=[
                f"arn:aws:iam::{one.scope.id}:role/{BILLS_READER_NAME}" for one in billing
            ],
        )
        return ServiceRole(
            "aws-native-identity",
            {
                "role_name": COLLECTOR_ROLE,
                "description": "The collector in AWS",
                "trust": self._collects_as(),
                "policy_name": "collect",
                "policy": known.apply(collects),
            },
            self.options,
        ).arn

    def _collects_as(self) -> Document:
        """What takes the collector's role."""
        if self.settings.redshift.runtime is CollectorRuntime.FUNCTION:
            return trusts_service("lambda.amazonaws.com")
        return trusts_services(["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"])

    def _start_by_delivery(
        self, billing: Sequence[Billing], collector: Collector, failed: DeadLetter
    ) -> None:
        """Listen to the bucket of this account, if the program made it.

        An adopted bucket's notifications are its owner's, and those of other accounts stay there:
        their bills are taken up by the schedule.
        """
        for one in billing:
            if one.scope.id == self.account and not one.bills.adopts_bucket:
                ManifestTrigger(
                    "aws-trigger",
                    {
                        "region": one.bills.region,
                        "bucket": one.bucket,
                        "prefix": one.folder,
                        "rule_name": f"{self.settings.redshift.job.name}-delivered",
                        "function": collector.function,
                        "function_arn": collector.function_arn,
                        "dead_letter": failed.arn,
                        "dead_letter_url": failed.url,
                    },
                    self.options,
                )


def _reader_of(one: Billing, collector: pulumi.Input[str]) -> pulumi.Output[str]:
    return BillsReader(
        f"aws-{one.scope.id}-native-identity",
        {
            "bucket_arn": one.bucket_arn,
            "prefix": one.bills.prefix,
            "collector": collector,
        },
        one.options,
    ).arn
