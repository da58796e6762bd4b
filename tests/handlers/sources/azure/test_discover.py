"""Which files are the bill: the newest run's, and nothing else that lies around."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.errors import BillError
from handlers.sources.azure.discover import discover
from handlers.sources.folder import FolderSource
from handlers.sources.parts import FilePart
from tests.handlers.sources.azure.bills import SUBSCRIPTION, csv_bytes, ea_bytes, export, read

SECOND_RUN = "0b1c2d3e-0000-4000-8000-000000000002"
GUID = "5ae87c3e-a27b-4e7e-81ca-000000000003"


def costing(*amounts: str) -> bytes:
    return ea_bytes(*({"CostInBillingCurrency": amount} for amount in amounts))


def test_a_snapshot_says_whose_bill_of_which_month_it_is_and_when_it_was_written(
    tmp_path: Path,
) -> None:
    manifest = export(costing("1", "2"), rows=2).write(tmp_path)

    (snapshot,) = discover(tmp_path)

    assert (snapshot.scope, snapshot.period) == ("8675309", date(2026, 11, 1))
    assert snapshot.exported_at == datetime(2026, 11, 20, 5, 12, 33, tzinfo=UTC)
    assert (snapshot.origin, snapshot.expected_lines) == (str(manifest), 2)


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ("/subscriptions/11D0C4A8-6F21-4A7E-9B35-0C8E2F7D1A64", SUBSCRIPTION),
        (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai", f"{SUBSCRIPTION}/rg-ai"),
        ("/providers/Microsoft.Billing/billingAccounts/8675309", "8675309"),
        ("/providers/Microsoft.Billing/billingAccounts/8675309/departments/77", "77"),
        ("/providers/Microsoft.Billing/billingAccounts/a:b_2019-05-31/billingProfiles/Q-7", "Q-7"),
        ("", "8675309"),
    ],
)
def test_the_scope_is_what_was_exported_else_what_the_lines_say(
    resource: str, scope: str, tmp_path: Path
) -> None:
    export(ea_bytes(), resource=resource).write(tmp_path)

    (snapshot,) = discover(tmp_path)

    assert snapshot.scope == scope


def test_of_two_runs_the_one_submitted_last_counts(tmp_path: Path) -> None:
    export(costing("7"), run=SECOND_RUN, submitted="2026-11-09T23:00:00Z").write(tmp_path)
    export(costing("8")).write(tmp_path)

    assert [line["cost"] for line in read(tmp_path).lines] == [Decimal(8)]


def test_a_restated_month_has_another_version_and_the_same_month_the_same(tmp_path: Path) -> None:
    export(costing("7")).write(tmp_path / "a")
    export(costing("7")).write(tmp_path / "b")
    export(costing("7")).write(tmp_path / "c")
    later = "2026-12-03T05:00:00Z"
    export(costing("9"), run=SECOND_RUN, submitted=later).write(tmp_path / "c")

    first, again, restated = (next(discover(tmp_path / name)).version for name in "abc")

    assert first == again
    assert first != restated


def test_runs_of_which_none_is_newer_are_refused(tmp_path: Path) -> None:
    export(costing("7"), run=SECOND_RUN).write(tmp_path)
    export(costing("8")).write(tmp_path)

    with pytest.raises(BillError, match="can't be told which is newer"):
        list(discover(tmp_path))


def test_parts_of_a_run_that_was_replaced_may_be_gone(tmp_path: Path) -> None:
    old = export(costing("7"), run=SECOND_RUN, submitted="2026-11-09T23:00:00Z").write(tmp_path)
    (old.parent / "part_0_0001.csv").unlink()
    export(costing("8")).write(tmp_path)

    assert [line["cost"] for line in read(tmp_path).lines] == [Decimal(8)]


def test_only_what_the_manifest_names_is_read(tmp_path: Path) -> None:
    manifest = export(costing("8")).write(tmp_path)
    (manifest.parent / "part_1_0001.csv").write_bytes(costing("99"))
    (manifest.parent.parent / f"actual_{GUID}.csv").write_bytes(costing("99"))

    assert [line["cost"] for line in read(tmp_path).lines] == [Decimal(8)]


def test_a_run_folder_is_found_without_the_containers_own_folders(tmp_path: Path) -> None:
    manifest = export(costing("8")).write(tmp_path)
    period_folder = manifest.parent.parent

    (snapshot,) = discover(period_folder)

    assert snapshot.parts == (FilePart(manifest.parent / "part_0_0001.csv"),)


def test_blobs_may_be_named_by_their_file_only(tmp_path: Path) -> None:
    manifest = export(costing("8"), blobs=["part_0_0001.csv"]).write(tmp_path)

    (snapshot,) = discover(tmp_path)

    assert snapshot.parts == (FilePart(manifest.parent / "part_0_0001.csv"),)


def test_each_month_and_each_export_is_a_snapshot_of_its_own(tmp_path: Path) -> None:
    export(costing("8")).write(tmp_path)
    export(costing("9"), period="20261001-20261031").write(tmp_path)
    export(costing("9"), name="other", resource=f"/subscriptions/{SUBSCRIPTION}").write(tmp_path)

    found = {(snapshot.scope, snapshot.period.month) for snapshot in discover(tmp_path)}

    assert found == {("8675309", 11), ("8675309", 10), (SUBSCRIPTION, 11)}


def test_a_month_without_a_line_yet_is_no_snapshot(tmp_path: Path) -> None:
    export(b"", rows=0, blobs=[]).write(tmp_path)

    assert list(discover(tmp_path)) == []


def test_exports_of_prices_and_recommendations_are_no_bills(tmp_path: Path) -> None:
    export(b"meterId\r\n", type="PriceSheet").write(tmp_path)

    assert list(discover(tmp_path)) == []


def test_bills_of_other_clouds_are_left_to_their_own_readers(tmp_path: Path) -> None:
    legacy = tmp_path / "report" / "20261101-20261201"
    legacy.mkdir(parents=True)
    (legacy / "report-Manifest.json").write_text("{}")
    (legacy / "report-00001.csv").write_text("identity/LineItemId\n")
    (tmp_path / "manifest.json").write_text("not JSON")

    assert list(discover(tmp_path)) == []


def test_an_export_without_a_manifest_is_its_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "actual" / "20261101-20261130"
    folder.mkdir(parents=True)
    (folder / f"actual_{GUID}.csv").write_bytes(costing("8"))

    found = read(tmp_path)

    assert (found.snapshot.scope, found.snapshot.period) == ("8675309", date(2026, 11, 1))
    assert [line["cost"] for line in found.lines] == [Decimal(8)]


def test_an_export_without_a_manifest_has_another_version_when_its_bytes_change(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "20261101-20261130"
    folder.mkdir(parents=True)
    versions: list[str] = []
    for amount in ("8", "9", "8"):
        (folder / "actual.csv").write_bytes(costing(amount))
        versions += [snapshot.version for snapshot in discover(tmp_path)]

    assert versions[0] == versions[2] != versions[1]


def test_several_files_without_a_manifest_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "actual" / "20261101-20261130"
    folder.mkdir(parents=True)
    for name in ("one.csv", "two.csv"):
        (folder / name).write_bytes(costing("8"))

    with pytest.raises(BillError, match="2 files and no manifest") as refusal:
        list(discover(tmp_path))
    assert refusal.value.place.file == str(folder)


def test_a_run_whose_manifest_has_not_come_yet_is_refused(tmp_path: Path) -> None:
    manifest = export(costing("8")).write(tmp_path)
    manifest.unlink()

    with pytest.raises(BillError, match="no manifest"):
        list(discover(tmp_path))


@pytest.mark.parametrize(
    "name",
    ["20261103-20261130", "20261101-20261129", "20261001-20261130", "20261301-20261331"],
)
def test_a_part_of_a_month_is_refused_because_it_would_replace_the_month(
    name: str, tmp_path: Path
) -> None:
    export(costing("8"), period=name).write(tmp_path)

    with pytest.raises(BillError, match="not a calendar month"):
        list(discover(tmp_path))


def test_amortised_costs_are_refused(tmp_path: Path) -> None:
    export(costing("8"), type="AmortizedCost").write(tmp_path)

    with pytest.raises(BillError, match="amortised") as refusal:
        list(discover(tmp_path))
    assert "Export actual cost" in refusal.value.remedy


def test_two_exports_of_the_same_bill_are_refused(tmp_path: Path) -> None:
    export(costing("8"), name="actual").write(tmp_path)
    export(costing("8"), name="focus").write(tmp_path)

    with pytest.raises(BillError, match="Azure 8675309 2026-11 is there twice") as refusal:
        list(FolderSource(tmp_path).snapshots([]))
    assert "/actual/" in str(refusal.value)
    assert "/focus/" in str(refusal.value)


@pytest.mark.parametrize(
    ("blobs", "found"),
    [
        (["../../../secret.csv"], "leads out"),
        (["acme/actual/20261101-20261130/../../../../secret.csv"], "leads out"),
        (["/etc/passwd"], "leads out"),
        (["acme/actual/20261101-20261130/run/part_9.csv"], "not there"),
        (["part_0_0001.csv", "part_0_0001.csv"], "twice"),
        (["part_0_0001.csv", "./part_0_0001.csv"], "twice"),
        ([], "names no part"),
        (["manifest.json"], "not all CSV"),
    ],
)
def test_a_manifest_that_names_other_than_its_parts_is_refused(
    blobs: list[str], found: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_bytes(costing("8"))
    manifest = export(costing("8"), blobs=blobs).write(tmp_path)

    with pytest.raises(BillError, match=found) as refusal:
        list(discover(tmp_path))
    assert refusal.value.place.file == str(manifest)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"exportConfig": 5, "blobs": 7}', "\xff"])
def test_a_manifest_that_is_not_one_is_refused(text: str, tmp_path: Path) -> None:
    manifest = export(costing("8")).write(tmp_path)
    manifest.write_bytes(text.encode("latin-1"))

    with pytest.raises(BillError):
        list(discover(tmp_path))


def test_a_file_that_does_not_say_whose_bill_it_is_is_refused(tmp_path: Path) -> None:
    export(csv_bytes(["Date", "Cost"], [{"Date": "11/05/2026", "Cost": "1"}]), resource="").write(
        tmp_path
    )

    with pytest.raises(BillError, match="does not say whose it is"):
        list(discover(tmp_path))


def test_a_blob_that_is_no_object_is_refused_and_not_left_out(tmp_path: Path) -> None:
    manifest = export(costing("1", "2"), rows=2).write(tmp_path)
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said["blobs"].append("part_1.csv")
    manifest.write_text(json.dumps(said), encoding="utf-8")

    with pytest.raises(BillError, match="names the part"):
        list(discover(tmp_path))


def test_a_moment_that_the_calendar_does_not_have_counts_as_none(tmp_path: Path) -> None:
    manifest = export(costing("1", "2"), rows=2).write(tmp_path)
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said["runInfo"]["submittedTime"] = "2026-13-32T25:61:61Z"
    manifest.write_text(json.dumps(said), encoding="utf-8")

    (snapshot,) = discover(tmp_path)

    assert snapshot.exported_at is None
