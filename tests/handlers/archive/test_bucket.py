"""The archive in a bucket: created once, checked, fetched back."""

import hashlib
from collections.abc import Generator
from pathlib import Path

import pytest

from handlers.archive import ArchiveError
from handlers.archive.bucket import BucketArchive
from handlers.buckets import Address, Bucket
from handlers.errors import BillError
from tests.fakes.storage_server import FakeStorage, fake_storage

pytestmark = pytest.mark.slow

CONTENT = b"PAR1 not really"
NAME = f"aws/111122223333/2026-11/{hashlib.sha256(CONTENT).hexdigest()[:32]}.parquet"


@pytest.fixture
def store() -> Generator[FakeStorage]:
    with fake_storage("archive") as store:
        store.retained.add("archive")
        yield store


def archive(store: FakeStorage, folder: Path, room: int = 1000) -> BucketArchive:
    folder.mkdir(exist_ok=True)
    bucket = Bucket(store.client(), Address.parse("gs://archive/loads"), patience_seconds=3)
    return BucketArchive(bucket, folder, room)


def written(folder: Path, content: bytes = CONTENT) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / ".tmp"
    file.write_bytes(content)
    return file


def test_a_file_is_kept_below_the_prefix_and_leaves_the_function_s_memory(
    store: FakeStorage, tmp_path: Path
) -> None:
    file = written(tmp_path / "a")
    archive(store, tmp_path / "a").keep(file, NAME)
    assert store.content("archive", f"loads/{NAME}") == CONTENT
    assert not file.exists()


def test_what_is_there_already_is_not_written_again(store: FakeStorage, tmp_path: Path) -> None:
    for _ in range(2):
        archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    assert len(store.buckets["archive"][f"loads/{NAME}"]) == 1


def test_an_answer_that_was_lost_does_not_make_a_second_file_nor_an_error(
    store: FakeStorage, tmp_path: Path
) -> None:
    store.lost_answers = 1
    archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    assert len(store.buckets["archive"][f"loads/{NAME}"]) == 1


def test_other_content_under_the_name_is_refused_and_stays(
    store: FakeStorage, tmp_path: Path
) -> None:
    store.put("archive", f"loads/{NAME}", b"forged")
    with pytest.raises(ArchiveError, match="not those of its name"):
        archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    assert store.content("archive", f"loads/{NAME}") == b"forged"


def test_a_busy_store_is_asked_again_and_one_that_stays_busy_is_an_error(
    store: FakeStorage, tmp_path: Path
) -> None:
    store.faults[:] = [503]
    archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    store.faults[:] = [503] * 50
    with pytest.raises(ArchiveError, match="gs://archive/loads/aws"):
        archive(store, tmp_path / "b").fetch(NAME)


def test_a_missing_bucket_is_named(tmp_path: Path) -> None:
    with (
        fake_storage() as empty,
        pytest.raises(ArchiveError, match=r"gs://archive/loads/.*no such object or bucket"),
    ):
        archive(empty, tmp_path / "a").keep(written(tmp_path / "a"), NAME)


def test_a_file_comes_back_once_and_is_read_from_there_again(
    store: FakeStorage, tmp_path: Path
) -> None:
    archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    elsewhere = archive(store, tmp_path / "b")
    assert elsewhere.fetch(NAME).read_bytes() == CONTENT
    asked = len(store.requests)
    assert elsewhere.fetch(NAME) == tmp_path / "b" / NAME
    assert len(store.requests) == asked


def test_a_file_that_is_not_kept_is_a_bill_that_can_t_be_read(
    store: FakeStorage, tmp_path: Path
) -> None:
    with pytest.raises(BillError, match=r"gs://archive/loads/.*The archive file is not there"):
        archive(store, tmp_path / "a").fetch(NAME)


def test_content_that_arrives_changed_is_refused(store: FakeStorage, tmp_path: Path) -> None:
    store.put("archive", f"loads/{NAME}", CONTENT)
    store.corrupt = True
    with pytest.raises(ArchiveError, match="transfer failed"):
        archive(store, tmp_path / "a").fetch(NAME)
    assert not (tmp_path / "a" / NAME).exists()


def test_fetched_files_make_room_for_the_next(store: FakeStorage, tmp_path: Path) -> None:
    for name in ("x/1", "x/2", "x/3"):
        store.put("archive", f"loads/{name}", b"1234567890")
    fetching = archive(store, tmp_path / "a", room=20)
    paths = [fetching.fetch(name) for name in ("x/1", "x/2", "x/3")]
    assert [path.exists() for path in paths] == [False, True, True]
    assert fetching.fetch("x/1").read_bytes() == b"1234567890"


def test_a_refused_download_gives_its_connection_back(store: FakeStorage, tmp_path: Path) -> None:
    bucket = Bucket(store.client(), Address.parse("gs://archive/loads"), patience_seconds=3)
    store.put("archive", "loads/x", CONTENT)
    store.faults[:] = [503, 503]
    bucket.download("x", tmp_path / "x")
    assert store.faults == []
    assert len(store.connections) == 1


def test_only_objects_are_asked_about_never_the_bucket(store: FakeStorage, tmp_path: Path) -> None:
    archive(store, tmp_path / "a").keep(written(tmp_path / "a"), NAME)
    archive(store, tmp_path / "b").fetch(NAME)
    assert [asked for asked in store.requests if "/o" not in asked] == []
