"""The hub itself as what answers its SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from handlers.alerts.hub import Hub
from handlers.alerts.runner import Cell, Row, utc
from handlers.catalog.dialect import BIGQUERY
from handlers.tables import AMOUNT, Table
from handlers.warehouses.bigquery.names import TableName

_TYPES = {
    "VARCHAR": "STRING",
    AMOUNT: "NUMERIC",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "BIGINT": "INT64",
    "INTEGER": "INT64",
}


class Asks(Protocol):
    """Whoever brings a statement to BigQuery: ``handlers.warehouses.bigquery.jobs.Jobs``."""

    def rows(
        self, what: str, sql: str, parameters: Mapping[str, str | Sequence[str] | None]
    ) -> Sequence[Mapping[str, Any]]:
        """The rows that one statement gives; its values are bound as texts or lists of them."""
        ...


@dataclass(frozen=True)
class BigQueryRunner:
    """The dataset ``hub``, asked by ``jobs`` of its project; ``what`` begins the jobs' ids."""

    jobs: Asks
    hub: Hub
    what: str = "alerts"

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        return self.hub.words()

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        return BIGQUERY.literal(text)

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers.

        Raises:
            WarehouseError: it failed.
        """
        return [
            {name: utc(cell) for name, cell in row.items()}
            for row in self.jobs.rows(self.what, sql, {})
        ]

    def execute(self, sql: str) -> None:
        """Run one statement, wholly or not at all.

        Raises:
            WarehouseError: it failed, and changed nothing.
        """
        self.jobs.rows(self.what, sql, {})

    def replace(self, table: Table, condition: str, query: str) -> None:
        """Put what ``query`` gives in the place of the rows that ``condition`` holds for.

        Wholly or not at all. ``query`` has the table's columns in their order. One statement; that
        it joins on what is never true is a form of MERGE that BigQuery names:
        https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement

        Raises:
            WarehouseError: it failed, and changed nothing.
        """
        place = TableName(self.hub.project, self.hub.dataset, table.name)
        columns = ", ".join(f"`{name}`" for name in table.names)
        values = ", ".join(f"found.`{name}`" for name in table.names)
        self.execute(
            f"MERGE INTO {place} AS held\nUSING (\n{query}\n) AS found\nON FALSE\n"
            f"WHEN NOT MATCHED BY SOURCE AND {condition} THEN DELETE\n"
            f"WHEN NOT MATCHED BY TARGET THEN INSERT ({columns}) VALUES ({values})"
        )

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows in one statement, however many they are.

        They are bound as one list, a row as the text of a list of texts: BigQuery binds ten
        thousand values at most (https://docs.cloud.google.com/bigquery/quotas#query_jobs).

        Raises:
            WarehouseError: it failed, and added none.
        """
        if not rows:
            return
        place = TableName(self.hub.project, self.hub.dataset, table.name)
        types = [_TYPES[field.type] for field in table.fields]
        cells = ", ".join(
            f"CAST(JSON_VALUE(cells, '$[{number}]') AS {kind})" for number, kind in enumerate(types)
        )
        bound = [json.dumps([_text(cell) for cell in row]) for row in rows]
        columns = ", ".join(f"`{name}`" for name in table.names)
        self.jobs.rows(
            self.what,
            f"INSERT INTO {place} ({columns}) SELECT {cells} FROM UNNEST(@rows) AS cells",
            {"rows": bound},
        )


def _text(cell: Cell) -> str | None:
    """The cell as GoogleSQL casts it from a text."""
    match cell:
        case None | str():
            return cell
        case datetime():
            return f"{cell.isoformat(sep=' ')}+00"
        case date():
            return cell.isoformat()
        case Decimal():
            return f"{cell:f}"
        case int() | float():
            return repr(cell)
