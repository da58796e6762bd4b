"""What has to hold of a panel: its words, its looks, its SQL."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from dashboards.plan import plans
from dashboards.queries.sql import FILTERS
from dashboards.source import UID
from dashboards.style import cloud_columns, columns
from handlers.alerts.hub import PLAIN_TABLES
from handlers.warehouses.bigquery import views

Document: TypeAlias = Mapping[str, Any]
"""A dashboard, or a part of one, as JSON gives it."""

LEGENDS = {"timeseries", "barchart", "piechart"}
AXES = {"timeseries", "barchart", "bargauge"}
SHORTEST_DESCRIPTION = 40
NARROWEST = {"stat": 6, "bargauge": 8}
"""Of the 24 columns, at 1280 pixels; every other kind of panel needs half of them."""
HALF = 12
TIME = {"__from:date:seconds", "__to:date:seconds"}
TYPES = {"DATE", "TIMESTAMP", "FLOAT64", "STRING"}
EXCUSES = ("Only the cloud filter applies", "whatever the filters say", "The filters choose")
"""What a description says where a panel does not follow every filter."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}|\$(\w+)|\[\[(\w+)[^\]]*\]\]")
_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"`[^`]*?\.([^`.]+)`")
_GROUPS = re.compile(r"GROUP BY\s+(.+?)(?=\n\s*(?:ORDER|LIMIT|HAVING|QUALIFY|\))|\)|$)", re.DOTALL)
_OUTPUT = re.compile(r"\bAS\s+(\w+)")
_CLOCK = re.compile(r"\bCURRENT_(?:DATE|TIME|TIMESTAMP|DATETIME)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"/d/([a-z0-9-]+)\?(.*)")


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
            if name != name.lower() and name not in TYPES
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
    yield from map(text_of, _targets(panel))


def text_of(target: Document) -> str:
    """The SQL of a question without its comments; Redshift's plug-in has its own name for it."""
    return _COMMENT.sub("", target.get("rawSql") or target.get("rawSQL") or "")


def _currency(panel: Document) -> Iterator[str]:
    config = panel.get("fieldConfig", {})
    units = [config.get("defaults", {}).get("unit", "")]
    units += [said["value"] for _, said in _properties(panel, "unit")]
    yield from (
        f"{unit}: dollars are the only money that is shown."
        for unit in units
        if str(unit).startswith("currency") and unit != "currencyUSD"
    )


def _colours(panel: Document) -> Iterator[str]:
    known = {name: columns()[name].colour for name in cloud_columns().values()}
    shown = {name: said["value"].get("fixedColor") for name, said in _properties(panel, "color")}
    for name in sorted(known.keys() & _given(panel)) if panel["type"] != "table" else ():
        if shown.get(name) != known[name]:
            yield f"{name} has to be {known[name]}: a cloud has one colour wherever it is drawn."


def _transformations(panel: Document) -> Iterator[str]:
    if panel.get("transformations"):
        yield "a transformation computes in the browser: compute in the query, where it is tested."


def _names(panel: Document) -> Iterator[str]:
    """Overrides of a column that the query does not give do nothing, without a word."""
    given = _given(panel)
    options = panel.get("options", {})
    wanted = {*_fields(panel), *filter(None, [options.get("xField")])}
    fields = str(options.get("reduceOptions", {}).get("fields", "")).strip("/^$")
    wanted |= {fields} if fields else set()
    yield from (f"{name}: the query gives no such column." for name in sorted(wanted - given))


def _filtered(panel: Document) -> Iterator[str]:
    if any(excuse in panel.get("description", "") for excuse in EXCUSES):
        return
    for sql in _questions(panel):
        yield from (
            f"${{{name}}} has no effect: filter by it, or say in the description that it has none."
            for name in FILTERS
            if f"${{{name}:" not in sql
        )


def _data_links(panel: Document) -> Iterator[str]:
    uids = {of.uid for of in plans()}
    for _, said in _properties(panel, "links"):
        for link in said["value"]:
            found = _ADDRESS.fullmatch(link["url"])
            if not found or found[1] not in uids:
                yield f"{link['url']} leads to none of {', '.join(sorted(uids))}."
            elif "${__url_time_range}" not in found[2] or not all(
                f"var-{name}=" in found[2] or f"${{{name}:queryparam}}" in found[2]
                for name in FILTERS
            ):
                yield f"{link['url']} has to keep the time and every filter."


def _width(panel: Document) -> Iterator[str]:
    least = NARROWEST.get(panel["type"], HALF)
    if panel["gridPos"]["w"] < least:
        yield f"{panel['gridPos']['w']} columns can't be read at 1280 pixels: {least} are needed."


def _series(panel: Document) -> Iterator[str]:
    is_barchart = panel.get("options", {}).get("xField") == "time"
    for sql in _questions(panel) if panel["type"] == "timeseries" or is_barchart else ():
        if not re.search(r"ORDER BY time\b", sql):
            yield "a series needs ORDER BY time: the plug-in takes rows as they come."
        if "costs`" in sql and "data_through" not in sql:
            yield "days that are not complete have to show: compare with data_through."


def _given(panel: Document) -> set[str]:
    """The columns that the panel's questions name, those of their parts among them."""
    return {name for sql in _questions(panel) for name in _OUTPUT.findall(sql)}


def _fields(panel: Document) -> Iterator[str]:
    """The columns that overrides name."""
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        if override["matcher"]["id"] == "byName":
            yield override["matcher"]["options"]


def _properties(panel: Document, name: str) -> Iterator[tuple[str, Document]]:
    """Column, or pattern of columns, and each property ``name`` that overrides give it."""
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        for said in override["properties"]:
            if said["id"] == name:
                yield override["matcher"]["options"], said


Check: TypeAlias = Callable[[Document], Iterator[str]]

PANEL_RULES: Mapping[str, Check] = {
    "words": _words,
    "source": _source,
    "unit": _unit,
    "currency": _currency,
    "legend": _legend,
    "zero": _zero,
    "colours": _colours,
    "width": _width,
    "transformations": _transformations,
    "data-links": _data_links,
    "variables": _variables,
    "filtered": _filtered,
    "clock": _clock,
    "bounds": _bounds,
    "series": _series,
    "tables": _tables,
    "columns": _columns,
    "names": _names,
}
