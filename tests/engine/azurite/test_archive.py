"""The archive and the site data's copies in Microsoft's own emulator of blob storage."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

from handlers.archive import ArchiveError
from handlers.archive.blobs import BlobArchive, BlobPlace
from handlers.buckets import BucketError
from handlers.errors import BillError, UsageError
from handlers.runtimes.azure_site import BlobCopy
from handlers.runtimes.clients import Scratch
from handlers.runtimes.kept_site import site_or_copy
from handlers.site import Site
from tests.fakes.azurite import Azurite, token
from tests.handlers.runtimes.local import NOW
from tests.handlers.sources.azure.clouds import credential

pytestmark = pytest.mark.engine

NAME = "azure/scope/2026-11/abc.parquet"
CUSTOMERS = "id,name,aliases,from,to\nacme,Acme,,,\n"


@pytest.fixture
def container(azurite: Azurite, request: pytest.FixtureRequest) -> Iterator[ContainerClient]:
    """A container of the test's own, opened by a token as in the cloud."""
    name = "a" + "".join(filter(str.isalnum, request.node.name.lower()))[-50:]
    with (
        azurite.container(name) as made,
        ContainerClient(azurite.account_url, name, credential=credential(*[token()] * 4)) as opened,
    ):
        yield opened
        made.delete_container()


@pytest.fixture
def place(container: ContainerClient) -> BlobPlace:
    return BlobPlace(container, "kept/")


def file_of(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "on-its-way"
    path.write_bytes(content)
    return path


def test_what_is_kept_is_fetched_and_twice_is_once(place: BlobPlace, tmp_path: Path) -> None:
    archive = BlobArchive(place, tmp_path / "one")
    for _ in range(2):
        file = file_of(tmp_path / "one", b"lines")
        archive.keep(file, NAME)
        assert not file.exists()
    other = BlobArchive(place, tmp_path / "other")
    assert other.fetch(NAME).read_bytes() == b"lines"
    assert list(place.container.list_blob_names()) == [f"kept/{NAME}"]


def test_what_is_kept_is_never_written_again(place: BlobPlace, tmp_path: Path) -> None:
    archive = BlobArchive(place, tmp_path / "one")
    archive.keep(file_of(tmp_path / "one", b"lines"), NAME)
    with pytest.raises(ArchiveError, match="has 5 bytes that are not those of its name"):
        archive.keep(file_of(tmp_path / "one", b"other lines"), NAME)
    assert BlobArchive(place, tmp_path / "other").fetch(NAME).read_bytes() == b"lines"


def test_a_file_that_is_not_there_is_named_and_leaves_no_empty_one(
    place: BlobPlace, tmp_path: Path
) -> None:
    archive = BlobArchive(place, tmp_path)
    with pytest.raises(BillError, match=r"kept/azure/scope/2026-11/abc\.parquet: The archive file"):
        archive.fetch(NAME)
    assert not (tmp_path / NAME).exists()


def test_a_container_that_is_not_there_is_an_error_of_the_archive(
    azurite: Azurite, tmp_path: Path
) -> None:
    with ContainerClient(azurite.account_url, "nobody", credential=credential(token())) as gone:
        archive = BlobArchive(BlobPlace(gone, ""), tmp_path / "one")
        with pytest.raises(ArchiveError, match="Nothing was changed: try again"):
            archive.keep(file_of(tmp_path / "one", b"lines"), NAME)


@pytest.mark.parametrize(
    "place", ["gs://x/y", "https://evil.example/c", "https://acc.blob.core.windows.net/", ""]
)
def test_what_is_no_place_in_blob_storage_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="is no place in blob storage"):
        BlobPlace.parse(place, credential())


def test_a_place_is_a_container_and_a_prefix() -> None:
    place = BlobPlace.parse("https://aicost.blob.core.windows.net/archive/loads/", credential())
    with place.container:
        assert (place.container.container_name, place.prefix) == ("archive", "loads/")
        assert place.below("site").where("x").endswith("/archive/loads/site/x")


def read(copy: BlobCopy, folder: Path, text: str | None) -> Site:
    """The site of one run, with a hub that has that text, or is away."""

    def fetch(site: Path) -> None:
        if text is None:
            raise BucketError("gs://site: the store can't be reached.")
        (site / "customers.csv").write_text(text, encoding="utf-8")

    folder.mkdir()
    with ExitStack() as opened:
        return site_or_copy(fetch, copy, Scratch(folder, lambda: NOW, lambda: 60.0, opened))


def test_the_newest_site_data_is_used_while_the_hub_is_away(
    place: BlobPlace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = CUSTOMERS.replace("Acme", "Acme AG")
    expected: Site | None = None
    for day, text in enumerate((CUSTOMERS, CUSTOMERS, later, CUSTOMERS, later)):
        copy = BlobCopy(place.below("site"), lambda day=day: NOW + timedelta(days=day))
        expected = read(copy, tmp_path / str(day), text)
    assert len(list(place.container.list_blob_names())) == 4
    with caplog.at_level(logging.WARNING):
        again = read(BlobCopy(place.below("site"), lambda: NOW), tmp_path / "away", None)
    assert expected is not None
    assert again.customers == expected.customers
    assert "The site data is the last that was read: gs://site" in caplog.text


def test_without_a_copy_a_hub_that_is_away_is_the_error(place: BlobPlace, tmp_path: Path) -> None:
    with pytest.raises(BucketError, match="gs://site: the store can't be reached"):
        read(BlobCopy(place, lambda: NOW), tmp_path / "1", None)


def test_a_copy_that_can_not_be_kept_is_a_warning(
    azurite: Azurite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        ContainerClient(azurite.account_url, "nobody", credential=credential(token())) as gone,
        caplog.at_level(logging.WARNING),
    ):
        read(BlobCopy(BlobPlace(gone, ""), lambda: NOW), tmp_path / "1", CUSTOMERS)
    assert "could not be kept for days without the hub" in caplog.text
