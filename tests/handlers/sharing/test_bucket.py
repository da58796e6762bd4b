"""Rows shared in a bucket, by Google's own client, over HTTP."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from handlers.sharing import ShareFailed, share, target_at
from handlers.site import Share, Shares
from handlers.tables import DAILY
from tests.fakes.duckdb_hub import DuckDbHub
from tests.fakes.storage_server import FakeStorage, fake_storage
from tests.handlers.sharing.test_share import key

NOVEMBER = date(2026, 11, 1)
FOLDER = f"daily/{key('acme')}"
FILES = [f"{FOLDER}/costs-2026-11.csv", f"{FOLDER}/costs-2026-11.parquet"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStorage]:
    with fake_storage() as store:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        store.buckets["shared"] = {}
        yield store


@pytest.fixture
def hub() -> Iterator[DuckDbHub]:
    hub = DuckDbHub.empty()
    for name, cost in (("acme", 3), ("globex", 500)):
        hub.add(
            DAILY, customer_key=key(name), date=NOVEMBER, billing_period=NOVEMBER,
            warehouse="hub", cloud_provider="AWS", cost=Decimal(cost),
        )  # fmt: skip
    yield hub
    hub.connection.close()


def shared(hub: DuckDbHub, bucket: str = "shared") -> list[str]:
    shares = Shares(f"gs://{bucket}/daily", shares=(Share("acme", ()),))
    return [name for each in share(hub, shares, [NOVEMBER], target_at) for name in each.written]


def test_a_customer_gets_its_own_rows_under_its_key_and_nothing_is_written_twice(
    store: FakeStorage, hub: DuckDbHub
) -> None:
    store.put("shared", f"daily/{key('globex')}/costs-2026-11.csv", b"another customer's")
    assert shared(hub) == ["costs-2026-11.csv", "costs-2026-11.parquet"]
    assert store.names("shared") == sorted([*FILES, f"daily/{key('globex')}/costs-2026-11.csv"])
    content = store.content("shared", FILES[0])
    assert b",3.000000000" in content
    assert b"500" not in content
    assert shared(hub) == []


def test_rows_that_change_are_written_over_what_was_there(
    store: FakeStorage, hub: DuckDbHub
) -> None:
    shared(hub)
    store.put("shared", FILES[0], b"spoilt")
    assert shared(hub) == ["costs-2026-11.csv"]
    assert b",3.000000000" in store.content("shared", FILES[0])


def test_what_somebody_writes_meanwhile_is_not_overwritten(
    store: FakeStorage, hub: DuckDbHub
) -> None:
    store.after_listing = [("shared", FILES[0], b"of another run")]
    with pytest.raises(ShareFailed, match=r"acme: .*costs-2026-11\.csv"):
        shared(hub)
    assert store.content("shared", FILES[0]) == b"of another run"


def test_a_bucket_that_is_not_there_is_named(store: FakeStorage, hub: DuckDbHub) -> None:
    del store
    with pytest.raises(ShareFailed, match="acme: gs://missing/daily"):
        shared(hub, "missing")
