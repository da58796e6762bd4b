"""Ask every rule, remember in the table ``alerts`` what changed, say what fires.

For whoever has no Grafana that evaluates rules: the hub's daily job, and a laptop.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import cast
from urllib.parse import quote

from handlers.alerts.rules import USD, VALUE, Rule, Unit, asked, rules
from handlers.alerts.runner import Cell, Row, Runner
from handlers.runtimes.log import Log, Severity
from handlers.tables import ALERTS

NO_LINK = ""

_DECIMALS = {Unit.PERCENT: 1, Unit.HOURS: 0, Unit.LOADS: 0, Unit.USD: 2, Unit.TIMES: 1}
_NANO = Decimal("1e-9")
_LARGEST = Decimal("1e28")
KINDS = ("cloud", "model", "customer")
"""What an alert can be about; dashboards have a filter of each."""


class State(StrEnum):
    """Whether an alert is on."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Firing:
    """A rule that fires about a thing, or that did until now (``state``).

    ``key`` is the thing, the same from one evaluation to the next; ``labels`` are the row's texts
    as the data has them. ``value`` is in the rule's unit, ``usd`` the dollars that it is about.
    ``day`` is the last complete day that was looked at. ``is_new`` says that the state has changed
    with this evaluation. ``message`` is for a reader: one line of printable characters.
    """

    rule: Rule
    key: str
    state: State
    labels: Mapping[str, str]
    value: Decimal
    usd: Decimal | None
    day: date
    since: datetime
    is_new: bool
    message: str
    link: str


@dataclass(frozen=True)
class _Before:
    """What the table says of an alert that fires."""

    row: Row

    @property
    def since(self) -> datetime:
        return cast("datetime", self.row["since"]).replace(tzinfo=UTC)


def evaluate(runner: Runner, now: datetime, grafana_url: str = NO_LINK) -> list[Firing]:
    """Evaluate every rule as of ``now`` and add to ``alerts`` a row for each changed state.

    Gives what fires, and what has stopped since the evaluation before, in the rules' order. With
    ``grafana_url`` each has a link to the panel that shows it. The same evaluation a second time
    adds nothing.

    Raises:
        WarehouseError: BigQuery refused or failed.
    """
    moment = now.astimezone(UTC)
    before = _firing(runner)
    complete = _complete_days(runner)
    found: list[Firing] = []
    for rule in rules():
        stated = f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}+00'"
        rows = runner.rows(f"{asked(rule, runner, stated)}\nORDER BY {', '.join(rule.labels)}")
        measured = {_key(rule, row): row for row in rows}
        known = {key: each for (name, key), each in before.items() if name == rule.id}
        for key, row in measured.items():
            if rule.fires(float(str(row[VALUE] or 0))):
                found.append(_made(rule, row, known.get(key), moment, complete, grafana_url))
        fired = {each.key for each in found if each.rule is rule}
        found += (
            _ended(rule, known[key].row, measured.get(key), grafana_url)
            for key in sorted(known)
            if key not in fired
        )
    runner.insert(ALERTS, [_cells(each, moment) for each in found if each.is_new])
    return found


def log_firings(firings: Sequence[Firing], log: Log) -> None:
    """A line for each alert: a warning while it is new, so that who is told is told once.

    The fields are ``alert`` (the rule's id), ``alert_state``, ``alert_key``, ``alert_severity``,
    ``usd``, ``link`` and ``runbook``.
    """
    for each in firings:
        told = each.is_new and each.state is State.FIRING
        log.line(
            Severity.WARNING if told else Severity.INFO,
            each.message,
            alert=each.rule.id,
            alert_state=each.state.value if each.is_new else "still firing",
            alert_key=each.key,
            alert_severity=each.rule.severity.value,
            usd=None if each.usd is None else f"{each.usd:.2f}",
            link=each.link or None,
            runbook=each.rule.runbook,
            remedy=each.rule.remedy,
        )


def _firing(runner: Runner) -> Mapping[tuple[str, str], _Before]:
    """By rule and key, the last row of each alert that is on."""
    rows = runner.rows(
        f"SELECT * FROM {runner.words()['alerts']} AS held WHERE TRUE QUALIFY ROW_NUMBER() OVER"
        " (PARTITION BY held.rule, held.key ORDER BY held.evaluated_at DESC) = 1"
    )
    return {
        (str(row["rule"]), str(row["key"])): _Before(row)
        for row in rows
        if row["state"] == State.FIRING
    }


def _complete_days(runner: Runner) -> Mapping[str, date]:
    """Of each cloud the last complete day."""
    rows = runner.rows(f"SELECT * FROM {runner.words()['clouds_loaded']} AS loads")
    return {
        str(row["cloud_provider"]): cast("date", row["data_through"])
        for row in rows
        if row["data_through"] is not None
    }


def _made(
    rule: Rule,
    row: Row,
    before: _Before | None,
    now: datetime,
    complete: Mapping[str, date],
    grafana_url: str,
) -> Firing:
    labels = _labels(rule, row)
    yesterday = now.date() - timedelta(days=1)
    days = [complete[labels["cloud"]]] if labels.get("cloud") in complete else complete.values()
    value, usd = _amount(row[VALUE]), row[USD]
    return Firing(
        rule=rule,
        key=_key(rule, row),
        state=State.FIRING,
        labels=labels,
        value=value,
        usd=None if usd is None else _amount(usd),
        day=max(days, default=yesterday),
        since=before.since if before else now,
        is_new=before is None,
        message=_message(rule, labels, value, None if usd is None else _amount(usd)),
        link=_link(rule, labels, grafana_url),
    )


def _ended(rule: Rule, before: Row, row: Row | None, grafana_url: str) -> Firing:
    """The alert of the row ``before``, which does not fire any more."""
    labels = _labels(rule, row) if row else {}
    return Firing(
        rule=rule,
        key=str(before["key"]),
        state=State.RESOLVED,
        labels=labels,
        value=_amount(row[VALUE] if row else before["value"]),
        usd=_amount(row[USD]) if row and row[USD] is not None else None,
        day=cast("date", before["date"]),
        since=cast("datetime", before["since"]).replace(tzinfo=UTC),
        is_new=True,
        message=f"Over: {before['message']}",
        link=_link(rule, labels, grafana_url),
    )


def _cells(firing: Firing, now: datetime) -> list[Cell]:
    """The row of ``alerts``, in the table's order."""
    about = dict(_about(firing.labels))
    cells: dict[str, Cell] = {
        "rule": firing.rule.id,
        "key": firing.key,
        "state": firing.state.value,
        "severity": firing.rule.severity.value,
        "date": firing.day,
        "cloud_provider": about.get("cloud"),
        "model": about.get("model"),
        "customer_key": about.get("customer"),
        "value": firing.value,
        "threshold": _amount(firing.rule.above),
        "unit": firing.rule.unit.value,
        "cost_usd": firing.usd,
        "message": firing.message,
        "since": firing.since.replace(tzinfo=None),
        "evaluated_at": now.replace(tzinfo=None),
    }
    return [cells[name] for name in ALERTS.names]


def _about(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Cloud, model and customer (its key) that a row is about, as far as it is about one."""
    for kind, label in (("cloud", "cloud"), ("model", "model"), ("customer", "customer_key")):
        if labels.get(label):
            yield kind, labels[label]
    if labels.get("limits") in KINDS:
        yield labels["limits"], labels["key"]


def _key(rule: Rule, row: Row) -> str:
    return "/".join(str(row[label]) for label in rule.key)


def _labels(rule: Rule, row: Row) -> dict[str, str]:
    return {label: str(row[label]) for label in rule.labels}


def _message(rule: Rule, labels: Mapping[str, str], value: Decimal, usd: Decimal | None) -> str:
    words = {name: shown(text) for name, text in labels.items()}
    words[VALUE] = f"{value:,.{_DECIMALS[rule.unit]}f}"
    words[USD] = "?" if usd is None else f"{usd:,.2f}"
    return rule.told(words)


def shown(text: str) -> str:
    """Text of a bill for a line that people read: what moves a cursor or breaks a line is not."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _link(rule: Rule, labels: Mapping[str, str], grafana_url: str) -> str:
    """To the panel, filtered to what the alert is about: dashboards have a filter of each kind."""
    if not grafana_url:
        return NO_LINK
    chosen = "".join(
        f"&var-{kind}_filter={quote(value, safe='')}" for kind, value in _about(labels)
    )
    base = grafana_url.rstrip("/")
    return f"{base}/d/{rule.dashboard}?viewPanel={rule.panel_id}{chosen}"


def _amount(number: Cell) -> Decimal:
    """A number as the table holds it: nine decimals, and not more than fits."""
    amount = Decimal(str(number or 0))
    return max(-_LARGEST, min(_LARGEST, amount)).quantize(_NANO)
