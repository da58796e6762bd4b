"""Faults under a load from Azure: the tables stay whole, the ledger says why, a run mends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.archive import FolderArchive
from handlers.ledger import Status
from handlers.load import collecting
from handlers.load.collecting import Failure
from handlers.load.load import Loader, Policy
from handlers.site import load_site
from handlers.sources.refusals import Refusal
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.fakes.azure_blobs import FakeBlobs
from tests.fakes.azure_blobs_http import Fault, Seen
from tests.handlers.load.bills import write_site
from tests.handlers.load.runs import NOW, ledger, rules_of, tables
from tests.handlers.sources.azure.bills import ENROLLMENT, ea_bytes, export
from tests.handlers.sources.azure.clouds import CONTAINER, NOVEMBER, scope_of, source_of, upload

pytestmark = pytest.mark.slow

PART = "part_0_0001.csv"
NEWER = "0b1c2d3e-0000-4000-8000-000000000002"
MANY = 50
"""More than a run makes attempts."""


@dataclass
class Failures:
    """What a run says of bills that it could not load."""

    said: list[str] = field(default_factory=list[str])

    def starts(self, task: object) -> None:
        """See ``collecting.Watcher``."""

    def loaded(self, task: object, loaded: object) -> None:
        """See ``collecting.Watcher``."""

    def failed(self, failure: Failure, load_id: str) -> None:
        """See ``collecting.Watcher``."""
        del load_id
        self.said.append(str(failure.error))


@dataclass(frozen=True)
class Enrollment:
    """An enrollment whose export lies in ``blobs``, collected into ``folder``."""

    blobs: FakeBlobs
    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / "costs.duckdb"

    def put(self, cost: str, run: str, submitted: str) -> None:
        """Let the export run anew."""
        content = ea_bytes({"CostInBillingCurrency": cost})
        export(content, run=run, submitted=submitted).write(self.folder / "bills")
        upload(self.folder / "bills", lambda key, written: self.blobs.put(CONTAINER, key, written))

    def collect(self) -> list[str]:
        """One run over what is there; why bills could not be loaded."""
        site = load_site(
            write_site(self.folder / "site", rates="currency,month,rate\nEUR,2026-11,0.5\n")
        )
        source = source_of(self.blobs, scope_of(self.blobs.account_url, ENROLLMENT))
        store, failures = DuckDbWarehouse(self.warehouse, wait_seconds=5), Failures()
        refusals: list[Refusal] = []
        rules = rules_of(site)
        with store.open() as connection:
            archive = FolderArchive(self.folder / "archive")
            ours = Loader(store, connection, archive, rules, Policy(lambda: NOW))
            tasks = collecting.tasks_of(source, (NOVEMBER,), store, ours, refusals.append)
            refused = collecting.record_refusals(refusals, store, rules, lambda: NOW)
            collecting.load_all(tasks, failures, lambda: True)
        return [*(str(each.error) for each in refused), *failures.said]

    def cost(self) -> Decimal:
        """What stands in the tables, in the bill's currency."""
        rows = ledger(self.warehouse)
        return next(row.ai_total or Decimal(0) for row in rows[::-1] if row.status is Status.LOADED)


@pytest.fixture
def ours(blobs: FakeBlobs, tmp_path: Path) -> Enrollment:
    """With one run loaded, and a newer one that is not."""
    made = Enrollment(blobs, tmp_path)
    made.put("8", "0b1c2d3e-0000-4000-8000-000000000001", "2026-11-20T05:00:00Z")
    assert made.collect() == []
    assert made.cost() == 8
    made.put("9", NEWER, "2026-11-21T05:00:00Z")
    return made


def once(act: Callable[[Seen], None]) -> Callable[[Seen], None]:
    """``act`` just before the newer run's part is asked for, once."""
    left = [1]

    def before(seen: Seen) -> None:
        if left and NEWER in seen.path and seen.path.endswith(PART):
            left.clear()
            act(seen)

    return before


def key_of(seen: Seen) -> str:
    return seen.path.split("/", 3)[3]


def assert_unchanged_until_mended(ours: Enrollment, said: str, mend: Callable[[], None]) -> None:
    """A run fails, which the ledger says, and changes nothing else; the next one loads."""
    before = tables(ours.warehouse)
    (failure,) = ours.collect()
    assert said in failure
    assert PART in failure
    assert tables(ours.warehouse) == before
    assert [row.status for row in ledger(ours.warehouse)] == [Status.LOADED, Status.FAILED]
    assert ledger(ours.warehouse)[-1].error == failure
    mend()
    assert ours.collect() == []
    assert ours.cost() == 9


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([Fault(500, only=PART)] * MANY, "status 500"),
        ([Fault(503, only=PART)] * MANY, "status 503"),
        ([Fault(429, only=PART)] * MANY, "status 429"),
        ([Fault(503, {"Retry-After": "7200"}, only=PART)], "due in 7200 s"),
        ([Fault(only=PART)] * MANY, "does not answer"),
        ([Fault(403, only=PART)], "Storage Blob Data Reader"),
        ([Fault(401, only=PART)] * MANY, "Azure answered 401"),
    ],
    ids=["500", "503", "429", "a wait beyond the run", "resets", "no right", "an expired token"],
)
def test_what_stays_in_the_way_of_a_part_is_said_and_mended_by_a_later_run(
    ours: Enrollment, faults: Sequence[Fault], said: str
) -> None:
    ours.blobs.faults.coming += faults
    assert_unchanged_until_mended(ours, said, ours.blobs.faults.coming.clear)


def test_a_part_that_vanishes_after_its_manifest_was_read(ours: Enrollment) -> None:
    ours.blobs.faults.before = once(lambda seen: ours.blobs.delete(CONTAINER, key_of(seen)))
    assert_unchanged_until_mended(
        ours, "not there any more", lambda: ours.put("9", NEWER, "2026-11-21T05:00:00Z")
    )


def test_a_part_that_is_replaced_while_it_is_read(ours: Enrollment) -> None:
    newest = ea_bytes({"CostInBillingCurrency": "9"})
    ours.blobs.faults.before = once(lambda seen: ours.blobs.put(CONTAINER, key_of(seen), newest))
    assert_unchanged_until_mended(ours, "was replaced or deleted while it was read", lambda: None)


def test_a_part_that_arrives_with_another_checksum(ours: Enrollment) -> None:
    (key,) = (key for key in ours.blobs.blobs[CONTAINER] if NEWER in key and key.endswith(PART))
    right = ours.blobs.blobs[CONTAINER][key].content
    ours.blobs.put(CONTAINER, key, right, md5=b"0" * 16)
    assert_unchanged_until_mended(ours, "Its MD5 is", lambda: ours.blobs.put(CONTAINER, key, right))
