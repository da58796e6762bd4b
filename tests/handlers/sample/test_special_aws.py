"""Each case the sample promises is there, found in the files by a plain reader."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from tests.handlers.sample.rereading import (
    Customers,
    PlainLine,
    aws_files,
    counted,
    csv_rows,
    is_ai,
    only,
    parquet_rows,
    parquet_types,
    scope_path,
    superseded,
)

pytestmark = pytest.mark.slow


def test_cur_2_parquet_has_its_127_columns_with_maps_and_doubles(sample: Path) -> None:
    types = parquet_types(aws_files(scope_path(sample, "cur2-parquet"), sample / "aws")[0])
    assert len(types) == 127
    assert types["line_item_unblended_cost"] == "double"
    assert types["line_item_usage_start_date"].startswith("timestamp")
    assert {"split_line_item_unused_cost", "bill_payer_account_name"} <= types.keys()
    for name in ("resource_tags", "product", "cost_category"):
        assert types[name].startswith("map<string, string"), types[name]


def test_a_parquet_part_that_the_manifest_does_not_name_lies_beside_the_named_ones(
    sample: Path,
) -> None:
    named = aws_files(scope_path(sample, "cur2-parquet"), sample / "aws")
    present = set(named[0].parent.iterdir())
    assert len(named) == 2
    assert len(present - set(named)) == 1
    assert list(parquet_rows(only(present - set(named))))


def test_create_new_report_keeps_both_executions_and_the_manifest_above_names_the_last(
    sample: Path,
) -> None:
    manifest = scope_path(sample, "cur2-csv")
    current = aws_files(manifest, sample / "aws")
    executions = sorted(current[0].parent.parent.iterdir())
    assert len(executions) == 2
    assert {file.parent for file in current} == {executions[1]}
    assert sorted(path.name for path in manifest.parent.iterdir() if path.is_dir()) == [
        path.name for path in executions
    ]
    old = counted(executions[0].iterdir(), "line_item_unblended_cost")
    assert old == superseded(sample, "444455556666")


def test_legacy_cur_keeps_both_assemblies_and_the_manifest_above_names_the_last(
    sample: Path,
) -> None:
    manifest = scope_path(sample, "cur1-csv")
    content = json.loads(manifest.read_text())
    assemblies = {path.name: path for path in manifest.parent.iterdir() if path.is_dir()}
    assert len(assemblies) == 2
    current = assemblies.pop(content["assemblyId"])
    assert (current / manifest.name).read_bytes() == manifest.read_bytes()
    old = only(assemblies.values()).glob("*.csv.gz")
    assert counted(old, "lineItem/UnblendedCost") == superseded(sample, "777788889999")


def test_legacy_cur_is_hourly_and_lists_its_columns_in_the_manifest(sample: Path) -> None:
    manifest = scope_path(sample, "cur1-csv")
    columns = json.loads(manifest.read_text())["columns"]
    header = next(csv_rows(aws_files(manifest, sample / "aws")[0])).keys()
    assert [f"{one['category']}/{one['name']}" for one in columns] == list(header)
    assert "resourceTags/user:customer_id" in header
    intervals = {
        row["identity/TimeInterval"]
        for file in aws_files(manifest, sample / "aws")
        for row in csv_rows(file)
        if row["lineItem/LineItemType"] == "Usage"
    }
    assert "2026-10-03T23:00:00Z/2026-10-04T00:00:00Z" in intervals


def test_tag_keys_are_spelt_in_each_way_amazon_spells_them(sample: Path) -> None:
    part = aws_files(scope_path(sample, "cur2-parquet"), sample / "aws")[0]
    keys = {key for row in parquet_rows(part) for key in row["resource_tags"]}
    assert {"user_customer_id", "user_customer", "user_managed_by"} <= keys
    text = aws_files(scope_path(sample, "cur2-csv"), sample / "aws")[0]
    csv_keys = {key for row in csv_rows(text) for key in json.loads(row["resource_tags"])}
    assert {"user:customer_id", "user:tenant", "user:managed-by"} <= csv_keys


def test_rupee_bills_are_in_rupees(lines: list[PlainLine]) -> None:
    assert {line.scope for line in lines if line.currency == "INR"} == {
        "444455556666", "QX7K-4M2P-BG7-PGB",
    }  # fmt: skip
    euros = {line.scope for line in lines if line.currency == "EUR"}
    assert euros == {"8675309", "5550142", "0A1B2C-3D4E5F-6A7B8C"}


@pytest.mark.parametrize("line_type", ["Tax", "Credit", "Refund", "EdpDiscount", "Fee"])
def test_amazon_bills_have_lines_of_every_kind(line_type: str, lines: list[PlainLine]) -> None:
    ours = [line for line in lines if line.cloud == "AWS" and line.line_type == line_type]
    assert ours
    assert any(map(is_ai, ours)) == (line_type != "Fee")
    if line_type in {"Credit", "Refund", "EdpDiscount"}:
        assert all(line.cost < 0 for line in ours)


def test_a_customer_moves_between_accounts_in_mid_month(
    sample: Path, lines: list[PlainLine]
) -> None:
    customers = Customers(sample / "site")
    days: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if is_ai(line) and line.line_type == "Usage" and customers.of(line) == "vandelay":
            days[line.account].add(f"{line.day}")
    assert (max(days["111122220002"]), min(days["111122220003"])) == ("2026-10-14", "2026-10-15")


def test_one_tag_value_is_handed_from_one_customer_to_another(
    sample: Path, lines: list[PlainLine]
) -> None:
    customers = Customers(sample / "site")
    owners = {
        (customers.of(line), f"{line.day:%Y-%m}")
        for line in lines
        if line.tag_map.get("tenant") == "demo-tenant"
    }
    assert owners == {("pilot-a", "2026-09"), ("pilot-b", "2026-10"), ("pilot-b", "2026-11")}
