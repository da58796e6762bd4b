"""The site data in a bucket: one moment's files, replaced only by whoever looked at them."""

import gc
import json
from collections.abc import Generator
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.buckets import Address, Bucket, BucketError
from handlers.commands.site import site
from handlers.errors import SiteError
from handlers.site import load_site
from handlers.site.bucket import MOST_FILES, fetch_site, put_site_in_bucket
from tests.fakes.storage_server import FakeStorage, fake_storage

pytestmark = pytest.mark.slow

CUSTOMERS = b"id,name,aliases\nacme,Acme,\n"
RATES = b"month,currency,rate\n2026-10,EUR,0.9\n"


@pytest.fixture
def store() -> Generator[FakeStorage]:
    with fake_storage("site") as store:
        yield store


def bucket(store: FakeStorage) -> Bucket:
    return Bucket(store.client(), Address.parse("gs://site/company"), patience_seconds=3)


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_the_files_below_the_prefix_are_a_site(store: FakeStorage, tmp_path: Path) -> None:
    store.put("site", "company/customers.csv", CUSTOMERS)
    store.put("site", "company/catalog/aws.toml", b"# none\n")
    store.put("site", "company/README.md", b"for people")
    store.put("site", "other/customers.csv", b"id,name,aliases\nother,Other,\n")
    generations = fetch_site(bucket(store), tmp_path)
    assert sorted(generations) == ["catalog/aws.toml", "customers.csv"]
    assert [customer.id for customer in load_site(tmp_path).customers] == ["acme"]


def test_an_empty_prefix_is_the_shipped_defaults(store: FakeStorage, tmp_path: Path) -> None:
    assert fetch_site(bucket(store), tmp_path) == {}
    assert load_site(tmp_path) == load_site(None)


def test_a_site_that_changes_while_it_is_read_is_read_again(
    store: FakeStorage, tmp_path: Path
) -> None:
    store.put("site", "company/customers.csv", CUSTOMERS)
    changed = CUSTOMERS.replace(b"acme", b"apex")
    store.after_listing = [("site", "company/customers.csv", changed)]
    fetch_site(bucket(store), tmp_path)
    assert (tmp_path / "customers.csv").read_bytes() == changed


def test_a_misspelt_file_is_said_and_not_passed_over(store: FakeStorage, tmp_path: Path) -> None:
    store.put("site", "company/custmers.csv", CUSTOMERS)
    fetch_site(bucket(store), tmp_path)
    with pytest.raises(SiteError, match=r"customers\.csv"):
        load_site(tmp_path)


def test_a_prefix_that_is_no_site_is_not_fetched(store: FakeStorage, tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        store.put("site", f"company/{number}.csv", b"")
    with pytest.raises(SiteError, match="101 files"):
        fetch_site(bucket(store), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_not_there_is_an_error_not_the_defaults(tmp_path: Path) -> None:
    with fake_storage() as empty, pytest.raises(BucketError, match="gs://site/company"):
        fetch_site(bucket(empty), tmp_path)


def test_put_writes_what_changed_and_nothing_else(store: FakeStorage, tmp_path: Path) -> None:
    store.put("site", "company/customers.csv", CUSTOMERS)
    source = new(tmp_path / "new")
    (source / "customers.csv").write_bytes(CUSTOMERS)
    (source / "budgets.csv").write_bytes(b"scope,id,month,amount_usd\ntotal,,*,100\n")
    changed = put_site_in_bucket(source, bucket(store), new(tmp_path / "work"))
    assert list(changed) == ["budgets.csv"]
    assert len(store.buckets["site"]["company/customers.csv"]) == 1
    assert store.content("site", "company/budgets.csv").startswith(b"scope,id")


def test_a_site_that_would_not_be_valid_is_not_put(store: FakeStorage, tmp_path: Path) -> None:
    source = new(tmp_path / "new")
    (source / "budgets.csv").write_bytes(b"scope,id,month,amount_usd\ntotal,,*,dear\n")
    with pytest.raises(SiteError, match="dear"):
        put_site_in_bucket(source, bucket(store), new(tmp_path / "work"))
    assert store.names("site") == []


def test_of_two_who_change_a_file_the_second_is_told(store: FakeStorage, tmp_path: Path) -> None:
    source = new(tmp_path / "new")
    (source / "customers.csv").write_bytes(CUSTOMERS)
    ours = bucket(store)

    class Late(Bucket):
        def upload(self, file: Path, name: str, generation: int) -> None:
            store.put("site", "company/customers.csv", b"theirs")
            super().upload(file, name, generation)

    late = Late(store.client(), ours.address, patience_seconds=3)
    with pytest.raises(SiteError, match="changed by somebody else"):
        put_site_in_bucket(source, late, new(tmp_path / "work"))
    assert store.content("site", "company/customers.csv") == b"theirs"


def test_the_door_puts_and_shows_a_site_in_a_bucket(
    store: FakeStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
    (new(tmp_path / "new") / "customers.csv").write_bytes(CUSTOMERS)
    put = CliRunner().invoke(site, ["put", str(tmp_path / "new"), "--site", "gs://site/company"])
    assert put.output == ("put gs://site/company/customers.csv\nIn force with the next load.\n"), (
        put.exception
    )
    assert store.content("site", "company/customers.csv") == CUSTOMERS
    for words in (["--site", "gs://site/company"], []):
        monkeypatch.setenv("ACM_SITE", "gs://site/company")
        shown = CliRunner().invoke(site, ["show", "--format", "json", *words])
        assert [each["id"] for each in json.loads(shown.output)["customers"]] == ["acme"]
    gc.collect()
