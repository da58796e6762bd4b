"""Exports in S3: read once, part by part, and whatever goes wrong the tables stay whole.

After every fault the tables are as before, the ledger says what happened, and the next run mends
it.
"""

import random
import resource
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from handlers.errors import BillError
from handlers.ledger import Status
from handlers.load.load import Outcome
from handlers.sources.aws.integrity import Integrity
from handlers.sources.aws.s3 import RESUMES, Connection, S3Client, S3Objects
from handlers.sources.objects import SourceUnavailable
from tests.fakes.s3 import FakeS3, Fault
from tests.handlers.sources.aws.bills import (
    OTHER,
    PAYER,
    Export,
    csv_bytes,
    gzipped,
    lines,
    parquet_bytes,
)
from tests.handlers.sources.aws.clouds import (
    BUCKET,
    NOVEMBER,
    OCTOBER,
    Collector,
    put_export,
    scope_of,
)

pytestmark = pytest.mark.slow

BILL = f"AWS {PAYER} 2026-11"
FIRST, SECOND = "cur2-00001.csv.gz", "cur2-00002.csv.gz"


def part(cost: str, times: int = 1) -> bytes:
    """A part of ``times`` AI lines of that cost each, and one that is not for AI."""
    rows = [{"line_item_unblended_cost": cost, "identity_line_item_id": f"{cost}-{number}"}
            for number in range(times)]  # fmt: skip
    return gzipped(csv_bytes(lines(*rows, OTHER)))


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "bills")


@pytest.fixture
def payer(tmp_path: Path) -> Collector:
    return Collector(tmp_path)


def put(s3: FakeS3, export: Export, *costs: str) -> None:
    """November's export anew, with a part of one AI line for each cost."""
    parts = {f"cur2-0000{number}.csv.gz": part(cost) for number, cost in enumerate(costs, 1)}
    put_export(s3, export.folder, export, parts)


def test_an_export_is_read_part_by_part_and_a_second_run_reads_manifests_alone(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    put(s3, export, "1.10", "2.20")
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal("3.30")
    assert {FIRST, SECOND} <= {key.rpartition("/")[2] for key in s3.asked_keys()}
    s3.asked.clear()
    assert payer.run().outcomes == [(BILL, Outcome.UNCHANGED)]
    assert [key for key in s3.asked_keys() if key.endswith(".gz")] == []


def test_only_the_parts_of_the_month_that_changed_are_read_again(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    october = Export(export.folder, month="2026-10")
    day = {
        "line_item_usage_start_date": "2026-10-05T00:00:00.000Z",
        "line_item_usage_end_date": "2026-10-06T00:00:00.000Z",
    }
    put_export(s3, export.folder, october, {FIRST: gzipped(csv_bytes(lines(day)))})
    put(s3, export, "1")
    payer.run((OCTOBER, NOVEMBER))
    put(s3, Export(export.folder, created="2026-11-21T04:00:00Z"), "4")
    s3.asked.clear()
    assert payer.run((OCTOBER, NOVEMBER)).outcomes == [
        (f"AWS {PAYER} 2026-10", Outcome.UNCHANGED),
        (BILL, Outcome.LOADED),
    ]
    assert [key for key in s3.asked_keys() if key.endswith(".gz") and "2026-10" in key] == []
    assert (payer.cost(OCTOBER), payer.cost()) == (Decimal("0.80"), Decimal(4))


def test_parquet_is_fetched_one_part_at_a_time(
    s3: FakeS3, export: Export, payer: Collector, tmp_path: Path
) -> None:
    rows = [lines({"line_item_unblended_cost": cost}) for cost in ("1.25", "2.5")]
    put_export(
        s3,
        export.folder,
        export,
        {f"cur2-0000{n}.parquet": parquet_bytes(each, tmp_path) for n, each in enumerate(rows)},
    )
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal("3.75")


def test_a_connection_that_is_reset_while_a_bill_is_read_loses_no_line(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    put_export(s3, export.folder, export, {FIRST: part("0.01", times=2000)})
    s3.faults.append(Fault(FIRST, times=5, cut=3000))
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal(20)


def through_the_proxy(s3: FakeS3) -> S3Client:
    sdk: Any = boto3
    return sdk.client("s3", endpoint_url=s3.address, region_name="eu-central-1")


def test_what_arrived_before_a_reset_is_not_asked_for_again(s3: FakeS3) -> None:
    content = random.Random(5).randbytes(3_000_000)
    s3.put(BUCKET, "x/part.csv", content)
    objects = S3Objects(Connection(lambda: through_the_proxy(s3), lambda _: None), BUCKET)
    (item,) = objects.below("x")
    s3.faults.append(Fault("part.csv", times=2, cut=2_000_000))
    with objects.part(item).open() as stream:
        assert stream.read() == content
    first, *resumed = [each.range for each in s3.asked]
    assert first == ""
    assert resumed
    assert all(int(each.removeprefix("bytes=").rstrip("-")) > 0 for each in resumed)


CHECKSUMS = "x-amz-checksum"


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("part.csv", flip=60, without=CHECKSUMS)],
        [Fault("part.csv", cut=2_000_000), Fault("part.csv", flip=60)],
        [Fault("part.csv", cut=2_000_000, without="etag"), Fault("part.csv", flip=60)],
        [Fault("part.csv", cut=2_000_000, without=CHECKSUMS), Fault("part.csv", flip=60)],
    ],
    ids=["the ETag alone", "after a reset", "after a reset by CRC-32", "after a reset by the ETag"],
)
def test_a_byte_that_arrives_as_another_is_found_though_botocore_compares_nothing(
    s3: FakeS3, faults: list[Fault]
) -> None:
    s3.put(BUCKET, "x/part.csv", random.Random(5).randbytes(3_000_000))
    objects = S3Objects(Connection(lambda: through_the_proxy(s3), lambda _: None), BUCKET)
    (item,) = objects.below("x")
    s3.faults.extend(replace(fault) for fault in faults)
    with (
        objects.part(item).open() as stream,
        pytest.raises(SourceUnavailable, match="not what was stored"),
    ):
        stream.read()


@pytest.mark.parametrize(
    "stated",
    [
        {"ETag": f'"{"0" * 32}-2"'},
        {"ETag": f'"{"0" * 32}"', "ServerSideEncryption": "aws:kms"},
        {"ETag": f'"{"0" * 32}"', "SSECustomerAlgorithm": "AES256"},
        {"ChecksumCRC32": "AAAAAA==", "ChecksumType": "COMPOSITE"},
        {"ChecksumCRC32": "AAAAAA==-2"},
    ],
    ids=["parts", "a key of KMS", "a key of one's own", "of parts", "of parts, as it was written"],
)
def test_what_is_not_of_the_whole_content_is_not_compared_with_it(stated: dict[str, str]) -> None:
    integrity = Integrity(stated)
    integrity.take(b"123456789")
    assert integrity.holds


def test_a_checksum_is_that_of_its_published_check_value() -> None:
    """Of "123456789": CRC-32 is cbf43926 (RFC 1952's), MD5 is in RFC 1321's manner 25f9e794."""
    right = {"ChecksumCRC32": "y/Q5Jg==", "ETag": '"25f9e794323b453885f5181f1b624d0b"'}
    for stated, holds in ((right, True), ({**right, "ChecksumCRC32": "y/Q5Jw=="}, False)):
        integrity = Integrity(stated)
        for block in (b"12345", b"6789"):
            integrity.take(block)
        assert integrity.holds is holds


def test_a_connection_that_always_breaks_ends_the_read(s3: FakeS3) -> None:
    s3.put(BUCKET, "x/part.csv", b"a" * 5000)
    waits: list[float] = []
    objects = S3Objects(Connection(lambda: through_the_proxy(s3), waits.append), BUCKET)
    (item,) = objects.below("x")
    s3.faults.append(Fault("part.csv", times=99, cut=10))
    with (
        pytest.raises(SourceUnavailable, match="The connection broke"),
        objects.part(item).open() as stream,
    ):
        stream.read()
    assert len(waits) == RESUMES


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (503, "SlowDown"),
        pytest.param(500, "InternalError", marks=pytest.mark.slow),
        pytest.param(503, "ServiceUnavailable", marks=pytest.mark.slow),
        pytest.param(429, "Throttling", marks=pytest.mark.slow),
    ],
)
def test_a_busy_s3_is_asked_again_with_growing_pauses(
    s3: FakeS3, export: Export, payer: Collector, waits: list[float], status: int, code: str
) -> None:
    put(s3, export, "1.10")
    s3.faults.append(Fault(FIRST, times=2, status=status, code=code))
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert len(waits) == 2


FAILS = {
    "500 that stays": (Fault("", 99, status=500, code="InternalError"), "AWS is busy"),
    "503 that stays": (Fault("", 99, status=503, code="SlowDown"), "AWS is busy"),
    "no right": (Fault("", 99, status=403, code="AccessDenied"), "s3:GetObject"),
    "a part that vanished": (Fault("", 1, status=404, code="NoSuchKey"), "no longer there"),
    "archived": (Fault("", 1, status=403, code="InvalidObjectState"), "moved to an archive"),
    "other bytes arrive": (Fault("", 1, flip=60), "checksum"),
    "the token stays expired": (
        Fault("", 99, status=400, code="ExpiredToken"),
        "expired and got no successor",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILS)
@pytest.mark.usefixtures("waits")
def test_after_a_fault_the_tables_are_as_before_and_the_next_run_mends_it(
    s3: FakeS3, export: Export, payer: Collector, name: str
) -> None:
    put(s3, export, "1.10")
    payer.run()
    put(s3, Export(export.folder, created="2026-11-21T04:00:00Z"), "1.20", "2.20")
    planned, said = FAILS[name]
    fault = Fault(SECOND, planned.times, None, planned.status, planned.code, planned.flip)
    s3.faults.append(fault)
    run = payer.run()
    assert run.outcomes == []
    (failure,) = run.failures
    assert said in failure
    assert SECOND in failure
    assert payer.cost() == Decimal("1.10")
    assert [row.status for row in payer.ledger()] == [Status.LOADED, Status.FAILED]
    assert payer.ledger()[-1].error == failure
    s3.faults.clear()
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal("3.40")


def test_a_token_that_expires_in_the_middle_is_replaced(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    put(s3, export, "1.10", "2.20")
    s3.faults.append(Fault(SECOND, 1, status=400, code="ExpiredToken"))
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal("3.30")


def test_a_part_that_vanishes_between_its_manifest_and_its_download(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    put(s3, export, "1.10", "2.20")
    key = export.part(SECOND).relative_to(export.folder).as_posix()
    s3.faults.append(Fault(SECOND, before=lambda: s3.delete(BUCKET, key)))
    run = payer.run()
    assert (run.outcomes, len(run.failures)) == ([], 1)
    assert "no longer there" in run.failures[0]
    assert payer.cost() == 0
    put(s3, export, "1.10", "2.20")
    payer.run()
    assert payer.cost() == Decimal("3.30")


def test_an_export_that_is_replaced_while_it_is_read_is_never_mixed(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    put(s3, export, "1.10", "2.20")
    newer = Export(export.folder, created="2026-11-21T04:00:00Z")
    s3.faults.append(Fault(SECOND, before=lambda: put(s3, newer, "10", "20")))
    run = payer.run()
    assert run.outcomes == []
    assert "replaced while it was read" in run.failures[0]
    assert payer.cost() == 0
    assert payer.run().outcomes == [(BILL, Outcome.LOADED)]
    assert payer.cost() == Decimal(30)


def test_what_does_not_fit_is_refused_and_says_what_to_configure(
    s3: FakeS3, export: Export, tmp_path: Path
) -> None:
    put_export(s3, export.folder, export, {"cur2-1.parquet": parquet_bytes(lines(), tmp_path)})
    small = Collector(tmp_path, budget=100)
    (failure,) = small.run().failures
    assert "0 MiB can be held at once" in failure
    assert "let the export write CSV with gzip" in failure
    assert small.ledger()[-1].status is Status.FAILED
    assert Collector(tmp_path).run().outcomes == [(BILL, Outcome.LOADED)]


def test_a_full_disk_is_said_with_what_to_configure(s3: FakeS3) -> None:
    s3.put(BUCKET, "x/part.parquet", b"a" * 200_000)
    objects = S3Objects(Connection(lambda: s3.client), BUCKET)
    (item,) = objects.below("x")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with (
            pytest.raises(BillError, match="There is no room here for its 0 MiB"),
            objects.part(item).local(),
        ):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_one_payers_bucket_that_can_not_be_read_keeps_no_other_from_loading(
    s3: FakeS3, export: Export, tmp_path: Path
) -> None:
    put(s3, export, "1.10")
    both = Collector(tmp_path, [scope_of("999900001111", "no-such-bucket"), scope_of()])
    run = both.run()
    assert run.outcomes == [(BILL, Outcome.LOADED)]
    (failure,) = run.failures
    assert "Check the scope's bucket and region" in failure


def test_a_manifest_that_leads_out_of_its_bucket_is_not_followed(
    s3: FakeS3, export: Export, payer: Collector
) -> None:
    s3.put("others", "secret.csv", csv_bytes(lines()))
    export.write(b"", keys=["s3://others/secret.csv"])
    s3.put(
        BUCKET, export.manifest.relative_to(export.folder).as_posix(), export.manifest.read_bytes()
    )
    (failure,) = payer.run().failures
    assert "which leads out of it" in failure
    assert "secret.csv" not in "".join(s3.asked_keys())
