"""Reading a container: all of one content, whole or not at all, whatever the network does."""

import gzip
import hashlib
from collections.abc import Sequence

import pytest

from handlers.errors import BillError
from handlers.sources.azure import ranges
from handlers.sources.azure.blobs import BlobObjects, container_of
from handlers.sources.azure.faults import (
    BlobChanged,
    BlobDamaged,
    BlobUnreachable,
    BlobVanished,
)
from handlers.sources.objects import Object
from tests.fakes.azure_blobs import FakeBlobs
from tests.fakes.azure_blobs_http import Fault
from tests.handlers.sources.azure.clouds import CONTAINER, Waits, credential, scope_of

SUBSCRIPTION = "/subscriptions/11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"
CONTENT = bytes(range(256)) * 5000


def store(
    blobs: FakeBlobs, tokens: Sequence[str] = ("valid",), waits: Waits | None = None, **more: int
) -> BlobObjects:
    blobs.tokens.add("valid")
    scope = scope_of(blobs.account_url, SUBSCRIPTION)
    container = blobs.opened.enter_context(container_of(scope, credential(*tokens)))
    return BlobObjects(container, (waits or Waits()).patience, **more)


def only(objects: BlobObjects) -> Object:
    (item,) = objects.below("")
    return item


def test_a_listing_of_several_pages_names_every_blob_once(blobs: FakeBlobs) -> None:
    keys = [f"a/{number:02}.csv" for number in range(10)]
    for key in [*keys, "ab/x.csv", "b.csv"]:
        blobs.put(CONTAINER, key, b"x")

    assert [item.key for item in store(blobs).below("a")] == keys


def test_a_page_that_fails_is_asked_for_again_and_no_blob_is_lost_or_doubled(
    blobs: FakeBlobs,
) -> None:
    for number in range(7):
        blobs.put(CONTAINER, f"{number}.csv", b"x")
    listing = iter(store(blobs, waits=(waits := Waits())).below(""))
    first = next(listing)
    blobs.faults.coming += [Fault(503, {"Retry-After": "9"}), Fault()]

    keys = [first.key, *(item.key for item in listing)]

    assert keys == [f"{number}.csv" for number in range(7)]
    assert waits.seconds == [9.0, 2.0]


def test_a_part_is_read_in_ranges_each_of_the_content_that_was_listed(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs)
    part = objects.part(only(objects))

    with part.open() as stream:
        assert stream.read() == CONTENT
    reads = [each for each in blobs.faults.requests if "x-ms-range" in each.headers]
    assert len(reads) == 2
    assert {each.headers["if-match"] for each in reads} == {f'"{"0x8DD" + "1".zfill(13)}"'}
    assert (part.name, part.size) == ("part.csv", len(CONTENT))


def test_opening_a_large_part_for_its_header_fetches_the_first_range_only(
    blobs: FakeBlobs,
) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs)

    with objects.part(only(objects)).open() as stream:
        stream.read(10)

    (read,) = [each for each in blobs.faults.requests if "x-ms-range" in each.headers]
    assert read.headers["x-ms-range"] == f"bytes=0-{ranges.FIRST_RANGE - 1}"


def test_bytes_arrive_as_stored_and_are_not_inflated_on_the_way(blobs: FakeBlobs) -> None:
    stored = gzip.compress(b"Date,Cost\n", mtime=0)
    blobs.put(CONTAINER, "part.csv.gz", stored)
    objects = store(blobs)

    with objects.part(only(objects)).open() as stream:
        assert stream.read() == stored


@pytest.mark.parametrize("sent", [0, 1000])
def test_a_connection_that_breaks_costs_one_range_and_no_byte(blobs: FakeBlobs, sent: int) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs)
    item = only(objects)
    blobs.faults.coming.append(Fault(sent=sent))

    with objects.part(item).open() as stream:
        assert stream.read() == CONTENT


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Fault(500), 1.0),
        (Fault(503, {"Retry-After": "12"}), 12.0),
        (Fault(429, {"Retry-After": "30"}), 30.0),
        (Fault(429), 1.0),
    ],
)
def test_a_busy_account_is_waited_for_as_it_asks(
    blobs: FakeBlobs, fault: Fault, waited: float
) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs, waits=(waits := Waits()))
    item = only(objects)
    blobs.faults.coming.append(fault)

    with objects.part(item).open() as stream:
        assert stream.read() == CONTENT
    assert waits.seconds == [waited]


def test_an_account_that_stays_busy_beyond_the_runs_time_is_left_to_the_next_run(
    blobs: FakeBlobs,
) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs, waits=Waits(left=60))
    item = only(objects)
    blobs.faults.coming.append(Fault(503, {"Retry-After": "120"}))

    with objects.part(item).open() as stream, pytest.raises(BlobUnreachable, match="120 s"):
        stream.read()


def test_a_token_that_expires_in_the_middle_is_replaced(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs, tokens=("valid", "second"))
    part = objects.part(only(objects))

    with part.open() as stream:
        start = stream.read(1)
        blobs.tokens = {"second"}
        assert start + stream.read() == CONTENT


def test_a_blob_that_vanished_after_the_listing_is_said_to_have(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs)
    item = only(objects)
    blobs.delete(CONTAINER, "part.csv")

    with objects.part(item).open() as stream, pytest.raises(BlobVanished) as vanished:
        stream.read()
    assert vanished.value.place.file == f"{blobs.account_url}/exports/part.csv"


def test_a_blob_that_is_replaced_while_it_is_read_ends_the_read(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT)
    objects = store(blobs)
    item = only(objects)

    with objects.part(item).open() as stream:
        stream.read(1)
        blobs.put(CONTAINER, "part.csv", CONTENT[::-1])
        with pytest.raises(BlobChanged):
            stream.read()


def test_what_is_not_what_was_stored_is_refused_at_its_end(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT, md5=hashlib.md5(b"other").digest())
    objects = store(blobs)
    item = only(objects)

    with objects.part(item).open() as stream, pytest.raises(BlobDamaged, match="MD5"):
        stream.read()
    with pytest.raises(BlobDamaged), objects.part(item).local():
        pass


def test_a_blob_without_a_stated_checksum_is_read_and_known_by_its_etag(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", CONTENT, md5=b"")
    objects = store(blobs)
    item = only(objects)

    assert item.checksum == "0x8DD" + "1".zfill(13)
    with objects.part(item).open() as stream:
        assert stream.read() == CONTENT


def test_the_same_content_written_again_has_the_same_checksum(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.csv", b"one")
    before = only(store(blobs)).checksum
    blobs.put(CONTAINER, "part.csv", b"one")

    assert only(store(blobs)).checksum == before
    blobs.put(CONTAINER, "part.csv", b"two")
    assert only(store(blobs)).checksum != before


def test_a_part_held_whole_is_a_file_for_as_long_as_the_block_runs(blobs: FakeBlobs) -> None:
    blobs.put(CONTAINER, "part.parquet", CONTENT)
    objects = store(blobs)

    with objects.part(only(objects)).local() as path:
        assert path.read_bytes() == CONTENT
    assert not path.parent.exists()


def test_a_part_that_does_not_fit_is_refused_before_a_byte_of_it_is_fetched(
    blobs: FakeBlobs,
) -> None:
    blobs.put(CONTAINER, "part.parquet", CONTENT)
    objects = store(blobs, budget=len(CONTENT) - 1)
    item = only(objects)

    with pytest.raises(BillError, match="more memory"), objects.part(item).local():
        pass
    assert not [each for each in blobs.faults.requests if "x-ms-range" in each.headers]


def test_a_full_disk_is_said_with_what_to_configure(
    blobs: FakeBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs.put(CONTAINER, "part.parquet", CONTENT)
    objects = store(blobs)
    item = only(objects)
    monkeypatch.setattr("handlers.sources.azure.blobs.shutil.copyfileobj", _full)

    with (
        pytest.raises(BillError, match=r"no room.*No space left on device"),
        objects.part(item).local(),
    ):
        pass


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_an_identity_without_the_role_is_told_which_one_it_needs(blobs: FakeBlobs) -> None:
    objects = store(blobs)
    blobs.faults.coming.append(Fault(403, {"x-ms-error-code": "AuthorizationPermissionMismatch"}))

    with pytest.raises(BlobUnreachable, match="Storage Blob Data Reader"):
        list(objects.below(""))


def test_a_manifest_names_blobs_by_key_or_by_an_address_in_the_container(blobs: FakeBlobs) -> None:
    objects = store(blobs)

    assert objects.key_of("a/b.csv") == "a/b.csv"
    assert objects.key_of(f"{blobs.account_url}/exports/a/b%20c.csv") == "a/b c.csv"
    with pytest.raises(BillError, match="not in this container"):
        objects.key_of(f"{blobs.account_url}/other/b.csv")
