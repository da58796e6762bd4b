"""Whatever is wrong with a billing export is said with file, row and column."""

import json
from pathlib import Path
from typing import Any

import pytest

from handlers.errors import BillError
from handlers.sources.gcp.discover import discover
from tests.handlers.sources.gcp.tables import DETAILED, ROW, read, row, write, write_parquet


def refused(folder: Path) -> BillError:
    with pytest.raises(BillError) as refusal:
        list(map(read, discover(folder)))
    return refusal.value


@pytest.mark.parametrize("cost", ["1,234.56", "1_000", "NaN", "", "5 EUR", [1], {"a": 1}, True])
def test_a_cost_that_is_not_an_amount_is_refused_with_its_row(cost: object, tmp_path: Path) -> None:
    path = write(tmp_path, ROW, ROW, ROW | {"cost": cost}, ROW)

    refusal = refused(tmp_path)

    assert (refusal.place.file, refusal.place.row) == (str(path), 3)
    assert "is not an amount" in refusal.found or "is empty" in refusal.found


@pytest.mark.parametrize(
    ("credits", "found"),
    [
        ([{"amount": 1}, {"amount": "1,5"}], "'1,5' is not an amount."),
        ([{"amount": None}], "'None' is not an amount."),
        ([{"name": "no amount"}], "KeyError: 'amount'"),
        ([None], "TypeError"),
        ([5], "5] is not how a billing export has it."),
        ({"amount": 1}, '{"amount": 1} is not how a billing export has it.'),
    ],
)
def test_credits_that_are_no_amounts_are_refused_with_their_row(
    credits: object, found: str, tmp_path: Path
) -> None:
    write(tmp_path, ROW, row(credits=credits))

    refusal = refused(tmp_path)

    assert refusal.place.row == 2
    assert found in refusal.found


@pytest.mark.parametrize(
    ("change", "column", "found"),
    [
        ({"usage_start_time": "soon"}, "usage_start_time", "'soon' is not a date."),
        (
            {"usage_start_time": "2026-10-05 03:00:00+05:45"},
            "usage_start_time",
            "'2026-10-05 03:00:00+05:45' is not a date.",
        ),
        ({"usage_start_time": None}, "usage_start_time", "The date is empty."),
        ({"currency": None}, "currency", "The cell is empty."),
        ({"cost_type": None}, "cost_type", "The cell is empty."),
        ({"usage": {"amount": "many"}}, "usage", "is not an amount."),
        ({"currency_conversion_rate": 0}, "currency_conversion_rate", "'0' is not a rate"),
        ({"currency_conversion_rate": -1.5}, "currency_conversion_rate", "'-1.5' is not a rate"),
        ({"currency_conversion_rate": "x"}, "currency_conversion_rate", "'x' is not a rate"),
        ({"cost_at_list": "1,5"}, "cost_at_list", "'1,5' is not an amount."),
        ({"billing_account_id": "acme' OR 1=1"}, "billing_account_id", "is not a billing account"),
        ({"billing_account_id": ""}, "billing_account_id", "is not a billing account"),
        ({"invoice": {"month": "2026-10"}}, "invoice", "is not an invoice month"),
        ({"invoice": {"month": "202613"}}, "invoice", "is not an invoice month"),
        ({"invoice": {}}, "invoice", "is not an invoice month"),
    ],
)
def test_a_value_that_is_not_understood_is_refused_with_its_row(
    change: dict[str, Any], column: str, found: str, tmp_path: Path
) -> None:
    write(tmp_path, ROW, ROW, row(**change))

    refusal = refused(tmp_path)

    assert (refusal.place.row, refusal.place.column) == (3, column)
    assert found in refusal.found


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[1, 2]",
        b"5",
        b"\xff\xfe{}",
        b'{"billing_account_id": 1_000}',
        b'{"service": "Vertex AI"}',
        b"null",
        json.dumps(ROW).encode() + b" trailing",
        b'{"billing_account_id": "a", "billing_account_id": "b"}',
    ],
)
def test_a_row_that_is_not_one_of_a_billing_export_is_refused(line: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, ROW, name="rows.json")
    path.write_bytes(path.read_bytes() + line + b"\n")

    assert refused(tmp_path).place.file == str(path)


def test_a_malformed_row_is_refused_with_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, ROW, ROW, name="rows.json")
    path.write_bytes(path.read_bytes() + b'{"cost": \n')

    assert refused(tmp_path).place.row == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_another_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    path = write(tmp_path, ROW, name="rows.json")
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))

    assert refused(tmp_path).place.file == str(path)


def test_a_gzip_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, *[row(cost=float(number)) for number in range(200)])
    path.write_bytes(path.read_bytes()[:-20])

    refusal = refused(tmp_path)

    assert refusal.place.file == str(path)
    assert "can't be read to its end" in refusal.found


def test_a_parquet_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, ROW)
    path.write_bytes(path.read_bytes()[:-50])

    assert "can't be read to its end" in refused(tmp_path).found


@pytest.mark.parametrize("column", ["cost", "credits", "currency", "invoice", "usage"])
def test_a_parquet_file_without_a_column_is_refused(column: str, tmp_path: Path) -> None:
    write_parquet(tmp_path, row(**{column: None}))

    refusal = refused(tmp_path)

    assert refusal.place.column == column
    assert "is missing" in refusal.found


@pytest.mark.parametrize(
    ("change", "kinds", "column"),
    [
        ({"service": "Vertex AI"}, {}, "service"),
        ({"labels": "acme"}, {}, "labels"),
        ({"credits": 5}, {"credits": "DOUBLE"}, "credits"),
    ],
)
def test_a_parquet_column_of_another_shape_is_refused(
    change: dict[str, Any], kinds: dict[str, str], column: str, tmp_path: Path
) -> None:
    write_parquet(tmp_path, row(**change), kinds=kinds)

    refusal = refused(tmp_path)

    assert refusal.place.column == column


def test_a_parquet_cost_that_is_not_a_number_is_refused_with_its_row(tmp_path: Path) -> None:
    write_parquet(tmp_path, ROW, row(cost="NaN"), kinds={"cost": "DOUBLE"})

    refusal = refused(tmp_path)

    assert refusal.place.row == 2
    assert refusal.place.column == "cost"


def test_another_file_in_a_tables_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / DETAILED / "notes.json"
    path.parent.mkdir()
    path.write_text('{"hello": "world"}\n')

    assert refused(tmp_path).place.file == str(path)
