"""The alert rules as Grafana takes them: a question in SQL, its last value, a threshold.

Grafana puts no variable into a rule's SQL, so a rule asks about everything and gives a row for each
thing it watches (https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rules/).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.bigquery import QueryFormat

from dashboards.documents import panel_id
from dashboards.source import UID
from dashboards.source import question as asked
from handlers.alerts import Hub, NoData, Rule, Unit, question, rules

GROUP = "AI costs"
INTERVAL_SECONDS = 6 * 60 * 60
"""Grafana evaluates at multiples of this since 1970, so at 00:00, 06:00, 12:00 and 18:00 UTC: the
second of them sees what the night's jobs loaded. Every evaluation is a query that is paid for."""

EXPRESSION = "__expr__"
"""Grafana's own data source of computations."""

NO_DATA = {NoData.OK: "OK", NoData.ALERTING: "Alerting"}
DECIMALS = {Unit.PERCENT: "%.1f", Unit.HOURS: "%.0f", Unit.LOADS: "%.0f"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a rule; ``model`` is JSON, the same text for the same rule."""

    ref_id: str
    source: str
    model: str


@dataclass(frozen=True, kw_only=True)
class GrafanaRule:
    """A rule; ``condition`` is the step that decides."""

    uid: str
    title: str
    steps: tuple[Step, ...]
    condition: str
    wait: str
    no_data: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def grafana_rules(hub: Hub) -> tuple[GrafanaRule, ...]:
    """Every rule of ``handlers/alerts`` over ``hub``."""
    return tuple(_rendered(rule, hub) for rule in rules())


def _rendered(rule: Rule, hub: Hub) -> GrafanaRule:
    return GrafanaRule(
        uid=f"ai-cost-{rule.id.replace('_', '-')}",
        title=rule.title,
        steps=(_question(rule, hub), _last(), _threshold(rule)),
        condition="C",
        wait=rule.wait,
        no_data=NO_DATA[rule.no_data],
        labels={"severity": rule.severity.value, "rule": rule.id},
        annotations={
            "summary": rule.told(_words(rule)),
            "description": rule.remedy,
            "__dashboardUid__": rule.dashboard,
            "__panelId__": str(panel_id(rule.dashboard, rule.panel)),
        },
    )


def _words(rule: Rule) -> dict[str, str]:
    """What Grafana puts in for each word of a text."""
    labels = {label: f"{{{{ $labels.{label} }}}}" for label in rule.labels}
    number = f'{{{{ printf "{DECIMALS[rule.unit]}" $values.B.Value }}}}'
    return {**labels, "value": number}


def _question(rule: Rule, hub: Hub) -> Step:
    built = asked(question(rule, hub), hub, ref_id="A", form=QueryFormat.TIMESERIES).build()
    return Step(ref_id="A", source=UID, model=JSONEncoder(sort_keys=True).encode(built))


def _last() -> Step:
    return _computed("B", {"type": "reduce", "expression": "A", "reducer": "last"})


def _threshold(rule: Rule) -> Step:
    """Above, or in (above, up_to]: Grafana has no such half-open range, a computation has."""
    if rule.up_to is None:
        evaluator = {"type": "gt", "params": [rule.above]}
        return _computed(
            "C", {"type": "threshold", "expression": "B", "conditions": [{"evaluator": evaluator}]}
        )
    inside = f"($B > {rule.above:g}) && ($B <= {rule.up_to:g})"
    return _computed("C", {"type": "math", "expression": inside})


def _computed(ref_id: str, model: Mapping[str, object]) -> Step:
    source = {"type": EXPRESSION, "uid": EXPRESSION}
    said = {"refId": ref_id, "datasource": source, **model}
    return Step(ref_id=ref_id, source=EXPRESSION, model=json.dumps(said, sort_keys=True))
