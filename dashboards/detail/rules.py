"""What has to hold of a panel that asks a cloud's own warehouse, in each dialect."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dashboards.detail.dialects import Dialect
from dashboards.detail.metrics import ABOUT_ONE
from dashboards.detail.sources import MIXED, SOURCES
from dashboards.panel_rules import EXCUSES, PANEL_RULES, TIME, Check, Document, text_of
from dashboards.queries.sql import FILTERS
from handlers.record import Cloud

SHARED = (
    "words", "unit", "currency", "legend", "zero", "colours", "width", "transformations",
    "data-links", "names",
)  # fmt: skip
"""Rules of every panel, whomever it asks."""

MOST_ROWS = 500
"""A browser draws them at once, and the Data API gives 100 MB at most."""

EVERYWHERE = {
    "AS", "AND", "CASE", "CAST", "COALESCE", "COUNT", "FROM", "IN", "JOIN", "MAX", "MIN", "NULLIF",
    "ON", "OVER", "ROW_NUMBER", "SELECT", "SUM", "WHERE",
}  # fmt: skip
FUNCTIONS: Mapping[Dialect, set[str]] = {
    Dialect.BIGQUERY: {"DATE_FROM_UNIX_DATE", "DIV", "TIMESTAMP_SECONDS", "UNIX_DATE"},
    Dialect.REDSHIFT: {"VARCHAR"},
    Dialect.TSQL: {"DATEADD", "DATEDIFF", "TOP", "VARCHAR"},
}
"""Words that may stand before a parenthesis, beside those of every dialect. Others are looked up in
that dialect's documentation when they are needed, and tried in its stand-in."""

FOREIGN: Mapping[Dialect, str] = {
    Dialect.BIGQUERY: r"::|\|\||\[|\bTOP\b|\bGETDATE\b|\bVARCHAR\b|\bDOUBLE\b|\bDATETIME2?\b",
    Dialect.REDSHIFT: r"`|\[|\bTOP\b|\bFLOAT64\b|\bSTRING\b|\bQUALIFY\b|\bDATETIME2?\b|\bINT64\b",
    Dialect.TSQL: (
        r"`|::|\|\||\bLIMIT\b|\bQUALIFY\b|\bINTERVAL\b|\bDATE '|\bTRUE\b|\bFALSE\b|\bUSING\b"
        r"|\bNULLS\b|\bFLOAT64\b|\bSTRING\b|\bDOUBLE\b|\bTIMESTAMP\b|\bDATETIME\b|\bILIKE\b"
    ),
}
"""What another dialect has. TIMESTAMP is no moment in T-SQL, and DATETIME rounds."""

TABLES: Mapping[Dialect, str] = {
    Dialect.BIGQUERY: r"`[a-z][a-z0-9-]+\.\w+\.(gcp_llm_costs|serving_ledger)`",
    Dialect.REDSHIFT: r"llm_costs\.(consumption|ledger|outbox)",
    Dialect.TSQL: r"dbo\.\[(llm_consumption|ledger|outbox)\]",
}
FACTS = re.compile(r"gcp_llm_costs`|llm_costs\.consumption|dbo\.\[llm_consumption\]")

_TYPES = (
    r"AS (DATE|DATETIME2|DOUBLE PRECISION|FLOAT|FLOAT64|INTEGER|STRING|TIMESTAMP|VARCHAR\(10\))"
)
_VARIABLE = re.compile(r"\$\{([^}]*)\}|\$(\w+)|\[\[(\w+)\]\]")
_QUOTED = re.compile(r"'\s*\$\{|\$\{[^}]*\}\s*'")
_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_WITH = re.compile(r"(?:WITH|,)\s+(\w+) AS \(")
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([^\s(]+)")
_OUTPUT = re.compile(r"\bAS\s+(\w+)")
_GROUPS = re.compile(r"GROUP BY\s+(.+?)(?=\n\s*(?:ORDER|LIMIT|\))|\)|$)", re.DOTALL)
_LIMIT = re.compile(r"\bLIMIT (\d+)|\bTOP \((\d+)\)")
_MANY = re.compile(r"GROUP BY[^)]*(sku_description|resource_id|account_id|service)\b")
_CLOCK = re.compile(r"\b(CURRENT_\w+|GETDATE|GETUTCDATE|SYSDATE|SYSUTCDATETIME|NOW)\b")


@dataclass(frozen=True)
class Question:
    """A question of a panel: its SQL without comments, and what it is asked in."""

    cloud: str
    dialect: Dialect
    sql: str
    filters: Sequence[str]


def filters_of(document: Document) -> tuple[str, ...]:
    """The filters that a page has to offer: the cloud where it is about several."""
    mixed = any(_is_mixed(panel) for panel in document["panels"])
    return tuple(FILTERS) if mixed else ABOUT_ONE


def asks_clouds(panel: Document) -> bool:
    """Whether the panel asks clouds' own warehouses; each question has a cloud's name."""
    return any(target.get("refId") in set(Cloud) for target in panel.get("targets", []))


def _is_mixed(panel: Document) -> bool:
    return panel.get("datasource", {}).get("uid") == MIXED.uid


def _questions(panel: Document) -> Iterator[Question]:
    spoken = {source.uid: dialect for dialect, source in SOURCES.items()}
    filters = tuple(FILTERS) if _is_mixed(panel) else ABOUT_ONE
    for target in panel.get("targets", []):
        dialect = spoken.get(target.get("datasource", {}).get("uid"))
        if dialect is not None:
            yield Question(str(target.get("refId")), dialect, text_of(target), filters)


def _source(panel: Document) -> Iterator[str]:
    known = {source.uid for source in SOURCES.values()}
    asked = [target.get("datasource", {}).get("uid") for target in panel.get("targets", [])]
    if not asked or not set(asked) <= known:
        yield f"each question has to name its source, one of {', '.join(sorted(map(str, known)))}."
    if not _is_mixed(panel) and {panel.get("datasource", {}).get("uid")} != set(asked):
        yield "the panel and its question have to name one source, or the panel is a Mixed one."


def _mixed(panel: Document) -> Iterator[str]:
    if not _is_mixed(panel):
        return
    asked = list(_questions(panel))
    clouds = [each.cloud for each in asked]
    if len(set(clouds)) < len(clouds) or len(clouds) < 2:
        yield f"a Mixed panel asks several clouds, each once under its name; found {clouds}."
    shapes = {
        tuple(re.sub(rf"\b{each.cloud.lower()}", "CLOUD", name) for name in _outputs(each.sql))
        for each in asked
    }
    if len(shapes) > 1:
        yield f"the questions have to give the same columns, apart from the cloud; found {shapes}."
    for each in asked:
        if _LIMIT.search(each.sql):
            yield f"{each.cloud}: a limit before the clouds stand together leaves something out."
        if not any(name.startswith(each.cloud.lower()) for name in _outputs(each.sql)):
            yield f"{each.cloud}: a column has to begin with the cloud's name, to be told apart."


def _outputs(sql: str) -> list[str]:
    """The columns of the outermost SELECT."""
    last = sql[sql.rindex("\nSELECT") :] if "\nSELECT" in sql else sql
    first = re.split(r"\nFROM\b", last, maxsplit=1)[0]
    return _OUTPUT.findall(re.sub(_TYPES, "", first))


def _quoting(of: Question) -> Iterator[str]:
    for match in _VARIABLE.finditer(of.sql):
        inside = match[1] or match[2] or match[3] or ""
        name, _, form = inside.partition(":")
        if inside in TIME:
            continue
        if match[0].startswith("$__"):
            yield f"{match[0]}: Grafana's macros are wrong on a DATE column; write the condition."
        elif name not in of.filters:
            yield f"{match[0]} is none of {', '.join([*of.filters, *sorted(TIME)])}."
        elif form != of.dialect.quoting:
            yield f"{match[0]}: in {of.dialect} write ${{{name}:{of.dialect.quoting}}}."
    if _QUOTED.search(of.sql):
        yield "a variable stands inside quotes: its format quotes it."


def _filtered(panel: Document) -> Iterator[str]:
    if any(excuse in panel.get("description", "") for excuse in (*EXCUSES, "whatever the filters")):
        return
    for of in _questions(panel):
        yield from (
            f"{of.cloud}: ${{{name}}} has no effect: filter by it, or say that it has none."
            for name in of.filters
            if f"${{{name}:" not in of.sql and FACTS.search(of.sql)
        )


def _clock(of: Question) -> Iterator[str]:
    yield from (
        f"{found}: a panel's days come from the chosen time." for found in _CLOCK.findall(of.sql)
    )


def _bounds(of: Question) -> Iterator[str]:
    for facts in FACTS.findall(of.sql)[:1]:
        if not re.search(r"billing_period\s*>=", of.sql):
            yield f"{facts}: billing_period needs a lower bound, or every month is read."
        if not (re.search(r"\.date\s*<=", of.sql) and "${__to:" in of.sql):
            yield f"{facts}: date needs bounds from the chosen time."


def _dialect(of: Question) -> Iterator[str]:
    allowed = EVERYWHERE | FUNCTIONS[of.dialect]
    common = {*_WITH.findall(of.sql)}
    yield from (
        f"{found}: not in {of.dialect}." for found in re.findall(FOREIGN[of.dialect], of.sql)
    )
    yield from (
        f"{name}(): not known in {of.dialect}: look it up, and add it to FUNCTIONS."
        for name in dict.fromkeys(_CALL.findall(of.sql))
        if name not in allowed and name not in common
    )


def _tables(of: Question) -> Iterator[str]:
    common = {*_WITH.findall(of.sql)}
    yield from (
        f"{name} is no table that {of.dialect} has for readers."
        for name in _READ.findall(of.sql)
        if name not in common and not re.fullmatch(TABLES[of.dialect], name)
    )


def _columns(of: Question) -> Iterator[str]:
    if re.search(r"SELECT\s+\*", of.sql):
        yield "columns have to be named: SELECT * reads what is not shown."
    yield from (
        f"column {name}: output columns are in small letters, types those that are known."
        for name in _OUTPUT.findall(re.sub(_TYPES, "", of.sql))
        if name != name.lower()
    )
    yield from (
        f"GROUP BY {each}: write table.column, for an alias groups otherwise elsewhere."
        for groups in _GROUPS.findall(of.sql)
        for each in map(str.strip, groups.split(","))
        if not re.fullmatch(r"\w+\.\w+", each)
    )


def _rows(panel: Document) -> Iterator[str]:
    for of in _questions(panel) if panel["type"] == "table" else ():
        limits = [int(first or second) for first, second in _LIMIT.findall(of.sql)]
        if any(limit > MOST_ROWS for limit in limits):
            yield f"{max(limits)} rows: at most {MOST_ROWS} can be looked through."
        if _MANY.search(of.sql) and not limits:
            yield "a limit is needed: a bill has any number of these."


def _series(panel: Document) -> Iterator[str]:
    for of in _questions(panel) if panel["type"] == "timeseries" else ():
        if not re.search(r"ORDER BY time\b", of.sql):
            yield f"{of.cloud}: a series needs ORDER BY time: the plug-in takes rows as they come."
        if "data_through" not in of.sql:
            yield f"{of.cloud}: days that are not complete have to show: compare with data_through."


def _of_each(rule: Callable[[Question], Iterator[str]]) -> Check:
    """The rule over every question of a panel."""

    def check(panel: Document) -> Iterator[str]:
        for of in _questions(panel):
            yield from (f"{of.cloud}: {told}" for told in rule(of))

    return check


_Rules: TypeAlias = Mapping[str, Check]

OWN: _Rules = {
    "source": _source,
    "mixed": _mixed,
    "quoting": _of_each(_quoting),
    "filtered": _filtered,
    "clock": _of_each(_clock),
    "bounds": _of_each(_bounds),
    "dialect": _of_each(_dialect),
    "tables": _of_each(_tables),
    "columns": _of_each(_columns),
    "rows": _rows,
    "series": _series,
}
"""Rules of these panels alone."""

DETAIL_RULES: _Rules = {**{name: PANEL_RULES[name] for name in SHARED}, **OWN}
