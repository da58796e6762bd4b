"""Writes docs/metrics.md, the dictionary of every number that a dashboard shows.

``python -m tools.metrics`` after a change of ``dashboards/plans``, ``dashboards/queries`` or
``dashboards/style.toml``; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path

from dashboards.detail.dialects import Dialect
from dashboards.detail.metrics import metrics
from dashboards.detail.pages import detail_plans
from dashboards.plan import Plan, Spot, plans
from dashboards.queries.sql import Metric, queries
from dashboards.style import columns
from handlers.alerts import rules

TARGET = Path(__file__).parent.parent / "docs" / "metrics.md"

_HEAD = """\
# Metrics

Made by `python -m tools.metrics` from `dashboards/plans`, `dashboards/queries` and
`dashboards/style.toml`. A metric has one name, one meaning and one text of SQL; every panel that
shows it says the same definition in its description. Tests compare every metric with numbers
counted by hand (`tests/dashboards/test_queries.py`) or with sums over the sample bills made in
Python (`tests/dashboards/test_demo_*.py`), and DuckDB's answers with those of BigQuery's own
language (`test_googlesql.py`, `test_emulator.py`).

"""

_DETAIL = """
# In detail

What the pages of phase 2 ask of each cloud's own warehouse, in three dialects
([dashboards.md](dashboards.md#in-detail-in-phase-2)).

"""

_UNITS = {
    "currencyUSD": "USD",
    "percentunit": "share, shown in percent",
    "string": "text",
    "none": "number",
    "short": "number",
    "dateTimeFromNow": "moment",
}
"""What a unit of Grafana's means, where its id does not say so."""


def dictionary() -> str:
    """The page's text."""
    shown = [query for query in queries().values() if not query.options]
    over_all = "\n".join("\n".join(_metric(query)) for query in shown)
    return _HEAD + over_all + _DETAIL + "\n".join(map("\n".join, map(_metric, metrics().values())))


def _metric(query: Metric) -> Iterator[str]:
    yield f"## {query.name}\n"
    yield f"{query.meaning}\n"
    places = "; ".join(f"{of.title}: *{spot.title}*" for of, spot in _spots(query))
    yield f"Shown: {places}."
    watched = [rule for rule in rules() if (rule.dashboard, rule.panel) in set(_names(query))]
    if watched:
        links = ", ".join(f"[{rule.title}]({_runbook(rule.runbook)})" for rule in watched)
        yield f"Alerts that lead here: {links}."
    links = (f"[`{path}`](../dashboards/{path})" for path in _files(query))
    yield f"SQL: {', '.join(links)}.\n"
    yield "| column | shown as | unit |"
    yield "|---|---|---|"
    for name in query.columns:
        if name == "time":
            yield "| time | | day (UTC) |"
            continue
        column = columns()[name]
        title = "not shown: what a link needs" if column.hidden else column.title
        yield f"| {name} | {title} | {_UNITS.get(column.unit, column.unit)} |"
    yield ""


def _spots(query: Metric) -> Iterator[tuple[Plan, Spot]]:
    yield from (
        (of, spot)
        for of in (*plans(), *detail_plans())
        for spot in of.spots.values()
        if spot.query.name == query.name
    )


def _files(query: Metric) -> Iterator[str]:
    """Its texts, below the folder of the dashboards."""
    if query.name in metrics():
        yield from (f"detail/sql/{dialect}/{query.name}.sql" for dialect in Dialect)
    else:
        yield f"queries/{query.name}.sql"


def _names(query: Metric) -> Iterator[tuple[str, str]]:
    """Dashboard and panel, as an alert rule names them."""
    for of in plans():
        yield from (
            (of.uid, name) for name, spot in of.spots.items() if spot.query.name == query.name
        )


def _runbook(path: str) -> str:
    return path.removeprefix("docs/")


if __name__ == "__main__":
    TARGET.write_text(dictionary(), encoding="utf-8")
