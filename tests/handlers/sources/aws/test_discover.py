"""Of the runs of an AWS export the newest counts, and only what its manifest names is read."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.errors import BillError
from handlers.record import Cloud
from handlers.sources.aws.discover import discover
from handlers.sources.formats import FileFormat
from handlers.sources.parts import FilePart
from tests.handlers.sources.aws.bills import PAYER, Export, csv_bytes, gzipped, lines, write_legacy

CONTENT = csv_bytes(lines())


def test_an_export_is_found_with_payer_month_and_parts(tmp_path: Path) -> None:
    export = Export(tmp_path)
    part = export.write(gzipped(CONTENT), "cur2-00001.csv.gz")
    export.part("stale-00002.csv.gz").write_bytes(b"left from an earlier run")

    (snapshot,) = discover(tmp_path)

    assert (snapshot.cloud, snapshot.scope, snapshot.period) == (
        Cloud.AWS,
        PAYER,
        date(2026, 11, 1),
    )
    assert (snapshot.parts, snapshot.file_format) == ((FilePart(part),), FileFormat.CSV)
    assert snapshot.exported_at == datetime(2026, 11, 20, 4, 15, tzinfo=UTC)


def test_each_month_is_a_bill_of_its_own(tmp_path: Path) -> None:
    for month in ("2026-09", "2026-10"):
        Export(tmp_path, month=month).write(CONTENT)

    assert [each.period.month for each in discover(tmp_path)] == [9, 10]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_runs_the_newest_counts(order: tuple[int, int], tmp_path: Path) -> None:
    runs = ("20261119T041500Z-bbbb", "20261120T041500Z-aaaa")
    for place in order:
        run = runs[place]
        folder = Export(tmp_path).part(run)
        folder.mkdir(parents=True)
        (folder / "part.csv").write_bytes(CONTENT)
        manifest = Export(tmp_path).manifest.parent / run / "cur2-Manifest.json"
        manifest.parent.mkdir(parents=True)
        key = Export(tmp_path).key(f"{run}/part.csv")
        manifest.write_text(json.dumps({"dataFiles": [key]}), encoding="utf-8")

    (snapshot,) = discover(tmp_path)

    assert Path(str(snapshot.parts[0])).parent.name == runs[1]


def test_the_legacy_report_is_read_as_its_upper_manifest_says(tmp_path: Path) -> None:
    write_legacy(tmp_path, lines(), assembly="old")
    part = write_legacy(tmp_path, lines(), assembly="new")

    (snapshot,) = discover(tmp_path)

    assert (snapshot.scope, snapshot.parts) == (PAYER, (FilePart(part),))


def test_the_version_changes_with_the_bill_and_only_then(tmp_path: Path) -> None:
    def version(content: bytes, created: str = "2026-11-20T04:15:00Z") -> str:
        Export(tmp_path, created=created).write(content)
        (snapshot,) = discover(tmp_path)
        return snapshot.version

    first = version(CONTENT)

    assert version(CONTENT) == first
    assert version(CONTENT, created="2026-11-21T04:15:00Z") != first
    assert version(csv_bytes(lines({}, {}))) != first


@pytest.mark.parametrize("created", ["2026-99-99T99:99:99Z", "yesterday", ""])
def test_a_time_that_is_none_is_not_known(created: str, tmp_path: Path) -> None:
    Export(tmp_path, created=created).write(CONTENT)

    (snapshot,) = discover(tmp_path)

    assert snapshot.exported_at is None


def test_a_folder_that_names_no_month_is_refused(tmp_path: Path) -> None:
    Export(tmp_path, month="2026-13").write(CONTENT)

    with pytest.raises(BillError, match="does not name a month"):
        list(discover(tmp_path))


def test_parts_of_two_formats_are_refused(tmp_path: Path) -> None:
    Export(tmp_path).write_parts({"a.csv": CONTENT, "b.parquet": CONTENT})

    with pytest.raises(BillError, match="not all CSV"):
        list(discover(tmp_path))


def test_a_bill_that_does_not_say_whose_it_is_is_refused(tmp_path: Path) -> None:
    Export(tmp_path).write(csv_bytes(lines({"bill_payer_account_id": ""})))

    with pytest.raises(BillError, match="does not say whose it is") as refusal:
        list(discover(tmp_path))

    assert refusal.value.place.column == "bill_payer_account_id"


def test_a_name_of_a_part_that_is_no_text_is_refused_and_not_left_out(tmp_path: Path) -> None:
    export = Export(tmp_path)
    export.write(CONTENT)
    said = json.loads(export.manifest.read_text(encoding="utf-8"))
    export.manifest.write_text(json.dumps({"dataFiles": [*said["dataFiles"], 5]}), encoding="utf-8")

    with pytest.raises(BillError, match="names the part"):
        list(discover(tmp_path))
