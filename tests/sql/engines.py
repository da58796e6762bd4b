"""A hub that holds given rows, in DuckDB and in GoogleSQL's own evaluator, asked the same way."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from handlers.alerts import Hub
from handlers.alerts.laptop import SERVED, DuckDbRunner
from handlers.alerts.runner import Cell, Row
from handlers.catalog.dialect import BIGQUERY
from handlers.tables import TABLES, Table
from tests.sql.googlesql import GoogleSql

HUB = Hub(project="demo-project", dataset="multi_cloud_costs", location="US")
BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}

_ZEROS: Mapping[str, Cell] = {
    "VARCHAR": "",
    "DATE": date(2026, 1, 1),
    "TIMESTAMP": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    "BIGINT": 0,
    "SMALLINT": 0,
}
_KINDS = {
    "VARCHAR": "STRING",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
    "BIGINT": "INT64",
    "SMALLINT": "INT64",
}


@dataclass
class Rows:
    """Rows by the name of their table; what a row leaves out is empty.

    A view of the hub stands for the table that it serves.
    """

    of: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])

    def add(self, table: str, **cells: Cell) -> None:
        """A row."""
        self.of.setdefault(SERVED.get(table, table), []).append(cells)

    def load(
        self,
        bill: tuple[str, str, date],
        finished: datetime,
        through: date | None,
        status: str = "loaded",
        **cells: Cell,
    ) -> None:
        """A load of (cloud, scope, first day of the month)."""
        cloud, scope, period = bill
        self.add(
            "ledger",
            cloud_provider=cloud,
            scope=scope,
            billing_period=period,
            started_at=finished,
            finished_at=finished,
            data_through=through,
            status=status,
            **cells,
        )

    def cost(self, cloud: str, day: date, dollars: str | Decimal, **cells: Cell) -> None:
        """A row of ``daily_costs``: usage of tokens, unless it says otherwise."""
        said: dict[str, Cell] = {
            "billing_period": day.replace(day=1),
            "model": "m",
            "customer_key": "c",
            "charge_type": "usage",
            "token_type": "input",
            "usage_unit": "tokens",
        }
        self.add(
            "daily_costs",
            **{**said, "cloud_provider": cloud, "date": day, "cost": Decimal(dollars), **cells},
        )


def complete(table: Table, row: Row) -> list[Cell]:
    """The row's cells in the table's order."""
    return [
        row.get(column.name, None if column.nullable else _ZEROS.get(column.type, Decimal(0)))
        for column in table.fields
    ]


def in_duckdb(rows: Rows) -> DuckDbRunner:
    """A warehouse in memory that holds the rows."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in TABLES:
        columns = ", ".join(f"{column.name} {column.type}" for column in table.fields)
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
    runner = DuckDbRunner(connection, place="main")
    for name, held in rows.of.items():
        runner.insert(BY_NAME[name], [complete(BY_NAME[name], row) for row in held])
    return runner


@dataclass(frozen=True)
class GoogleSqlRunner:
    """Answers questions by GoogleSQL's reference evaluator: BigQuery's own language."""

    held: Rows

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        return HUB.words()

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        return BIGQUERY.literal(text)

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers; numbers as they are written in JSON."""
        for word, name in HUB.words().items():
            table = BY_NAME.get(SERVED.get(word, word))
            if table is not None and word != "unified_costs":
                content = as_query(table, self.held.of.get(table.name, []))
                sql = sql.replace(name, f"({content})")
        # The evaluator's answer without any row has no table, so a row is added and left out again.
        texts = GoogleSql().evaluate(
            f"SELECT TO_JSON_STRING(answer) FROM ({sql}) AS answer UNION ALL SELECT ''"
        )
        found: list[dict[str, Any]] = [
            json.loads(text, parse_float=Decimal) for text in texts if text
        ]
        return found

    def execute(self, sql: str) -> None:
        """It changes nothing."""
        raise NotImplementedError(sql)

    def replace(self, table: Table, condition: str, query: str) -> None:
        """It changes nothing."""
        raise NotImplementedError(table.name, condition, query)

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """It changes nothing."""
        raise NotImplementedError(table.name, rows)


def as_query(table: Table, rows: Sequence[Row]) -> str:
    """A query in GoogleSQL that gives these rows."""
    kinds = [_KINDS.get(column.type, "NUMERIC") for column in table.fields]
    names = ", ".join(f"`{c.name}` {kind}" for c, kind in zip(table.fields, kinds, strict=True))
    cells = ", ".join(
        "(" + ", ".join(_literal(cell, kind) for cell, kind in zip(row, kinds, strict=True)) + ")"
        for row in (complete(table, row) for row in rows)
    )
    return f"SELECT * FROM UNNEST(ARRAY<STRUCT<{names}>>[{cells}])"


def _literal(cell: Cell, kind: str) -> str:
    if cell is None:
        return f"CAST(NULL AS {kind})"
    if kind == "STRING":
        return json.dumps(str(cell))
    if kind == "INT64":
        return str(cell)
    return f"{kind} '{cell}{'+00' if kind == 'TIMESTAMP' else ''}'"


def plain(row: Row) -> dict[str, Cell]:
    """A row whose values are equal in both engines: rounded numbers, days and moments as text."""
    return {name: _plain(cell) for name, cell in row.items()}


def _plain(cell: Cell) -> Cell:
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
