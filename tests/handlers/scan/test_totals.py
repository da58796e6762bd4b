"""The second reader adds up every line of a file, to the last place, whatever the text holds."""

import gzip
import json
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given

from handlers.errors import BillError
from handlers.scan import totals
from handlers.scan.totals import (
    Total,
    csv_total,
    ndjson_total,
    readable_csv_total,
    readable_ndjson_total,
)
from handlers.sources.parts import FilePart
from tests.handlers.scan.tables import CsvText, csv_texts

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"


def total_of(content: bytes, *columns: str) -> Total:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv"
        path.write_bytes(content)
        return csv_total(FilePart(path), columns)


def exact(table: CsvText, *columns: str) -> tuple[int, Fraction]:
    """Lines and cost by fractions, of the cells that the text was made of."""
    places = [table.names.index(column) for column in columns]
    costs = (next(row[place] for place in places if row[place]) for row in table.rows)
    return len(table.rows), sum((Fraction(Decimal(cost)) for cost in costs), Fraction())


@given(csv_texts(amounts=1))
def test_the_total_is_that_of_the_cells_the_file_was_written_from(table: CsvText) -> None:
    total = total_of(table.content, "fourth")

    assert (total.lines, Fraction(total.cost)) == exact(table, "fourth")


@given(csv_texts(amounts=2))
def test_a_line_costs_its_first_amount_that_is_not_empty(table: CsvText) -> None:
    total = total_of(table.content, "third", "fourth")

    assert (total.lines, Fraction(total.cost)) == exact(table, "third", "fourth")


@given(csv_texts(amounts=2))
def test_a_line_may_fall_anywhere_between_two_blocks(table: CsvText) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(totals, "_BLOCK", 7)
        total = total_of(table.content, "third", "fourth")

    assert (total.lines, Fraction(total.cost)) == exact(table, "third", "fourth")


@pytest.mark.parametrize(
    ("amounts", "cost"),
    [
        (["0.1"] * 10, "1.0"),
        (["999999999999999999.999999999999999999", "0.000000000000000001"], "1000000000000000000"),
        (["0.0000000000000000005"], "0.000000000000000001"),
        (["-0.0000000000000000005"], "-0.000000000000000001"),
        (["0.00000000000000000049"], "0"),
        (["4.2E-7", "1e3", "+.5", "7."], "1007.50000042"),
    ],
)
def test_amounts_are_added_exactly_and_rounded_per_line(amounts: list[str], cost: str) -> None:
    total = total_of("\n".join(["cost", *amounts, ""]).encode(), "cost")

    assert total == Total(len(amounts), Decimal(cost))


@pytest.mark.parametrize(
    "cell",
    [
        *("", '""', '"1,234.56"', "1_000", "12.5 USD", "NaN", "inf", "0x1", "1e100", " 1"),
        *('"""1"""', '""1', "1\r1", "--1", "1.5.", "\N{FULLWIDTH DIGIT ONE}"),
    ],
)
def test_a_cell_that_is_not_an_amount_is_refused(cell: str) -> None:
    with pytest.raises(BillError) as refusal:
        total_of(f"name,cost\na,1\nb,{cell}\nc,3\n".encode(), "cost")

    assert refusal.value.place.row == 3
    assert refusal.value.place.column == "cost"


@pytest.mark.parametrize("net", ["x", '"""1"""', "1,5", " "])
def test_an_amount_that_can_not_be_read_is_not_taken_from_the_next_column(net: str) -> None:
    with pytest.raises(BillError):
        total_of(f'name,net,cost\na,"{net}",2\n'.encode(), "net", "cost")


def test_what_is_readable_is_added_up_and_every_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text('net,cost\n,1.25\nx,4\n"",0.5\n1,x\n,\n', encoding="utf-8")

    assert readable_csv_total(FilePart(path), ["net", "cost"]) == Total(5, Decimal("2.75"))


def test_a_file_that_ends_inside_a_cell_is_refused() -> None:
    with pytest.raises(BillError, match="ends inside a quoted cell"):
        total_of(b'name,cost\na,1\n"b,2\n', "cost")


@pytest.mark.parametrize("kept", [10, 200, -9, -1])
def test_a_gzip_file_that_was_cut_off_is_refused(kept: int, tmp_path: Path) -> None:
    lines = "".join(f"name {number},{number}\n" for number in range(500))
    path = tmp_path / "bill.csv.gz"
    path.write_bytes(gzip.compress(b"name,cost\n" + lines.encode())[:kept])

    with pytest.raises(BillError, match="can't be read to its end"):
        csv_total(FilePart(path), ["cost"])


def google_row(cost: object, *credits: object, month: str = "202611") -> str:
    return json.dumps(
        {
            "billing_account_id": ACCOUNT,
            "invoice": {"month": month},
            "cost": cost,
            "credits": [{"amount": credit} for credit in credits],
        }
    )


def test_a_google_row_costs_its_cost_and_credits_by_their_shortest_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    rows = [google_row(0.1, -0.05, -0.01), google_row("0.2"), google_row(5, month="202610"), ""]
    path.write_text("\n".join(rows), encoding="utf-8")

    assert ndjson_total(FilePart(path), ACCOUNT, "202611") == Total(2, Decimal("0.24"))


def test_a_google_row_of_which_an_amount_can_not_be_read_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    rows = [google_row(1.5, "x"), google_row(None), google_row(0.25, -0.125)]
    path.write_text("\n".join(rows), encoding="utf-8")

    assert readable_ndjson_total(FilePart(path), ACCOUNT, "202611") == Total(3, Decimal("0.125"))
    with pytest.raises(BillError) as refusal:
        ndjson_total(FilePart(path), ACCOUNT, "202611")
    assert refusal.value.place.row == 1


def test_as_a_program_it_adds_up_all_parts_or_names_the_fault(tmp_path: Path) -> None:
    for name, cost in (("a.json", "1.10"), ("b.json", "2.2"), ("bad.json", "2,2 EUR")):
        (tmp_path / name).write_text(google_row(cost), encoding="utf-8")

    def answer(*names: str) -> dict[str, object]:
        asked = {"shown": "gs://bucket/it", "account": ACCOUNT, "month": "202611"}
        request = [{"file": str(tmp_path / name)} | asked for name in names]
        result = subprocess.run(
            [sys.executable, "-m", "handlers.scan.totals"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(result.stdout)

    assert answer("a.json", "b.json") == {"lines": 2, "cost": "3.30"}
    fault = answer("a.json", "bad.json")
    assert (fault["file"], fault["found"]) == ("gs://bucket/it", "'2,2 EUR' is not an amount.")


def test_sums_do_not_depend_on_the_precision_of_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text("cost\n123456789.000000001\n0.000000001\n", encoding="utf-8")

    with localcontext(prec=3):
        total = csv_total(FilePart(path), ["cost"])

    assert total.cost == Decimal("123456789.000000002")
