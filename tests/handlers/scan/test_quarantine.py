"""Lines that can't be parsed are set aside, the rest is read, and no dollar is lost on the way."""

import csv
import io
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from handlers.errors import BillError, ConservationError
from handlers.scan import quarantine
from handlers.scan.quarantine import scan_setting_aside
from handlers.scan.scan import Scanned
from handlers.scan.second_reader import readable_total
from handlers.scan.totals import Total
from handlers.sources import Reading, Snapshot
from handlers.sources.aws.discover import discover as discover_aws
from handlers.sources.gcp.discover import discover as discover_gcp
from handlers.sources.parts import Part
from tests.handlers.sources.aws.bills import (
    COLUMNS,
    LINE,
    OTHER,
    Export,
    csv_bytes,
    gzipped,
    lines,
    parquet_bytes,
)
from tests.handlers.sources.gcp import tables as google

COST = "line_item_unblended_cost"


def ai_lines(reading: Reading) -> str:
    return f"{reading.lines['service_id']} IN ('AmazonBedrock', 'C7E2-9256-1C43')"


def read(snapshot: Snapshot) -> tuple[Scanned, list[Decimal]]:
    """What was found, and what each line that was kept whole costs."""
    with duckdb.connect() as connection:
        scanned = scan_setting_aside(connection, snapshot, ai_lines)
        rows = connection.execute("SELECT cost FROM bill_lines ORDER BY cost").fetchall()
    return scanned, [Decimal(row[0]) for row in rows]


def rows_of(scanned: Scanned) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(scanned.aside.content.decode(), newline="")))


def where(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in quarantine.WHERE_COLUMNS)


def test_each_kind_of_faulty_row_is_set_aside_with_its_place_and_reason(tmp_path: Path) -> None:
    start = "line_item_usage_start_date"
    Export(tmp_path).write(
        csv_bytes(
            lines(
                {"line_item_resource_id": 'two\n"lines"', COST: "1"},
                {COST: "1,234.56"},
                {COST: "2", start: "soon"},
                {COST: "3", start: "2026-12-24T00:00:00Z"},
                {COST: "4", "line_item_currency_code": ""},
                {COST: "5", "resource_tags": "{"},
                {COST: "6", "line_item_usage_amount": "many"},
                OTHER | {COST: "x"},
                OTHER | {COST: "7", start: ""},
                OTHER | {COST: "8", "resource_tags": "{"},
            )
        )
    )
    (snapshot,) = discover_aws(tmp_path)

    scanned, costs = read(snapshot)

    assert costs == [Decimal(1)]
    assert scanned.first == scanned.second == Total(2, Decimal(9))
    assert (scanned.aside.lines, scanned.aside.cost) == (8, Decimal(2 + 3 + 4 + 5 + 6 + 7))
    assert scanned.whole == Total(10, Decimal(36))
    assert [where(row) for row in rows_of(scanned)] == [
        ("cur2-00001.csv", "4", COST, "'1,234.56' is not an amount."),
        ("cur2-00001.csv", "5", start, "'soon' is not a date."),
        (
            *("cur2-00001.csv", "6", start),
            "'2026-12-24T00:00:00Z' is usage outside of the billing period 2026-11.",
        ),
        ("cur2-00001.csv", "7", "line_item_currency_code", "The cell is empty."),
        ("cur2-00001.csv", "8", "resource_tags", "'{' is not a JSON object."),
        ("cur2-00001.csv", "9", "line_item_usage_amount", "'many' is not an amount."),
        ("cur2-00001.csv", "10", COST, "'x' is not an amount."),
        ("cur2-00001.csv", "11", start, "The date is empty."),
    ]


def test_the_quarantine_file_has_the_rows_as_they_were(tmp_path: Path) -> None:
    faulty = LINE | {COST: "1_000", "line_item_resource_id": 'a "b",\r\nc'}
    parts = {"a.csv.gz": csv_bytes([LINE]), "b.csv.gz": csv_bytes([LINE, faulty])}
    Export(tmp_path).write_parts({name: gzipped(content) for name, content in parts.items()})
    (snapshot,) = discover_aws(tmp_path)

    scanned, costs = read(snapshot)

    (row,) = rows_of(scanned)
    assert {name: row[name] for name in COLUMNS} == faulty
    assert row["quarantine_file"] == "b.csv.gz"
    assert costs == [Decimal("0.8")] * 2


def test_rows_of_parquet_are_set_aside(tmp_path: Path) -> None:
    rows = lines({}, {COST: "NaN"}, {COST: "3", "line_item_usage_start_date": "2026-01-05"}, OTHER)
    Export(tmp_path / "bill").write(parquet_bytes(rows, tmp_path), "a.snappy.parquet")
    (snapshot,) = discover_aws(tmp_path)

    scanned, costs = read(snapshot)

    assert costs == [Decimal("0.8")]
    assert scanned.whole == Total(4, Decimal("6.3"))
    assert [where(row)[1:3] for row in rows_of(scanned)] == [
        ("2", COST),
        ("3", "line_item_usage_start_date"),
    ]
    assert [row[COST] for row in rows_of(scanned)] == ["nan", "3.0"]


def good_google_row(**changes: object) -> dict[str, Any]:
    return google.row(cost=1, credits=[], **changes)


def test_rows_of_ndjson_are_set_aside(tmp_path: Path) -> None:
    google.write(
        tmp_path,
        good_google_row(),
        google.row(cost="1,5", credits=[]),
        google.row(cost=9, credits=[{"amount": "x"}], invoice={"month": "202609"}),
        google.row(cost=5, credits=[{"amount": -1.5}], cost_at_list="free"),
    )
    (snapshot,) = (each for each in discover_gcp(tmp_path) if each.period.month == 10)

    scanned, costs = read(snapshot)

    assert costs == [Decimal(1)]
    assert scanned.whole == Total(3, Decimal("4.5"))
    assert [where(row)[1:] for row in rows_of(scanned)] == [
        ("2", "cost", "'1,5 []' is not an amount."),
        ("4", "cost_at_list", "'free' is not an amount."),
    ]
    assert '"cost_at_list": "free"' in rows_of(scanned)[1]["line"]


def truncated(content: bytes) -> bytes:
    return gzipped(content)[:-30]


def short_row(content: bytes) -> bytes:
    return content + b"a,b\n"


def open_quote(content: bytes) -> bytes:
    return content + b'"a'


@pytest.mark.parametrize("damage", [truncated, short_row, open_quote])
def test_a_damaged_file_is_refused_whatever_else_is_in_it(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    random.seed(1)
    noise = [{"line_item_resource_id": random.randbytes(20).hex()} for _ in range(200)]
    Export(tmp_path).write(damage(csv_bytes(lines({}, {COST: "x"}, *noise))))
    (snapshot,) = discover_aws(tmp_path)

    with pytest.raises(BillError) as refusal:
        read(snapshot)

    assert "bill-" not in str(refusal.value)


def test_a_bill_without_a_column_is_refused(tmp_path: Path) -> None:
    Export(tmp_path).write(csv_bytes(lines(), [name for name in COLUMNS if name != COST]))
    (snapshot,) = discover_aws(tmp_path)

    with pytest.raises(BillError, match="is missing"):
        read(snapshot)


def test_a_bill_most_of_which_is_faulty_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MAX_LINES", 3)
    Export(tmp_path).write(csv_bytes(lines(*({COST: "1,5"} for _ in range(4)))))
    (snapshot,) = discover_aws(tmp_path)

    with pytest.raises(BillError, match="More than 3 rows can't be parsed"):
        read(snapshot)


def test_a_line_that_gets_lost_on_the_way_stops_the_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Export(tmp_path).write(csv_bytes(lines({}, {COST: "x"})))
    (snapshot,) = discover_aws(tmp_path)

    def one_more(readings: list[tuple[Part, Reading]]) -> Total:
        total = readable_total(readings)
        return Total(total.lines + 1, total.cost)

    monkeypatch.setattr(quarantine, "readable_total", one_more)

    with pytest.raises(ConservationError, match=r"3 lines of .* can be read, 2 of"):
        read(snapshot)


def test_nothing_is_set_aside_of_a_bill_that_can_be_read(tmp_path: Path) -> None:
    Export(tmp_path).write(csv_bytes(lines({}, OTHER)))
    (snapshot,) = discover_aws(tmp_path)

    scanned, _ = read(snapshot)

    assert (scanned.aside.lines, scanned.aside.cost, scanned.aside.content) == (0, Decimal(0), b"")
