"""The fake store refuses what the real one refuses, seen through Google's own client."""

from collections.abc import Generator
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, NotFound, PreconditionFailed
from google.cloud.storage.retry import DEFAULT_RETRY

from tests.fakes.storage_server import FakeStorage, fake_storage


@pytest.fixture
def store() -> Generator[FakeStorage]:
    with fake_storage("archive") as store:
        yield store


def test_an_object_is_created_once_and_read_back(store: FakeStorage) -> None:
    client: Any = store.client()
    blob = client.bucket("archive").blob("a/b.bin")
    blob.upload_from_string(b"\r\n--\x00\n", if_generation_match=0)
    assert blob.download_as_bytes() == b"\r\n--\x00\n"
    with pytest.raises(PreconditionFailed):
        blob.upload_from_string(b"other", if_generation_match=0)
    assert store.content("archive", "a/b.bin") == b"\r\n--\x00\n"


def test_a_large_object_goes_up_in_blocks_and_arrives_whole(store: FakeStorage) -> None:
    content = bytes(range(256)) * 4 * 9 * 1024
    client: Any = store.client()
    blob = client.bucket("archive").blob("large", chunk_size=3 * 1024 * 1024)
    blob.upload_from_string(content, if_generation_match=0)
    assert store.content("archive", "large") == content
    assert len([said for said in store.requests if said.startswith("PUT")]) == 3


def test_what_is_not_there_is_404_and_what_is_retained_is_403(store: FakeStorage) -> None:
    client: Any = store.client()
    with pytest.raises(NotFound):
        client.bucket("archive").blob("no").download_as_bytes()
    with pytest.raises(NotFound):
        client.bucket("nowhere").blob("a").upload_from_string(b"x", if_generation_match=0)
    store.put("archive", "kept", b"1")
    store.retained.add("archive")
    with pytest.raises(Forbidden):
        client.bucket("archive").blob("kept").upload_from_string(b"2")


def test_a_listing_has_pages_and_only_the_newest_generation(store: FakeStorage) -> None:
    for number in range(7):
        store.put("archive", f"p/{number}", b"x")
    newest = store.put("archive", "p/3", b"y")
    client: Any = store.client()
    found = {blob.name: blob.generation for blob in client.list_blobs("archive", prefix="p/")}
    assert sorted(found) == [f"p/{number}" for number in range(7)]
    assert found["p/3"] == newest


def test_an_older_generation_can_still_be_read(store: FakeStorage) -> None:
    first = store.put("archive", "a", b"1")
    store.put("archive", "a", b"2")
    client: Any = store.client()
    bucket = client.bucket("archive")
    assert bucket.blob("a", generation=first).download_as_bytes() == b"1"
    assert bucket.blob("a").download_as_bytes() == b"2"


def test_a_busy_store_is_asked_again_by_the_client(store: FakeStorage) -> None:
    store.faults[:] = [503, 429]
    retry = DEFAULT_RETRY.with_delay(initial=0.01, maximum=0.02)
    client: Any = store.client()
    client.bucket("archive").blob("a").upload_from_string(b"x", if_generation_match=0, retry=retry)
    assert store.content("archive", "a") == b"x"
