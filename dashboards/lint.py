"""What has to hold of a dashboard's JSON, each rule with the reason it is there."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dashboards.queries.sql import ALL, FILTERS
from dashboards.source import UID
from handlers.alerts.hub import PLAIN_TABLES
from handlers.warehouses.bigquery import views

Document: TypeAlias = Mapping[str, Any]
"""A dashboard, or a part of one, as JSON gives it."""

GRID = 24
LEGENDS = {"timeseries", "barchart", "piechart"}
AXES = {"timeseries", "barchart", "bargauge"}
SHORTEST_DESCRIPTION = 40
TIME = {"__from:date:seconds", "__to:date:seconds"}

_VARIABLE = re.compile(r"\$\{([^}]*)\}|\$(\w+)|\[\[(\w+)[^\]]*\]\]")
_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"`[^`]*?\.([^`.]+)`")
_GROUPS = re.compile(r"GROUP BY\s+(.+?)(?=\n\s*(?:ORDER|LIMIT|HAVING|QUALIFY|\))|\)|$)", re.DOTALL)
_OUTPUT = re.compile(r"\bAS\s+(\w+)")
_CLOCK = re.compile(r"\bCURRENT_(?:DATE|TIME|TIMESTAMP|DATETIME)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """A rule that does not hold, where, and what to do."""

    rule: str
    place: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.remedy} ({self.rule})"


def lint(document: Document) -> tuple[Fault, ...]:
    """Every fault of a dashboard; none when it may be shown."""
    faults = [
        Fault(name, str(document.get("uid", "?")), told)
        for name, rule in DASHBOARD_RULES.items()
        for told in rule(document)
    ]
    for panel in document["panels"]:
        place = f"{document.get('uid', '?')}, panel {panel.get('id')} '{panel.get('title', '')}'"
        faults += [
            Fault(name, place, told) for name, rule in PANEL_RULES.items() for told in rule(panel)
        ]
    return tuple(faults)


def lint_all(documents: Sequence[Document]) -> tuple[Fault, ...]:
    """The faults of each, and those of all together."""
    faults = [fault for document in documents for fault in lint(document)]
    uids = [document["uid"] for document in documents]
    faults += [
        Fault("uid", uid, "another dashboard has this uid: choose one of its own.")
        for uid in sorted(set(uids))
        if uids.count(uid) > 1
    ]
    return tuple(faults)


def _identity(document: Document) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9-]{2,39}", document.get("uid", "")):
        yield "a uid of small letters, digits and - is needed: links and alerts lead to it."
    yield from (f"'{key}' is missing." for key in ("title", "description") if not document.get(key))
    if not document.get("tags"):
        yield "a tag is needed: the links between dashboards go by it."


def _panel_ids(document: Document) -> Iterator[str]:
    ids = [panel.get("id") for panel in document["panels"]]
    if None in ids or len(set(ids)) < len(ids):
        yield f"panels need an id each, and each its own; found {ids}."


def _grid(document: Document) -> Iterator[str]:
    taken: dict[tuple[int, int], object] = {}
    for panel in document["panels"]:
        at = panel["gridPos"]
        if at["x"] + at["w"] > GRID:
            yield f"panel {panel.get('id')} reaches beyond the {GRID} columns."
        cells = [
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        ]
        others = {taken[cell] for cell in cells if cell in taken}
        yield from (
            f"panels {panel.get('id')} and {other} overlap." for other in sorted(map(str, others))
        )
        taken.update(dict.fromkeys(cells, panel.get("id")))


def _time(document: Document) -> Iterator[str]:
    if document.get("timezone") != "utc":
        yield "timezone has to be utc: a day of a bill is one of UTC."
    if document.get("refresh"):
        yield "refresh has to be off: bills change once a day and each refresh is paid for."
    if document.get("time", {}).get("from", "") in {"", "now-6h"}:
        yield "a time range of days is needed."


def _filters(document: Document) -> Iterator[str]:
    variables = {each["name"]: each for each in document.get("templating", {}).get("list", [])}
    if set(variables) != set(FILTERS):
        found = ", ".join(variables) or "none"
        yield f"the filters have to be {', '.join(FILTERS)}; found {found}."
    for name, each in variables.items():
        if not (each.get("multi") and each.get("includeAll") and each.get("allValue") == ALL):
            yield f"{name} needs several values, All, and {ALL} for All."
        if each.get("allowCustomValue") is not False:
            yield f"{name} may take only what it offers: a typed text would reach the SQL."
        if each["type"] == "query" and not _is_fixed_query(each):
            yield f"{name} needs the data source {UID} and a query object with rawSql and refId."


def _is_fixed_query(variable: Document) -> bool:
    query: Document | str = variable.get("query", "")
    source = variable.get("datasource", {}).get("uid")
    return source == UID and not isinstance(query, str) and {"rawSql", "refId"} <= query.keys()


def _links(document: Document) -> Iterator[str]:
    for link in document.get("links", []):
        if not (link.get("includeVars") and link.get("keepTime")):
            yield "a link to another dashboard has to keep filters and time."


def _words(panel: Document) -> Iterator[str]:
    if not panel.get("title"):
        yield "a title is missing."
    if len(panel.get("description", "")) < SHORTEST_DESCRIPTION:
        yield "a description that defines the number is missing."


def _source(panel: Document) -> Iterator[str]:
    asked: Sequence[Document] = (panel, *_targets(panel))
    if any(each.get("datasource", {}).get("uid") != UID for each in asked):
        yield f"the data source has to be {UID}, of the panel and of each query."


def _unit(panel: Document) -> Iterator[str]:
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "a unit is missing."


def _legend(panel: Document) -> Iterator[str]:
    legend = panel.get("options", {}).get("legend", {})
    if panel["type"] in LEGENDS and not legend.get("showLegend"):
        yield "the legend has to be shown: the SDK hides it by default."


def _zero(panel: Document) -> Iterator[str]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    is_money = defaults.get("unit") == "currencyUSD"
    if panel["type"] in AXES and is_money and defaults.get("min") != 0:
        yield "an axis of dollars has to begin at 0."


def _variables(panel: Document) -> Iterator[str]:
    for sql in _questions(panel):
        for match in _VARIABLE.finditer(sql):
            yield from _variable(match[1] or match[2] or "", match[0])
        if re.search(r"'\s*\$\{|\$\{[^}]*\}\s*'", sql):
            yield "a variable stands inside quotes: its format quotes it."


def _variable(inside: str, written: str) -> Iterator[str]:
    name, _, form = inside.partition(":")
    if written.startswith("$__"):
        yield f"{written}: Grafana's macros are wrong on a DATE column; write the condition."
    elif inside in TIME:
        return
    elif name not in FILTERS:
        yield f"{written} is none of {', '.join(FILTERS)} and {', '.join(sorted(TIME))}."
    elif form != "singlequote":
        yield f"{written}: the format has to be named, ${{{name}:singlequote}}."


def _clock(panel: Document) -> Iterator[str]:
    yield from (
        f"{match[0]}: a panel's days come from the chosen time."
        for sql in _questions(panel)
        for match in _CLOCK.finditer(sql)
    )


def _bounds(panel: Document) -> Iterator[str]:
    for sql in _questions(panel):
        if "costs`" in sql and not re.search(r"billing_period\s*>=", sql):
            yield "billing_period needs a lower bound: without one every partition is read."
        if "costs`" in sql and not (re.search(r"\bdate\s*<=", sql) and "${__to:" in sql):
            yield "date needs bounds from the chosen time."


def _tables(panel: Document) -> Iterator[str]:
    allowed = {*(view.name for view in views()), *PLAIN_TABLES} - {"unified_costs"}
    for sql in _questions(panel):
        yield from (
            f"{name} is not a view that the hub serves: {', '.join(sorted(allowed))}."
            for name in _TABLE.findall(sql)
            if name not in allowed
        )


def _columns(panel: Document) -> Iterator[str]:
    for sql in _questions(panel):
        if re.search(r"SELECT\s+\*", sql):
            yield "columns have to be named: SELECT * reads what is not shown."
        yield from (
            f"column {name}: output columns are in small letters."
            for name in _OUTPUT.findall(sql)
            if name != name.lower() and name not in {"DATE", "TIMESTAMP", "FLOAT64"}
        )
        yield from (
            f"GROUP BY {each}: write table.column, for an alias groups otherwise elsewhere."
            for groups in _GROUPS.findall(sql)
            for each in map(str.strip, groups.split(","))
            if not re.fullmatch(r"\w+\.\w+", each)
        )


def _targets(panel: Document) -> Sequence[Document]:
    return panel.get("targets", [])


def _questions(panel: Document) -> Iterator[str]:
    yield from (_COMMENT.sub("", target.get("rawSql", "")) for target in _targets(panel))


Check: TypeAlias = Callable[[Document], Iterator[str]]

DASHBOARD_RULES: Mapping[str, Check] = {
    "identity": _identity,
    "panel-ids": _panel_ids,
    "grid": _grid,
    "time": _time,
    "filters": _filters,
    "links": _links,
}
PANEL_RULES: Mapping[str, Check] = {
    "words": _words,
    "source": _source,
    "unit": _unit,
    "legend": _legend,
    "zero": _zero,
    "variables": _variables,
    "clock": _clock,
    "bounds": _bounds,
    "tables": _tables,
    "columns": _columns,
}
