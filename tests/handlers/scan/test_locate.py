"""The first fault of a part is named with its row, and every faulty line can be listed."""

from decimal import Decimal
from pathlib import Path

import pytest

from handlers.scan.locate import faults, first_fault
from handlers.sources.aws.layout import cur_layout
from handlers.sources.formats import FileFormat
from handlers.sources.parts import FilePart
from tests.handlers.sources.aws.bills import COLUMNS, LINE, OTHER, csv_bytes, lines

COST = "line_item_unblended_cost"
NET = "line_item_net_unblended_cost"
END = "line_item_usage_end_date"
BEDROCK = "line_item_product_code = 'AmazonBedrock'"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "part.csv"


def test_a_part_without_fault_has_none(part: Path) -> None:
    part.write_bytes(csv_bytes(lines({}, OTHER)))
    reading = cur_layout(FilePart(part), dict.fromkeys(COLUMNS, "VARCHAR"), FileFormat.CSV)

    assert first_fault(FileFormat.CSV, FilePart(part), reading) is None
    assert faults(FileFormat.CSV, FilePart(part), reading, "TRUE", 10) == []


def test_of_a_line_that_is_not_kept_whole_only_cost_and_day_must_be_readable(part: Path) -> None:
    part.write_bytes(csv_bytes(lines(OTHER | {END: "x"}, {END: "y"}, OTHER | {COST: "z"})))
    reading = cur_layout(FilePart(part), dict.fromkeys(COLUMNS, "VARCHAR"), FileFormat.CSV)

    found = faults(FileFormat.CSV, FilePart(part), reading, BEDROCK, 10)

    assert [(fault.line, fault.column, fault.cell) for fault in found] == [
        (2, END, "y"),
        (3, COST, "z"),
    ]


def test_faults_come_in_the_order_of_the_file_up_to_the_limit(part: Path) -> None:
    changes = [{COST: "x"} if number % 3 == 0 else {END: "y"} for number in range(5000)]
    part.write_bytes(csv_bytes(lines(*changes)))
    reading = cur_layout(FilePart(part), dict.fromkeys(COLUMNS, "VARCHAR"), FileFormat.CSV)

    found = faults(FileFormat.CSV, FilePart(part), reading, "TRUE", 4)

    assert [(fault.line, fault.column, fault.cost) for fault in found] == [
        (1, COST, None),
        (2, END, Decimal("0.8")),
        (3, END, Decimal("0.8")),
        (4, COST, None),
    ]


@pytest.mark.parametrize(
    ("net", "cost", "column", "found"),
    [
        ("x", "1", NET, "'x 1' is not an amount."),
        ("", "y", COST, "'y' is not an amount."),
        ("", "", COST, "The amount is empty."),
        ("", "1" * 60, COST, f"'{'1' * 40}...' is not an amount."),
    ],
)
def test_the_cell_that_was_read_is_the_one_that_is_named(
    net: str, cost: str, column: str, found: str, part: Path
) -> None:
    part.write_bytes(csv_bytes([LINE, LINE | {NET: net, COST: cost}], [NET, *COLUMNS]))
    names = dict.fromkeys([NET, *COLUMNS], "VARCHAR")
    reading = cur_layout(FilePart(part), names, FileFormat.CSV)

    fault = first_fault(FileFormat.CSV, FilePart(part), reading)

    # The usual line has no net cost, and costs what its second column says.
    assert fault is not None
    assert (fault.place.row, fault.place.column, fault.found) == (3, column, found)


def test_what_a_row_reader_finds_first_is_named_when_the_engine_gives_up(part: Path) -> None:
    part.write_bytes(csv_bytes(lines({}, {})) + b"a,b\n")
    reading = cur_layout(FilePart(part), dict.fromkeys(COLUMNS, "VARCHAR"), FileFormat.CSV)

    fault = first_fault(FileFormat.CSV, FilePart(part), reading)

    assert fault is not None
    assert (fault.place.row, fault.found) == (4, "The row has 2 cells, the header 19.")
