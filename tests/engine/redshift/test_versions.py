"""Redshift as any earlier version left it becomes one of this version, with all its rows."""

from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest

from handlers.focus import VIEW
from handlers.tables import FACTS, SCHEMA_VERSION, VERSION
from tests.engine.redshift.native import Native
from tests.engine.redshift.test_migrate import columns
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.warehouses.test_versions import ADDED

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

NOVEMBER = date(2026, 11, 1)


def downgrade(native: Native, version: int) -> None:
    """Take away what versions after ``version`` added."""
    later = [name for number, names in ADDED.items() if number > version for name in names]
    gone = {name for name in later if "." not in name}
    with psycopg.connect(native.fake.address, autocommit=True) as connection:
        for name in sorted(gone, key=lambda name: name != VIEW):
            kind = "VIEW" if name == VIEW else "TABLE"
            connection.execute(f"DROP {kind} llm_costs.{name}".encode())
        for table, column in (name.split(".") for name in later if "." in name):
            if table not in gone:
                connection.execute(f"ALTER TABLE llm_costs.{table} DROP COLUMN {column}".encode())
        connection.execute("DELETE FROM llm_costs.schema_version")
        connection.execute(
            b"INSERT INTO llm_costs.schema_version VALUES (%s, now()::timestamp)", [version]
        )


def test_redshift_of_each_earlier_version_is_brought_forward_with_its_rows(
    native: Native, tmp_path: Path
) -> None:
    lines = [Line(NOVEMBER, "1.25", tags={"customer": "acme"}), Line(NOVEMBER, "2.5")]
    write_bill(
        tmp_path, AwsBill("111122223333", NOVEMBER, lines, datetime(2026, 11, 20, tzinfo=UTC))
    )
    native.load(tmp_path)
    current = columns(native)
    rows = native.rows(FACTS)
    assert sum(row["cost_usd"] for row in rows) == pytest.approx(3.75)
    for version in range(1, VERSION):
        downgrade(native, version)
        assert columns(native) < current
        native.warehouse().migrate()
        assert columns(native) == current, version
        assert max(row["version"] for row in native.rows(SCHEMA_VERSION)) == VERSION
        assert native.rows(FACTS) == rows
