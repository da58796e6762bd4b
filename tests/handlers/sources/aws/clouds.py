"""A payer whose export lies in S3 (moto's), collected into a DuckDB file by the real client."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from handlers.archive import FolderArchive
from handlers.ledger import LedgerRow
from handlers.load import collecting
from handlers.load.collecting import Failure
from handlers.load.load import Loader, Outcome, Policy
from handlers.scopes import AwsExport, AwsScope
from handlers.site import load_site
from handlers.sources.aws.credentials import own_session
from handlers.sources.aws.fallback import Fallback
from handlers.sources.aws.s3 import DEFAULT_BUDGET
from handlers.sources.aws.source import AwsSource, OpenSession, s3_objects
from handlers.sources.refusals import Refusal
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.fakes.s3 import FakeS3
from tests.handlers.load.runs import NOW, ledger, query, rules_of
from tests.handlers.sources.aws.bills import PAYER, Export

BUCKET = f"billing-{PAYER}"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def scope_of(payer: str = PAYER, bucket: str = BUCKET, prefix: str = "") -> AwsScope:
    """A payer's scope, whose role is the payer's own."""
    return AwsScope(
        id=payer,
        role_arn=f"arn:aws:iam::{payer}:role/reader",
        region="eu-central-1",
        bucket=bucket,
        prefix=prefix,
        export=AwsExport.CUR2,
    )


def put_export(fake: FakeS3, folder: Path, export: Export, parts: Mapping[str, bytes]) -> None:
    """Upload the month: its parts first, its manifest last, as AWS does."""
    export.write_parts(parts)
    files = [path for path in (folder / export.name).rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: path.name.endswith("-Manifest.json")):
        if export.month in str(path):
            fake.put(BUCKET, path.relative_to(folder).as_posix(), path.read_bytes())


@dataclass
class Run:
    """What a run came to: what became of each bill, and why some failed."""

    outcomes: list[tuple[str, Outcome]] = field(default_factory=list[tuple[str, Outcome]])
    failures: list[str] = field(default_factory=list[str])

    def starts(self, task: object) -> None:
        """See ``collecting.Watcher``."""

    def loaded(self, task: object, loaded: object) -> None:
        """See ``collecting.Watcher``."""

    def failed(self, failure: Failure, load_id: str) -> None:
        """See ``collecting.Watcher``."""


@dataclass(frozen=True)
class Collector:
    """Collects ``scopes`` into ``folder``/costs.duckdb."""

    folder: Path
    scopes: Sequence[AwsScope] = (scope_of(),)
    session: OpenSession = own_session
    budget: int = DEFAULT_BUDGET
    fallback: Fallback | None = None

    @property
    def warehouse(self) -> Path:
        """The tables."""
        return self.folder / "costs.duckdb"

    def run(self, periods: Sequence[date] = (NOVEMBER,)) -> Run:
        """One run over what is there."""
        with ExitStack() as opened:
            return self._run(periods, opened)

    def _run(self, periods: Sequence[date], opened: ExitStack) -> Run:
        source = AwsSource(
            self.scopes,
            lambda scope: s3_objects(scope, opened, self.session, self.budget),
            self.fallback,
        )
        refusals: list[Refusal] = []
        said = Run()
        store = DuckDbWarehouse(self.warehouse, wait_seconds=5)
        rules = rules_of(load_site(None))
        with store.open() as connection:
            archive = FolderArchive(self.folder / "archive")
            ours = Loader(store, connection, archive, rules, Policy(lambda: NOW))
            tasks = collecting.tasks_of(source, periods, store, ours, refusals.append)
            refused = collecting.record_refusals(refusals, store, rules, lambda: NOW)
            collected = collecting.load_all(tasks, said, lambda: True)
        said.outcomes = [(each.bill, each.outcome) for each in collected.outcomes]
        said.failures = [str(each.error) for each in (*refused, *collected.failures)]
        return said

    def cost(self, period: date = NOVEMBER) -> Decimal:
        """What stands in the tables for a month, in USD."""
        statement = "SELECT COALESCE(sum(cost_usd), 0) FROM llm_costs WHERE billing_period = ?"
        ((cost,),) = query(self.warehouse, statement, period)
        return Decimal(cost)

    def ledger(self) -> list[LedgerRow]:
        """The ledger, oldest row first."""
        return ledger(self.warehouse)
