"""The same text asked of DuckDB and of GoogleSQL's own evaluator, on the same rows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any, TypeAlias

import duckdb

from handlers.alerts import Hub
from handlers.tables import (
    ANOMALIES,
    BUDGETS,
    DAILY,
    DIMENSIONS,
    HOURLY,
    LEDGER,
    PLATFORM,
    RECONCILIATION,
    UNNAMED,
    Table,
)
from tests.sql.googlesql import GoogleSql

HUB = Hub(project="demo-project", dataset="multi_cloud_costs", location="US")
TABLES: Mapping[str, Table] = {
    "serving_daily_costs": DAILY,
    "serving_ledger": LEDGER,
    "serving_dimensions": DIMENSIONS,
    "serving_hourly_costs": HOURLY,
    "serving_unnamed_costs": UNNAMED,
    "anomalies": ANOMALIES,
    "budgets": BUDGETS,
    "platform_costs": PLATFORM,
    "reconciliation": RECONCILIATION,
}
Row: TypeAlias = Mapping[str, object]
Answer: TypeAlias = list[dict[str, Any]]

_ZEROS: Mapping[str, object] = {
    "VARCHAR": "",
    "DATE": date(2026, 1, 1),
    "TIMESTAMP": datetime(2026, 1, 1),  # noqa: DTZ001 - the tables hold UTC without saying so
    "BIGINT": 0,
    "SMALLINT": 0,
}
_TYPES = {
    "VARCHAR": "STRING",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
    "BIGINT": "INT64",
    "SMALLINT": "INT64",
}


@dataclass
class Rows:
    """What the hub holds: rows of a view by its name; what a row leaves out is empty."""

    of: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    def add(self, table: str, **cells: object) -> None:
        """A row."""
        self.of.setdefault(table, []).append(cells)


def complete(table: Table, row: Row) -> list[object]:
    """The row's cells in the table's order."""
    return [
        row.get(column.name, None if column.nullable else _ZEROS.get(column.type, Decimal(0)))
        for column in table.fields
    ]


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
    with duckdb.connect() as connection:
        connection.execute(files("handlers.alerts").joinpath("duckdb.sql").read_text("utf-8"))
        for name, table in TABLES.items():
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.fields)
            connection.execute(f"CREATE TABLE {name} ({columns})")
            marks = ", ".join("?" * len(table.fields))
            for row in rows.of.get(name, []):
                connection.execute(f"INSERT INTO {name} VALUES ({marks})", complete(table, row))
        asked = connection.execute(re.sub(r"`[^`]*\.(\w+)`", r"\1", sql))
        names = [column[0] for column in asked.description]
        return [
            {name: plain(cell) for name, cell in zip(names, row, strict=True)}
            for row in asked.fetchall()
        ]


def in_googlesql(rows: Rows, sql: str) -> Answer:
    """What GoogleSQL's reference evaluator answers: BigQuery's own language."""
    for name, table in TABLES.items():
        quoted = f"`{HUB.project}.{HUB.dataset}.{name}`"
        sql = sql.replace(quoted, f"({as_query(table, rows.of.get(name, []))})")
    # The evaluator's answer without any row has no table, so a row is added and left out again.
    texts = GoogleSql().evaluate(
        f"SELECT TO_JSON_STRING(answer) FROM ({sql}) AS answer UNION ALL SELECT ''"
    )
    return [
        {name: plain(cell) for name, cell in json.loads(text, parse_float=Decimal).items()}
        for text in texts
        if text
    ]


def as_query(table: Table, rows: Sequence[Row]) -> str:
    """A query in GoogleSQL that gives these rows."""
    kinds = [_TYPES.get(column.type, "NUMERIC") for column in table.fields]
    names = ", ".join(f"`{c.name}` {kind}" for c, kind in zip(table.fields, kinds, strict=True))
    cells = ", ".join(
        "(" + ", ".join(_literal(cell, kind) for cell, kind in zip(row, kinds, strict=True)) + ")"
        for row in (complete(table, row) for row in rows)
    )
    return f"SELECT * FROM UNNEST(ARRAY<STRUCT<{names}>>[{cells}])"


def _literal(cell: object, kind: str) -> str:
    if cell is None:
        return f"CAST(NULL AS {kind})"
    if kind == "STRING":
        return json.dumps(str(cell))
    if kind == "INT64":
        return str(cell)
    return f"{kind} '{cell}{'+00' if kind == 'TIMESTAMP' else ''}'"


def plain(cell: object) -> object:
    """Values that are equal in both engines: rounded numbers, days and moments as text."""
    match cell:
        case datetime():
            return cell.replace(tzinfo=None).isoformat()
        case date():
            return cell.isoformat()
        case bool() | None:
            return cell
        case int() | float() | Decimal():
            return round(Decimal(str(cell)), 6).normalize() + 0
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", cell):
            return round(Decimal(cell), 6).normalize() + 0
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", cell):
            return cell.removesuffix("Z")
        case _:
            return cell
