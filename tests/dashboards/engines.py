"""A panel's text asked of DuckDB and of GoogleSQL's own evaluator, on the same rows."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from handlers.alerts.laptop import SERVED
from handlers.alerts.runner import Row
from tests.sql.engines import HUB, GoogleSqlRunner, Rows, plain
from tests.sql.engines import in_duckdb as held_in_duckdb

__all__ = ["HUB", "Answer", "Rows", "in_duckdb", "in_googlesql", "with_days", "with_filters"]

Answer: TypeAlias = list[dict[str, Any]]


def with_days(sql: str, first: date, last: date) -> str:
    """``sql`` with Grafana's time range put in."""
    for name, day in (("from", first), ("to", last)):
        seconds = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
        sql = sql.replace(f"${{__{name}:date:seconds}}", str(seconds))
    return sql


def with_filters(sql: str, chosen: Mapping[str, Sequence[str]]) -> str:
    """``sql`` with values in its filters; one that is not named has All."""

    def put(match: re.Match[str]) -> str:
        values = chosen.get(match[1])
        return ", ".join(f"'{value}'" for value in values) if values else "'__all'"

    return re.sub(r"\$\{(\w+):singlequote\}", put, sql)


def in_duckdb(rows: Rows, sql: str) -> Answer:
    """What DuckDB answers."""
    named = re.sub(r"`[^`]*\.(\w+)`", lambda name: SERVED.get(name[1], name[1]), sql)
    return _plain(held_in_duckdb(rows).rows(named))


def in_googlesql(rows: Rows, sql: str) -> Answer:
    """What GoogleSQL's reference evaluator answers: BigQuery's own language."""
    return _plain(GoogleSqlRunner(rows).rows(sql))


def _plain(rows: Sequence[Row]) -> Answer:
    return [plain(row) for row in rows]
