"""Whatever is wrong with an Azure bill is said with file, row and column, and nothing is read."""

from pathlib import Path

import pytest

from handlers.errors import BillError
from tests.handlers.sources.azure.bills import (
    EA,
    EA_LINE,
    Export,
    csv_bytes,
    ea_bytes,
    export,
    gzipped,
    parquet_bytes,
    read,
)

GOOD: dict[str, str] = {}


def refused(folder: Path) -> BillError:
    with pytest.raises(BillError) as refusal:
        read(folder)
    return refusal.value


@pytest.mark.parametrize(
    "cell", ["1,234.56", "1_000", "NaN", "inf", "$5", "5 EUR", "0x10", "--1", "1e", "", "(5)"]
)
def test_a_cost_that_is_not_an_amount_is_refused_with_its_row(cell: str, tmp_path: Path) -> None:
    export(ea_bytes(GOOD, {"CostInBillingCurrency": cell}, GOOD), rows=3).write(tmp_path)

    refusal = refused(tmp_path)

    assert (refusal.place.row, refusal.place.column) == (3, "CostInBillingCurrency")
    assert refusal.place.file.endswith("part_0_0001.csv")


@pytest.mark.parametrize(
    ("column", "cell", "found"),
    [
        ("Quantity", "1,000", "'1,000' is not an amount."),
        ("Date", "13/01/2026", "'13/01/2026' is not a date."),
        ("Date", "2026-02-30", "'2026-02-30' is not a date."),
        ("Date", "2026-11-05T00:00:00+05:45", "'2026-11-05T00:00:00+05:45' is not a date."),
        ("Date", "20261105", "'20261105' is not a date."),
        ("Date", "", "The date is empty."),
        ("BillingCurrencyCode", "", "The cell is empty."),
        ("ChargeType", "", "The cell is empty."),
        ("Tags", '"customer": acme', "'\"customer\": acme' is not JSON."),
        ("Tags", "{'customer': 'acme'}", "is not JSON."),
        ("Tags", '{"customer": "acme"', "is not JSON."),
        ("Tags", "customer=acme", "is not JSON."),
    ],
)
def test_a_cell_that_is_not_understood_is_refused_with_its_row(
    column: str, cell: str, found: str, tmp_path: Path
) -> None:
    broken_line = {column: cell}
    export(ea_bytes({"ProductName": "two\nlines"}, broken_line), rows=2).write(tmp_path)

    refusal = refused(tmp_path)

    assert found in refusal.found
    # The line above fills two rows of the file.
    assert (refusal.place.row, refusal.place.column) == (4, column)


@pytest.mark.parametrize("column", ["CostInUsd", "PaygCostInBillingCurrency", "PaygCostInUsd"])
def test_an_amount_that_need_not_be_there_is_still_one_when_it_is(
    column: str, tmp_path: Path
) -> None:
    lines = [EA_LINE | {column: "1.5"}, EA_LINE | {column: "1,5"}]
    export(csv_bytes([*EA, column], lines), rows=2).write(tmp_path)

    refusal = refused(tmp_path)

    assert refusal.found == "'1,5' is not an amount."
    assert (refusal.place.row, refusal.place.column) == (3, column)


@pytest.mark.parametrize(
    "column", ["CostInBillingCurrency", "Date", "Quantity", "MeterCategory", "BillingCurrencyCode"]
)
def test_a_column_that_is_missing_is_named(column: str, tmp_path: Path) -> None:
    header = [name for name in EA if name != column]
    line = {name: EA_LINE[name] for name in header}
    export(csv_bytes(header, [line])).write(tmp_path)

    refusal = refused(tmp_path)

    assert "is missing" in refusal.found
    assert refusal.place.file.endswith("part_0_0001.csv")


def test_two_columns_of_the_same_meaning_are_refused(tmp_path: Path) -> None:
    line = EA_LINE | {"quantity": "7"}
    export(csv_bytes([*EA, "quantity"], [line])).write(tmp_path)

    assert "same meaning" in refused(tmp_path).found


def test_a_header_without_a_line_is_refused(tmp_path: Path) -> None:
    export(csv_bytes(EA, []), rows=None).write(tmp_path)

    assert "no line" in refused(tmp_path).found


@pytest.mark.parametrize("rows", [2, 4])
def test_other_than_the_stated_number_of_lines_is_refused(rows: int, tmp_path: Path) -> None:
    manifest = export(ea_bytes(GOOD, GOOD, GOOD), rows=rows).write(tmp_path)

    refusal = refused(tmp_path)

    assert refusal.place.file == str(manifest)
    assert f"{rows} lines" in refusal.found
    assert "hold 3" in refusal.found


def test_a_gzip_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    whole = gzipped(ea_bytes(*[{"Quantity": str(number)} for number in range(500)]))
    Export({"part_0_0001.csv.gz": whole[:-20]}, rows=500).write(tmp_path)

    assert "can't be read to its end" in refused(tmp_path).found


def test_a_gzip_file_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzipped(ea_bytes(*[{"Quantity": str(number)} for number in range(500)])))
    whole[len(whole) // 2] ^= 0xFF
    Export({"part_0_0001.csv.gz": bytes(whole)}, rows=500).write(tmp_path)

    assert refused(tmp_path).place.file.endswith("part_0_0001.csv.gz")


def test_a_csv_file_that_ends_inside_a_quoted_cell_is_refused(tmp_path: Path) -> None:
    whole = ea_bytes({"ProductName": "a, b"}, {"ProductName": "c, d"})
    export(whole[: whole.rindex(b", d") + 2], rows=2).write(tmp_path)

    assert refused(tmp_path).place.row == 3


def test_a_row_that_lost_cells_is_refused_with_its_row(tmp_path: Path) -> None:
    rows = ea_bytes(GOOD, GOOD).split(b"\r\n")
    rows[2] = b",".join(rows[2].split(b",")[:-3])
    export(b"\r\n".join(rows), rows=2).write(tmp_path)

    assert refused(tmp_path).place.row == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_file_that_is_not_utf_8_is_refused(encoding: str, tmp_path: Path) -> None:
    text = ea_bytes({"ProductName": "Müller"}).decode()
    export(text.encode(encoding)).write(tmp_path)

    assert "UTF-8" in refused(tmp_path).found


def test_a_parquet_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    whole = parquet_bytes("SELECT range AS BilledCost FROM range(1000)", tmp_path)
    Export({"part_0_0001.parquet": whole[:-100]}, type="FocusCost").write(tmp_path)

    assert "can't be read to its end" in refused(tmp_path).found


def test_a_parquet_cell_that_is_not_a_number_is_refused_with_its_row(tmp_path: Path) -> None:
    select = (
        "SELECT CASE range WHEN 5 THEN 'NaN'::DOUBLE ELSE 1 END AS BilledCost,"
        " DATE '2026-11-05' AS ChargePeriodStart, 'Usage' AS ChargeCategory,"
        " 'EUR' AS BillingCurrency, 1.0 AS PricingQuantity, 'AI' AS ServiceName, 'm' AS SkuMeter"
        " FROM range(10)"
    )
    content = parquet_bytes(select, tmp_path)
    Export({"part_0_0001.parquet": content}, rows=10, type="FocusCost").write(tmp_path)

    refusal = refused(tmp_path)

    assert (refusal.place.row, refusal.place.column) == (6, "BilledCost")
    assert "'nan' is not an amount." in refusal.found


def test_a_fault_far_down_a_large_file_is_found_soon(tmp_path: Path) -> None:
    lines = [GOOD] * 30_000
    lines[29_000] = {"Date": "soon"}
    export(ea_bytes(*lines), rows=30_000).write(tmp_path)

    assert refused(tmp_path).place.row == 29_002
