"""A bill that can't be read is refused with what is wrong and where, and changes no table."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.warehouses.lock import writer_lock
from tests.conftest import RunHandlers
from tests.handlers.commands.collected import NOW, Collected, facts, tables_of
from tests.handlers.sources.aws.bills import (
    COLUMNS,
    LINE,
    OTHER,
    PAYER,
    Export,
    csv_bytes,
    gzipped,
    lines,
    parquet_bytes,
    write_legacy,
)

pytestmark = pytest.mark.slow

COST = "line_item_unblended_cost"
START = "line_item_usage_start_date"
LATER = "2026-11-20T16:15:00Z"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a warehouse that holds November of one payer: 0.80 USD of AI."""
    folder = tmp_path_factory.mktemp("good")
    Export(folder / "bills").write(csv_bytes(lines({}, OTHER)))
    command = ["collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--now", NOW]
    subprocess.run(
        [sys.executable, "-m", "handlers", *command], cwd=folder, check=True, capture_output=True
    )
    return folder


@pytest.fixture
def collected(good: Path, tmp_path: Path, run_handlers: RunHandlers) -> Collected:
    return Collected(good, tmp_path, run_handlers)


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """The next version of the bill that is loaded."""
    return Export(tmp_path / "bills", created=LATER)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({COST: "1,234.56"}, f"row 4, column '{COST}': '1,234.56' is not an amount."),
        ({COST: "1_000"}, "'1_000' is not an amount."),
        ({COST: "12.5 USD"}, "'12.5 USD' is not an amount."),
        ({COST: "NaN"}, "'NaN' is not an amount."),
        ({COST: ""}, f"row 4, column '{COST}': The amount is empty."),
        (OTHER | {COST: "1,5"}, f"row 4, column '{COST}': '1,5' is not an amount."),
        (
            {"line_item_usage_amount": "1,000"},
            "row 4, column 'line_item_usage_amount': '1,000' is not an amount.",
        ),
        (
            {"pricing_public_on_demand_cost": "1,5"},
            "row 4, column 'pricing_public_on_demand_cost': '1,5' is not an amount.",
        ),
        ({START: "2026-11-31T00:00:00Z"}, f"row 4, column '{START}': '2026-11-31T00:00:00Z' is"),
        ({START: "2026-11-05T00:00:00+05:45"}, "'2026-11-05T00:00:00+05:45' is not a date."),
        ({START: "05.11.2026"}, "'05.11.2026' is not a date."),
        (
            {START: "2026-12-01T00:00:00Z"},
            f"row 4, column '{START}': '2026-12-01T00:00:00Z' is usage outside of the billing"
            " period 2026-11.",
        ),
        (
            {"line_item_usage_end_date": "tomorrow"},
            "row 4, column 'line_item_usage_end_date': 'tomorrow' is not a time.",
        ),
        ({"line_item_currency_code": ""}, "row 4, column 'line_item_currency_code': The cell is"),
        ({"line_item_currency_code": "XTS"}, "XTS"),
        (
            {"resource_tags": '{"user_customer": '},
            "row 4, column 'resource_tags': '{\"user_customer\": ' is not a JSON object.",
        ),
        ({"resource_tags": '["acme"]'}, "'[\"acme\"]' is not a JSON object."),
    ],
)
def test_a_cell_that_is_not_understood_is_named_and_nothing_changes(
    change: dict[str, str], said: str, collected: Collected, export: Export
) -> None:
    export.write(csv_bytes(lines({}, {}, change)))

    collected.refused(said)


def utf16(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


def without(column: str) -> bytes:
    return csv_bytes(lines(), [name for name in COLUMNS if name != column])


GOOD = csv_bytes(lines({}, OTHER))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (GOOD.splitlines(keepends=True)[0], "The bill has a header and no line."),
        (without(COST), f"column '{COST}': The column '{COST}'"),
        (without("line_item_currency_code"), "'line_item_currency_code'"),
        (GOOD.replace(b"line_item_product_code", b"product_kode", 1), "'line_item_product_code'"),
        (utf16(GOOD), "row 1: The file is not UTF-8 (UTF-16?)."),
        (GOOD + b"a,b,c\n", "row 4: The row has 3 cells, the header 19."),
        (GOOD + b'"a,b', "row 4: The row"),
        (GOOD.replace(b"a1", b"\xe9", 1), "row 2: The row is not UTF-8."),
        (GOOD.replace(b"INV-1", b"x" * 10_000_000, 1), "row 2: A cell is longer than 1 MiB."),
        (gzipped(GOOD)[:-12], "The file can't be read to its end"),
        (gzipped(GOOD)[:40] + gzipped(GOOD)[60:], "cur2-00001.csv"),
        (b"PAR1\x00\x01", "cur2-00001.csv"),
    ],
    ids=[
        "empty",
        "header only",
        "no cost column",
        "no currency column",
        "renamed column",
        "UTF-16",
        "short row",
        "open quote",
        "Latin-1",
        "10 MB cell",
        "truncated gzip",
        "damaged gzip",
        "another format",
    ],
)
def test_a_file_that_is_no_bill_is_named_and_nothing_changes(
    content: bytes, said: str, collected: Collected, export: Export
) -> None:
    part = export.write(content)

    collected.refused(part.name, said)


def test_a_truncated_parquet_file_is_named_and_nothing_changes(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    content = parquet_bytes(lines({}, OTHER), tmp_path)
    export.write(content[:-100], "cur2-00001.snappy.parquet")

    collected.refused("cur2-00001.snappy.parquet: The file can't be read to its end")


def test_a_parquet_amount_that_is_no_number_is_named_and_nothing_changes(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    content = parquet_bytes(lines({}, {COST: "NaN"}), tmp_path)
    export.write(content, "cur2-00001.snappy.parquet")

    collected.refused(f"row 2, column '{COST}': 'nan' is not an amount.")


def missing_part(export: Export) -> None:
    export.write(GOOD, keys=[export.key("cur2-00001.csv"), export.key("cur2-00002.csv")])


def part_twice(export: Export) -> None:
    export.write(GOOD, keys=[export.key("cur2-00001.csv")] * 2)


def parent_folder(export: Export) -> None:
    export.write(GOOD, keys=["../other/cur2-00001.csv"])


def parent_folder_inside(export: Export) -> None:
    export.write(GOOD, keys=[export.key("../../../../elsewhere/cur2-00001.csv")])


def other_export(export: Export) -> None:
    other = Export(export.folder, name="other")
    other.write(GOOD, "other-00001.csv")
    other.manifest.unlink()
    export.write(GOOD, keys=[other.key("other-00001.csv")])


def other_month(export: Export) -> None:
    other = Export(export.folder, month="2026-10")
    other.write(GOOD)
    export.write(GOOD, keys=[other.key("cur2-00001.csv")])
    other.manifest.unlink()


def symlink_outside(export: Export) -> None:
    part = export.write(GOOD)
    outside = export.folder.parent / "elsewhere.csv"
    part.rename(outside)
    part.symlink_to(outside)


def not_json(export: Export) -> None:
    export.write(GOOD)
    export.manifest.write_text('{"dataFiles": [', encoding="utf-8")


def not_an_object(export: Export) -> None:
    export.write(GOOD)
    export.manifest.write_text("[]", encoding="utf-8")


def no_parts(export: Export) -> None:
    export.write(GOOD, keys=[])


def zip_part(export: Export) -> None:
    export.write(b"PK\x03\x04", "cur2-00001.csv.zip")


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (missing_part, "cur2-00002.csv', which is not there."),
        (part_twice, "names the part 'cur2-00001.csv' twice"),
        (parent_folder, "leads out of the export's folder"),
        (parent_folder_inside, "leads out of the export's folder"),
        (other_export, "other-00001.csv', which is not there."),
        (other_month, "names a part of another month"),
        (not_json, "The manifest is not JSON"),
        (not_an_object, "The manifest is not a JSON object."),
        (no_parts, "The manifest names no part."),
        (zip_part, "The parts are not all CSV (plain or gzip) or all parquet"),
    ],
)
def test_a_manifest_that_can_not_be_followed_is_named_and_nothing_changes(
    write: Callable[[Export], None], said: str, collected: Collected, export: Export
) -> None:
    write(export)

    collected.refused("cur2-Manifest.json", said)


def test_a_part_that_is_a_link_out_of_the_folder_is_named_and_nothing_changes(
    collected: Collected, export: Export
) -> None:
    symlink_outside(export)

    collected.refused("cur2-00001.csv: This is a link that leads out of the folder.")


def test_two_exports_of_one_payer_and_month_are_refused_by_name(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    export.write(GOOD)
    write_legacy(tmp_path / "bills", lines({}, OTHER))

    collected.refused(
        f"AWS {PAYER} 2026-11 is there twice", "cur2-Manifest.json", "hourly-Manifest.json"
    )


def test_a_folder_without_bills_is_refused(collected: Collected, tmp_path: Path) -> None:
    (tmp_path / "bills").mkdir()

    collected.refused("bills: no bill was found.")


def test_a_month_that_has_no_bill_is_refused(collected: Collected, export: Export) -> None:
    export.write(GOOD)

    collected.refused("no bill of 2026-09 was found", options=("--period", "2026-09"))


@pytest.mark.parametrize("words", ["sqlite:costs.duckdb", "costs.duckdb", "duckdb:"])
def test_another_kind_of_warehouse_is_refused(
    words: str, collected: Collected, export: Export
) -> None:
    export.write(GOOD)

    collected.refused(
        f"'{words}' is not a warehouse: write duckdb:PATH", options=("--warehouse", words)
    )


def test_a_file_that_is_no_warehouse_stays_as_it_is(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    export.write(GOOD)
    file = tmp_path / "notes.txt"
    file.write_bytes(b"not a warehouse" * 1000)

    collected.refused(
        "notes.txt: can't be opened as a warehouse", options=("--warehouse", "duckdb:notes.txt")
    )

    assert file.read_bytes() == b"not a warehouse" * 1000


def test_a_second_writer_is_told_who_writes(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    export.write(GOOD)

    with writer_lock(tmp_path / "costs.lock", 0):
        collected.refused(
            f"the warehouse is being written by process {os.getpid()}.", options=("--wait", "0.3")
        )


def test_a_bill_that_can_not_be_read_does_not_keep_the_others_from_being_loaded(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    export.write(csv_bytes(lines({COST: "x"})))
    other = LINE | {"bill_payer_account_id": "999999999999", COST: "4"}
    Export(tmp_path / "bills", name="other").write(csv_bytes([other]))

    result = collected.collect()

    assert result.returncode == 1
    assert "'x' is not an amount." in result.stderr
    assert [(scope, str(cost)) for scope, cost in facts(tmp_path, "scope, cost_usd")] == [
        (PAYER, "0.800000000"),
        ("999999999999", "4.000000000"),
    ]


def test_columns_that_nobody_knows_are_passed_over(collected: Collected, export: Export) -> None:
    rows = [line | {"new_column": 'a "new", column\n'} for line in lines({}, OTHER)]
    export.write(csv_bytes(rows, ["new_column", *COLUMNS]))

    tables = collected.accepted()

    assert [row[8] for row in tables["llm_costs"]] == [
        row[8] for row in collected.before["llm_costs"]
    ]


def test_line_breaks_and_quotes_in_cells_are_kept(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    resource = 'arn:aws:bedrock:first\nsecond\r\nthird, "quoted"'
    export.write(csv_bytes(lines({"line_item_resource_id": resource, COST: "0.7"}, OTHER)))

    collected.accepted("--shrink-hold-share", "1")

    assert [(text, str(cost)) for text, cost in facts(tmp_path, "resource_id, cost_usd")] == [
        (resource, "0.700000000")
    ]


def test_customers_differ_by_case_and_letters_and_not_by_spaces_around_them(
    collected: Collected, export: Export, tmp_path: Path
) -> None:
    names = ["acme", " acme  ", "ACME", "acme \N{ROCKET}"]
    export.write(
        csv_bytes(lines(*({"resource_tags": f'{{"user_customer": "{n}"}}'} for n in names)))
    )

    collected.accepted()

    rows = facts(tmp_path, "customer_id, customer_tag, cost_usd")
    assert [(name, tag, str(cost)) for name, tag, cost in rows] == [
        ("ACME", "ACME", "0.800000000"),
        ("acme", " acme  ", "0.800000000"),
        ("acme", "acme", "0.800000000"),
        ("acme \N{ROCKET}", "acme \N{ROCKET}", "0.800000000"),
    ]


def test_the_three_layouts_of_one_bill_give_the_same_rows(
    good: Path, run_handlers: RunHandlers, tmp_path: Path
) -> None:
    rows = lines({}, OTHER)
    expected = [row[:-1] for row in tables_of(good)["llm_costs"]]
    Export(tmp_path / "parquet").write(parquet_bytes(rows, tmp_path), "a.snappy.parquet")
    write_legacy(tmp_path / "legacy", rows)

    for layout in ("parquet", "legacy"):
        place = tmp_path / f"in-{layout}"
        result = run_handlers(
            *("collect", layout, "--warehouse", f"duckdb:{place}/costs.duckdb", "--now", NOW)
        )
        assert result.returncode == 0, result.stderr
        assert [row[:-1] for row in tables_of(place)["llm_costs"]] == expected
