"""Writes docs/data.md, the data dictionary, from the record and the tables.

``python -m tools.dictionary`` after a change of ``handlers/record.py`` or ``handlers/tables.py``;
a test compares.
"""

from pathlib import Path

from handlers.record import COLUMNS, PUBLISHED, Column, Kind
from handlers.tables import FACTS, HUB_TABLES, PUBLISHED_TO_HUB, TABLES, Table

TARGET = Path(__file__).parent.parent / "docs" / "data.md"

_HEAD = """\
# Data dictionary

Made by `python -m tools.dictionary` from `handlers/record.py` and `handlers/tables`.

Amounts are exact decimals with nine places. Days are UTC. A text that is longer than its column
is cut and ends in `~` and the first 16 hex digits of the SHA-256 of the whole: it stays unique.

## llm_costs

One row is one day of one SKU of one model for one customer and project. The columns in bold are the
published interface: their names and meaning never change.

| column | type | meaning |
|---|---|---|
"""

_PUBLISHED_TABLES = ", ".join(f"`{table.name}`" for table in PUBLISHED_TO_HUB)
_HUB = f"""
## The hub

BigQuery has a table of facts for each cloud and their view `unified_costs`. Where a cloud has a
warehouse of its own it publishes {_PUBLISHED_TABLES}
to the hub too: there these have a column `warehouse`, which says whose load a row comes from. The
views `serving_daily_costs`, `serving_hourly_costs`, `serving_dimensions` and `serving_ledger` give
each dollar once, from the path that `serving_cut` names. Two tables are the hub's alone.
"""


def dictionary() -> str:
    """The page's text."""
    facts = "".join(_fact(column) for column in COLUMNS)
    others = "".join(_table(table) for table in TABLES if table is not FACTS)
    return _HEAD + facts + others + _HUB + "".join(map(_table, HUB_TABLES))


def _fact(column: Column) -> str:
    name = f"**{column.name}**" if column.name in PUBLISHED else column.name
    kind = f"text({column.limit})" if column.kind is Kind.TEXT else str(column.kind)
    if column.kind is Kind.DECIMAL:
        kind = "decimal(38, 9)"
    null = ", may be null" if column.nullable else ""
    return f"| {name} | {kind}{null} | {column.meaning} |\n"


def _table(table: Table) -> str:
    rows = "".join(
        f"| {field.name} | {field.type.lower().replace('varchar', 'text')}"
        f"{', may be null' if field.nullable else ''} | {field.meaning} |\n"
        for field in table.fields
    )
    head = "| column | type | meaning |\n|---|---|---|\n"
    return f"\n## {table.name}\n\n{table.meaning}\n\n{head}{rows}"


if __name__ == "__main__":
    TARGET.write_text(dictionary(), encoding="utf-8")
