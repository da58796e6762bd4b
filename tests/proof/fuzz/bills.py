"""Fuzz targets that read what clouds write: manifests, headers of CSV, tags."""

import csv
import io
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, cast

import duckdb

from handlers.errors import BillError, CostError
from handlers.scan.text_files import read_header
from handlers.sources.aws.layout import cur_layout
from handlers.sources.azure.cells import tags, tags_check
from handlers.sources.azure.layout import azure_layout
from handlers.sources.columns import Columns, load_spellings
from handlers.sources.folder import FolderSource
from handlers.sources.formats import FileFormat
from handlers.sources.parts import MemoryPart
from handlers.sources.refusals import Refusal
from tests.proof.fuzz.draw import Draw

_AWS_WORDS = (
    "dataFiles",
    "reportKeys",
    "createdAt",
    "billingPeriod",
    "s3://bills/export/data/BILLING_PERIOD=2026-10/run/part-0.csv",
    "s3://other/export/data/BILLING_PERIOD=2026-10/run/part-0.csv",
    "export/data/BILLING_PERIOD=2026-10/run/part-1.csv",
    "s3://bills/export/data/BILLING_PERIOD=2026-09/run/part-0.csv",
    "/export/data/../../secret.csv",
    "2026-11-03T04:15:00Z",
)
_AWS_PARTS = tuple(word for word in _AWS_WORDS if word.endswith(("part-0.csv", "part-1.csv")))
_AZURE_WORDS = (
    "blobs",
    "blobName",
    "exportConfig",
    "runInfo",
    "submittedTime",
    "dataRowCount",
    "resourceId",
    "type",
    "ActualCost",
    "AmortizedCost",
    "2026-11-03T04:15:00.1234567Z",
    "9999-99-99T99:99:99Z",
    "costs/20261001-20261031/run/part_0.csv",
    "costs/20261001-20261031/run/part_1.csv",
)
_SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
_HEADERS = {
    "cur": load_spellings("handlers.sources.aws")["cur"],
    "azure": {
        field: names
        for fields in load_spellings("handlers.sources.azure").values()
        for field, names in fields.items()
    },
}
_ODD_NAMES = (
    "",
    " ",
    '"',
    "a" * 5000,
    "\u200bcost",
    "x,y",
    "resource_tags/user:a'b",
    "COST",
    "cost",
)


def aws_manifest(data: bytes) -> None:
    """What a manifest of Data Exports names is read, all of it, or the month is refused."""
    draw = Draw(data)
    seed: dict[str, object] = {
        "createdAt": "2026-11-03T04:15:00Z",
        "dataFiles": [draw.one_of(_AWS_PARTS) for _ in range(1 + draw.byte() % 3)],
    }
    manifest = draw.json(_AWS_WORDS, seed)
    root, parts = _aws_export()
    (root / "export/metadata/BILLING_PERIOD=2026-10/run/export-Manifest.json").write_bytes(manifest)
    found, refusals = _discovered(root)
    if not refusals and found:
        said: Any = json.loads(manifest.decode("utf-8-sig"))
        named = said.get("dataFiles") or said.get("reportKeys")
        assert len(found[0]) == len(named), f"{named} became {found[0]}"
        assert set(found[0]) <= parts


def azure_manifest(data: bytes) -> None:
    """What a manifest of an Azure export names is read, all of it, or the month is refused."""
    draw = Draw(data)
    names = [word for word in _AZURE_WORDS if word.endswith(".csv")]
    seed: dict[str, object] = {
        "blobs": [
            {"blobName": draw.one_of(names)} if draw.byte() % 8 else draw.value(_AZURE_WORDS)
            for _ in range(1 + draw.byte() % 3)
        ],
        "exportConfig": {"type": "ActualCost", "resourceId": f"{_SUBSCRIPTION}/exports/costs"},
        "runInfo": {"submittedTime": draw.one_of(_AZURE_WORDS)},
        "dataRowCount": 2,
    }
    manifest = draw.json(_AZURE_WORDS, seed)
    root, parts = _azure_export()
    (root / "costs/20261001-20261031/run/manifest.json").write_bytes(manifest)
    found, refusals = _discovered(root)
    if not refusals and found:
        said: Any = json.loads(manifest.decode("utf-8-sig"))
        assert len(found[0]) == len(said["blobs"]), f"{said['blobs']} became {found[0]}"
        assert set(found[0]) <= parts


def csv_header(data: bytes) -> None:
    """A header is read as another parser reads it, and each layout makes of it what it can."""
    draw = Draw(data)
    spellings = _HEADERS["azure" if draw.flag() else "cur"]
    if draw.byte() % 4 == 0:
        first = draw.rest()
    else:
        names = [draw.one_of(found) for found in spellings.values() if draw.byte() % 9]
        names += draw.some(lambda: draw.one_of(_ODD_NAMES))
        text = io.StringIO()
        csv.writer(text, lineterminator=draw.one_of(("\n", "\r\n", "\r"))).writerow(names)
        first = draw.one_of((b"", b"\xef\xbb\xbf", b"\xff\xfe")) + text.getvalue().encode()
    part = MemoryPart("part.csv", first, "part.csv")
    try:
        with part.open() as stream:
            header = read_header(stream, part)
    except BillError:
        return
    text = first.partition(b"\n")[0].removeprefix(b"\xef\xbb\xbf").decode()
    assert len(header.names) == len(next(csv.reader([text])))
    for layout in (cur_layout, azure_layout):
        try:
            layout(part, dict.fromkeys(header.names, "VARCHAR"), FileFormat.CSV)
        except CostError:
            continue


def tags_json(data: bytes) -> None:
    """A cell of tags is refused, or is an object with every key that it had."""
    draw = Draw(data)
    cell = draw.json(("customer", "project", "acme", "managed-by"), {"customer": "acme"})
    text = cell.decode("utf-8", "replace")
    if draw.flag():
        text = text.removeprefix("{").removesuffix("}")
    connection, statement = _reading_of_tags()
    found, holds = cast(Any, connection.execute(statement, [text]).fetchone())
    if not holds or found is None:
        return
    said = json.loads(found)
    assert isinstance(said, dict), found
    count = connection.execute("SELECT len(json_keys(?))", [found]).fetchone()
    assert count is not None
    assert count[0] >= len(cast("dict[str, object]", said))


@cache
def _reading_of_tags() -> tuple[duckdb.DuckDBPyConnection, str]:
    connection = duckdb.connect(config={"threads": "1"})
    columns = Columns({"Tags": "VARCHAR"}, {"tags": ("Tags",)}, "part.csv")
    (check,) = tags_check(columns, "tags")
    return connection, (
        f'SELECT {tags(columns, "tags")}, {check.holds} FROM (SELECT ?::VARCHAR AS "Tags")'
    )


def _discovered(root: Path) -> tuple[list[list[str]], list[Refusal]]:
    """The names of the parts of each bill that was found, and what was refused."""
    refusals: list[Refusal] = []
    try:
        found = list(FolderSource(root).snapshots([], refusals.append))
    except CostError:
        return [], refusals
    return [[part.name for part in snapshot.parts] for snapshot in found], refusals


@cache
def _aws_export() -> tuple[Path, set[str]]:
    root = Path(tempfile.mkdtemp(prefix="fuzz-aws-"))
    data = root / "export" / "data" / "BILLING_PERIOD=2026-10" / "run"
    (root / "export" / "metadata" / "BILLING_PERIOD=2026-10" / "run").mkdir(parents=True)
    return root, _parts(data, "part-{}.csv", "bill_payer_account_id", "111122223333")


@cache
def _azure_export() -> tuple[Path, set[str]]:
    root = Path(tempfile.mkdtemp(prefix="fuzz-azure-"))
    data = root / "costs" / "20261001-20261031" / "run"
    return root, _parts(data, "part_{}.csv", "SubscriptionId", _SUBSCRIPTION.rpartition("/")[2])


def _parts(folder: Path, name: str, column: str, cell: str) -> set[str]:
    folder.mkdir(parents=True)
    names = {name.format(number) for number in range(2)}
    for each in names:
        (folder / each).write_text(f"{column},x\n{cell},1\n", encoding="utf-8")
    return names


def forget() -> None:
    """Remove the folders that targets wrote into."""
    for export in (_aws_export, _azure_export):
        if export.cache_info().currsize:
            shutil.rmtree(export()[0], ignore_errors=True)
            export.cache_clear()
