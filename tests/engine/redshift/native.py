"""AWS's own warehouse over the fake of the Data API, and loads into it."""

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.archive import FolderArchive
from handlers.catalog import load_catalog
from handlers.load.load import Loaded, Loader, Policy
from handlers.load.stage import Rules
from handlers.record import Cloud
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import Table
from handlers.warehouses.redshift.jobs import Jobs
from handlers.warehouses.redshift.names import Place
from handlers.warehouses.redshift.schema import table_name
from handlers.warehouses.redshift.staging import Staging
from handlers.warehouses.redshift.warehouse import RedshiftWarehouse
from tests.fakes.redshift_data import FakeRedshift
from tests.handlers.load.runs import NOW

BUCKET = "staging-of-tests"
ROLE = "arn:aws:iam::123456789012:role/copier"

Row = dict[str, Any]


@dataclass(frozen=True)
class Native:
    """The fake and its clients; ``waits`` are the pauses that jobs made."""

    fake: FakeRedshift
    data: Any
    s3: Any
    folder: Path
    waits: list[float] = field(default_factory=list[float])

    def warehouse(self, seconds: float = 20.0) -> RedshiftWarehouse:
        """A client that waits so long for an answer."""
        jobs = Jobs(
            client=self.data,
            workgroup="ai-cost",
            database="costs",
            remaining=lambda: seconds,
        )
        place = Place.parse(f"s3://{BUCKET}/loads")
        return RedshiftWarehouse(jobs, Staging(self.s3, place, self.folder), ROLE)

    def load(
        self,
        bills: Path,
        site: Path | None = None,
        warehouse: RedshiftWarehouse | None = None,
    ) -> list[Loaded]:
        """Load everything in ``bills``."""
        with self.loader(site, warehouse) as ours:
            return [ours.load(bill) for bill in FolderSource(bills).snapshots([])]

    @contextmanager
    def loader(
        self, site: Path | None = None, warehouse: RedshiftWarehouse | None = None
    ) -> Generator[Loader]:
        """A loader into the warehouse."""
        mine = warehouse or self.warehouse()
        known = load_site(site)
        rules: Callable[[Cloud], Rules] = lambda cloud: Rules(  # noqa: E731
            load_catalog(cloud, known.catalog.get(cloud)), known
        )
        archive = FolderArchive(Path(tempfile.mkdtemp(dir=self.folder)))
        with mine.open() as connection:
            yield Loader(mine, connection, archive, rules, Policy(lambda: NOW))

    def rows(self, table: Table) -> list[Row]:
        """Everything in a table."""
        columns = ", ".join(f'"{name}"' for name in table.names)
        found = self.fake.query(f"SELECT {columns} FROM {table_name(table)}")
        return [dict(zip(table.names, row, strict=True)) for row in found]

    def staged(self) -> Sequence[str]:
        """The keys that lie in the bucket for staging."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Contents", ())]
