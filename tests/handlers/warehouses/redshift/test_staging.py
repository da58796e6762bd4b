"""Files for COPY have the table's columns, in its order, with texts that fit."""

from pathlib import Path

import duckdb
import pytest

from handlers.errors import WarehouseError
from handlers.tables import HOURLY, PLATFORM
from handlers.warehouses.redshift.staging import refuse_other_order, write_table
from handlers.warehouses.redshift.statements import staged_columns


def written(connection: duckdb.DuckDBPyConnection, file: Path, columns: str) -> None:
    connection.execute(f"COPY (SELECT {columns}) TO '{file}' (FORMAT parquet)")


def columns_of(names: list[tuple[str, str]]) -> str:
    return ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in names)


def test_columns_in_another_order_or_of_another_type_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "hourly_costs.parquet"
    right = list(staged_columns(HOURLY))
    with duckdb.connect() as connection:
        written(connection, file, columns_of(right))
        refuse_other_order(connection, HOURLY, file)
        swapped = [right[1], right[0], *right[2:]]
        written(connection, file, columns_of(swapped))
        with pytest.raises(WarehouseError, match="billing_period DATE for scope VARCHAR"):
            refuse_other_order(connection, HOURLY, file)
        written(connection, file, columns_of(right[:-1]))
        with pytest.raises(WarehouseError, match="has 10 columns for 11: nothing for cost"):
            refuse_other_order(connection, HOURLY, file)
        other = [(name, "SMALLINT" if name == "hour" else kind) for name, kind in right]
        written(connection, file, columns_of(other))
        with pytest.raises(WarehouseError, match="hour SMALLINT for hour INTEGER"):
            refuse_other_order(connection, HOURLY, file)


def test_texts_are_cut_in_characters_to_what_the_column_holds_in_bytes(tmp_path: Path) -> None:
    file = tmp_path / "platform_costs.parquet"
    with duckdb.connect() as connection:
        cells = ", ".join(
            f"CAST(repeat('漢', 5000) AS VARCHAR) AS {field.name}"
            if field.type == "VARCHAR"
            else f"CAST(NULL AS {field.type}) AS {field.name}"
            for field in PLATFORM.fields
        )
        connection.execute(f"CREATE TEMP TABLE new_platform_costs AS SELECT {cells}")
        write_table(connection, PLATFORM, file)
        refuse_other_order(connection, PLATFORM, file)
        (lengths,) = connection.execute(
            "SELECT length(service), length(sku_description), length(account_id)"
            f" FROM read_parquet('{file}')"
        ).fetchall()
    assert lengths == (200, 500, 60)
