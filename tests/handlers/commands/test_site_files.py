"""``offboard`` and ``forget`` change the site data where it is, also in a bucket."""

from pathlib import Path

import pytest

from handlers.commands.site_files import site_files
from handlers.errors import CostError
from tests.fakes.storage_server import fake_storage

PLACE = "gs://site/company"
CUSTOMERS = b"id,name,aliases,from,to\nacme,Acme,,,\n"


def test_a_site_in_a_bucket_is_read_and_written_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_storage() as store:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        store.put("site", "company/customers.csv", CUSTOMERS)
        found = site_files(PLACE)
        assert found.contents == {"customers.csv": CUSTOMERS}
        assert [each.id for each in found.site.customers] == ["acme"]
        changed = CUSTOMERS.replace(b"acme,Acme,,,", b"acme,Acme,,,2026-11-01")
        found.put({**found.contents, "customers.csv": changed})
        assert store.content("site", "company/customers.csv") == changed


def test_a_bucket_without_site_data_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_storage() as store:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        store.buckets["site"] = {}
        with pytest.raises(CostError, match="gs://site/company has no site data"):
            site_files(PLACE)


def test_a_folder_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_bytes(CUSTOMERS)
    assert site_files(str(tmp_path)).contents == {"customers.csv": CUSTOMERS}
