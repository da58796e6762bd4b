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
from handlers.alerts import Hub, NoData, Rule, Unit, dollars, question, rules

GROUP = "AI costs"
INTERVAL_SECONDS = 24 * 60 * 60
"""Bills come once a day, and every evaluation is queries that are paid for. At which time of day
Grafana evaluates follows from the group's name, for it spreads groups over their interval
(https://github.com/grafana/grafana/pull/82212). The hub's job evaluates the same rules right after
the night's loads."""

EXPRESSION = "__expr__"
"""Grafana's own data source of computations."""

NO_DATA = {NoData.OK: "OK", NoData.ALERTING: "Alerting"}
DECIMALS = {
    Unit.PERCENT: "%.1f",
    Unit.HOURS: "%.0f",
    Unit.LOADS: "%.0f",
    Unit.USD: "%.2f",
    Unit.TIMES: "%.1f",
}


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


def grafana_rules(hub: Hub, docs_url: str = "") -> tuple[GrafanaRule, ...]:
    """Every rule of ``handlers/alerts`` over ``hub``.

    ``docs_url`` is where the repository's files are read in a browser: with it the runbook is a
    link, without it the file's name.
    """
    return tuple(_rendered(rule, hub, docs_url) for rule in rules())


def queries_a_month(hub: Hub) -> int:
    """How often Grafana asks the hub in 30 days, for what that costs."""
    asked_at_once = sum(step.source == UID for rule in grafana_rules(hub) for step in rule.steps)
    return asked_at_once * 30 * 24 * 60 * 60 // INTERVAL_SECONDS


def _rendered(rule: Rule, hub: Hub, docs_url: str) -> GrafanaRule:
    """The question (A), its last value (B), the threshold (C).

    Where the message tells dollars they are a question of their own (D) with a last value (E):
    Grafana takes one number of an answer, and a label that changed with each evaluation would make
    it another alert each time. With the dollars come the labels that may change, such as the model
    that leads an incident: Grafana gives an alert the values whose labels include its own
    (https://github.com/grafana/grafana/blob/v12.1.0/pkg/services/ngalert/eval/eval.go, "subsets or
    supersets").
    """
    told = (_question(dollars(rule, hub), hub, "D"), _last("E", "D")) if rule.tells_dollars else ()
    return GrafanaRule(
        uid=f"ai-cost-{rule.id.replace('_', '-')}",
        title=rule.title,
        steps=(_question(question(rule, hub), hub, "A"), _last("B", "A"), _threshold(rule), *told),
        condition="C",
        wait=rule.wait,
        no_data=NO_DATA[rule.no_data],
        labels={"severity": rule.severity.value, "rule": rule.id},
        annotations={
            "summary": rule.told(_words(rule)),
            "description": rule.remedy,
            "about": _about(rule),
            "runbook": rule.runbook,
            **({"runbook_url": f"{docs_url.rstrip('/')}/{rule.runbook}"} if docs_url else {}),
            "__dashboardUid__": rule.dashboard,
            "__panelId__": str(panel_id(rule.dashboard, rule.panel)),
        },
    )


def _words(rule: Rule) -> dict[str, str]:
    """What Grafana puts in for each word of a text; what it puts in is not read as a template."""
    labels = {label: _label(rule, label) for label in rule.labels}
    number = f'{{{{ printf "{DECIMALS[rule.unit]}" $values.B.Value }}}}'
    return {**labels, "value": number, "usd": '{{ printf "%.2f" $values.E.Value }}'}


def _label(rule: Rule, label: str) -> str:
    place = "$values.E.Labels" if label in rule.changing else "$labels"
    return f"{{{{ {place}.{label} }}}}"


def _about(rule: Rule) -> str:
    """What an alert was about, for the line that says that it is over: no key that nobody reads."""
    shown = [label for label in rule.labels if not label.endswith("key")]
    return ", ".join(f"{label} {_label(rule, label)}" for label in shown if label != "cause")


def _question(sql: str, hub: Hub, ref_id: str) -> Step:
    built = asked(sql, hub, ref_id=ref_id, form=QueryFormat.TIMESERIES).build()
    return Step(ref_id=ref_id, source=UID, model=JSONEncoder(sort_keys=True).encode(built))


def _last(ref_id: str, of: str) -> Step:
    return _computed(ref_id, {"type": "reduce", "expression": of, "reducer": "last"})


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
