"""What has to hold of a dashboard's JSON, each rule with the reason it is there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboards.detail.rules import DETAIL_RULES, asks_clouds, filters_of
from dashboards.panel_rules import PANEL_RULES, Check, Document
from dashboards.plan import DETAIL_TAG
from dashboards.queries.sql import ALL, FILTERS
from dashboards.source import UID

__all__ = ["DASHBOARD_RULES", "PANEL_RULES", "Document", "Fault", "lint", "lint_all"]

GRID = 24


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
        panel_rules = DETAIL_RULES if asks_clouds(panel) else PANEL_RULES
        faults += [
            Fault(name, place, told) for name, rule in panel_rules.items() for told in rule(panel)
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


def _is_detail(document: Document) -> bool:
    return DETAIL_TAG in document.get("tags", [])


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
    wanted = filters_of(document) if _is_detail(document) else tuple(FILTERS)
    if set(variables) != set(wanted):
        found = ", ".join(variables) or "none"
        yield f"the filters have to be {', '.join(wanted)}; found {found}."
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


DASHBOARD_RULES: Mapping[str, Check] = {
    "identity": _identity,
    "panel-ids": _panel_ids,
    "grid": _grid,
    "time": _time,
    "filters": _filters,
    "links": _links,
}
