"""The three warehouses' stand-ins: the hub and Azure SQL on DuckDB, Redshift on PostgreSQL."""

import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.alerts.bigquery import BigQueryRunner
from handlers.alerts.hub import Hub as HubNames
from handlers.outbox import NativeWarehouse
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from handlers.warehouses.azuresql.port import Database
from handlers.warehouses.azuresql.warehouse import Administration, AzureSqlWarehouse
from handlers.warehouses.bigquery import views
from handlers.warehouses.bigquery.jobs import Jobs
from handlers.warehouses.bigquery.publications import HubPublications
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse
from handlers.warehouses.redshift.jobs import Jobs as RedshiftJobs
from handlers.warehouses.redshift.names import Place
from handlers.warehouses.redshift.staging import Staging
from handlers.warehouses.redshift.warehouse import RedshiftWarehouse
from tests.engine.redshift.native import BUCKET, ROLE
from tests.fakes.azuresql import FakeAzureSql
from tests.fakes.bigquery_engine import PROJECT
from tests.fakes.bigquery_server import LOCATION, fake_bigquery
from tests.fakes.moto_server import REGION, aws_client, moto_server
from tests.fakes.postgres import postgres
from tests.fakes.redshift_data import FakeRedshift, fake_redshift
from tests.handlers.warehouses.azuresql.loads import COLLECTOR
from tests.migration.clock import Clock

_SECONDS = 60.0
_MOST_BYTES = 10**9


def _nap(_seconds: float) -> None:
    """A pause between two looks at what the stand-in has done by then."""
    time.sleep(0.005)


@dataclass(frozen=True)
class Hub:
    """The hub's dataset, as BigQuery's own client reaches it."""

    client: Any
    location: str

    @property
    def jobs(self) -> Jobs:
        """Its jobs."""
        return Jobs(
            client=self.client,
            location=self.location,
            max_bytes_billed=_MOST_BYTES,
            remaining=lambda: _SECONDS,
        )

    def warehouse(self, folder: Path) -> BigQueryWarehouse:
        """The tables that the hub's own loads fill."""
        return BigQueryWarehouse(self.jobs, PROJECT, "costs", "staging", folder)

    def publications(self, folder: Path) -> HubPublications:
        """The tables that the clouds' own warehouses publish to."""
        return HubPublications(self.jobs, PROJECT, "costs", "staging", folder)

    def runner(self) -> BigQueryRunner:
        """What answers the hub's SQL."""
        clouds = tuple(NATIVE_WAREHOUSES)
        names = HubNames(project=PROJECT, dataset="costs", location=self.location, clouds=clouds)
        return BigQueryRunner(self.jobs, names, "migration")


@dataclass(frozen=True)
class Redshift:
    """AWS's own."""

    fake: FakeRedshift
    data: Any
    s3: Any

    def warehouse(self, folder: Path) -> RedshiftWarehouse:
        """A client of it."""
        jobs = RedshiftJobs(
            client=self.data,
            workgroup="ai-cost",
            database="costs",
            remaining=lambda: _SECONDS,
            sleep=_nap,
        )
        staging = Staging(self.s3, Place.parse(f"s3://{BUCKET}/loads"), folder)
        return RedshiftWarehouse(jobs, staging, ROLE)


@dataclass(frozen=True)
class AzureSql:
    """Azure's own."""

    fake: FakeAzureSql
    clock: Clock

    def warehouse(self, folder: Path) -> AzureSqlWarehouse:
        """A client of it."""
        administration = Administration(Database(connect=self.fake.connecting()), [COLLECTOR])
        database = Database(
            connect=self.fake.connecting(COLLECTOR.name), remaining=lambda: _SECONDS
        )
        return AzureSqlWarehouse(database, folder, administration, self.clock)


@dataclass(frozen=True)
class Warehouses:
    """The hub, and each cloud's own."""

    hub: Hub
    redshift: Redshift
    azuresql: AzureSql

    def native(self, cloud: Cloud, folder: Path) -> NativeWarehouse:
        """The own warehouse of ``cloud``."""
        made: Mapping[Cloud, Redshift | AzureSql] = {
            Cloud.AWS: self.redshift,
            Cloud.AZURE: self.azuresql,
        }
        return made[cloud].warehouse(folder)


@contextmanager
def warehouses(clock: Clock) -> Generator[Warehouses]:
    """All three, empty, with the time of ``clock``."""
    with ExitStack() as stack:
        bigquery = stack.enter_context(fake_bigquery())
        bigquery.engine.clock = clock.server
        for view in views():
            bigquery.engine.create_view(f"costs.{view.name}", view.sql(PROJECT, "costs"))
        client = bigquery.client()
        stack.callback(client.close)
        yield Warehouses(
            Hub(client, LOCATION),
            stack.enter_context(_redshift(clock)),
            stack.enter_context(_azuresql(clock)),
        )


@contextmanager
def _redshift(clock: Clock) -> Generator[Redshift]:
    with ExitStack() as stack:
        address = stack.enter_context(postgres())
        s3 = aws_client("s3", stack.enter_context(moto_server()))
        stack.callback(s3.close)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        fake = stack.enter_context(fake_redshift(address, s3))
        fake.clock = clock.server
        data = aws_client("redshift-data", fake.url)
        stack.callback(data.close)
        yield Redshift(fake, data, s3)


@contextmanager
def _azuresql(clock: Clock) -> Generator[AzureSql]:
    fake = FakeAzureSql(clock=clock)
    try:
        yield AzureSql(fake, clock)
    finally:
        fake.close()
