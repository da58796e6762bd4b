"""From rows of the fact table back to the bill lines they were made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from handlers.archive import FolderArchive, archived_bill, archived_lines
from handlers.load.stage import create_macros
from handlers.load.statements import statements
from handlers.queries.answer import Answer, amount, ask
from handlers.queries.selection import Selection
from handlers.record import MONEY_SCALE
from handlers.tables import FACTS, LEDGER

LINE_COLUMNS = (
    "date",
    "hour",
    "cloud_provider",
    "scope",
    "account_id",
    "line_file",
    "line_id",
    "service",
    "sku_description",
    "description",
    "quantity",
    "pricing_unit",
    "cost",
    "effective",
    "billing_currency",
    "charge_type",
    "model",
    "token_type",
    "customer_id",
    "project_id",
    "resource_id",
    "tags",
    "rule_id",
    "attribution_rule",
    "archive",
    "load_id",
)
"""What is said of a line; ``cost`` and ``effective`` (amortised) are in ``billing_currency``."""

_HALF_NANO = Decimal(5).scaleb(-MONEY_SCALE - 1)


@dataclass(frozen=True)
class Sums:
    """Rows and lines of one currency, and what they add up to.

    A row keeps ``MONEY_SCALE`` decimal places, so each may be half a nano-unit away.
    """

    currency: str
    rows: int
    row_cost: Decimal
    lines: int
    line_cost: Decimal

    @property
    def agree(self) -> bool:
        """Whether the lines are the rows' lines, to what rounding explains."""
        return abs(self.row_cost - self.line_cost) <= self.rows * _HALF_NANO


def open_lines(connection: duckdb.DuckDBPyConnection, folder: Path, selection: Selection) -> int:
    """Make ``archived_lines`` of the archive files below ``folder`` that hold the selected rows.

    Returns the number of files.

    Raises:
        BillError: an archive file is not there or was changed.
    """
    where, values = selection.where()
    paths = open_archives(
        connection, folder, f"SELECT load_id FROM {FACTS.name} WHERE {where}", values
    )
    if paths:
        for _, statement in statements("handlers.queries", "lines.sql"):
            connection.execute(statement % archived_lines(iter(paths)))
    return len(paths)


def open_archives(
    connection: duckdb.DuckDBPyConnection, folder: Path, load_ids: str, values: Sequence[object]
) -> Sequence[Path]:
    """The archive files of the loads that the SQL ``load_ids`` gives, listed in ``archives``.

    Raises:
        BillError: an archive file is not there or was changed.
    """
    create_macros(connection)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE archives (file VARCHAR, load_id VARCHAR,"
        " cloud_provider VARCHAR, scope VARCHAR, billing_period DATE, archive VARCHAR)"
    )
    loads = connection.execute(
        f"SELECT load_id, cloud_provider, scope, billing_period, archive FROM {LEDGER.name}"
        f" WHERE load_id IN ({load_ids}) AND status = 'loaded' AND archive IS NOT NULL"
        " QUALIFY rowid = max(rowid) OVER (PARTITION BY load_id) ORDER BY archive",
        list(values),
    ).fetchall()
    archive = FolderArchive(folder)
    paths = [archived_bill(archive, str(load[4])).path for load in loads]
    rows = [[str(path), *load] for path, load in zip(paths, loads, strict=True)]
    if rows:
        connection.executemany("INSERT INTO archives VALUES (?, ?, ?, ?, ?, ?)", rows)
    return paths


def bill_lines(
    connection: duckdb.DuckDBPyConnection, selection: Selection, limit: int | None
) -> Answer:
    """The selected lines, oldest first, at most ``limit`` of them; needs ``open_lines``."""
    where, values = selection.where()
    question = (
        f"SELECT {', '.join(LINE_COLUMNS)} FROM archived_lines WHERE {where}"
        f" ORDER BY {', '.join(LINE_COLUMNS)}"
    )
    if limit is not None:
        question += " LIMIT ?"
        values.append(limit)
    return ask(connection, question, values)


def sums(connection: duckdb.DuckDBPyConnection, selection: Selection) -> Sequence[Sums]:
    """What the selected rows and their lines add up to, per currency; needs ``open_lines``."""
    rows = _costs(connection, FACTS.name, "billing_cost", selection)
    lines = _costs(connection, "archived_lines", "cost", selection)
    nothing = (0, Decimal(0))
    return [
        Sums(currency, *rows.get(currency, nothing), *lines.get(currency, nothing))
        for currency in sorted(rows.keys() | lines.keys())
    ]


def _costs(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, selection: Selection
) -> dict[str, tuple[int, Decimal]]:
    where, values = selection.where()
    answer = ask(
        connection,
        f"SELECT billing_currency, count(*), sum({column}) FROM {relation} WHERE {where}"
        " GROUP BY 1",
        values,
    )
    return dict(_pairs(answer))


def _pairs(answer: Answer) -> Iterator[tuple[str, tuple[int, Decimal]]]:
    for currency, count, cost in answer.rows:
        yield str(currency), (int(str(count)), amount(cost))
