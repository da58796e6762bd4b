"""A hub in the emulator, and the warehouse that writes it."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from handlers.record import Cloud
from handlers.tables import FACTS, Table
from handlers.warehouses.bigquery import FACT_TABLES, tables
from handlers.warehouses.bigquery.jobs import Jobs
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse
from tests.engine.bigquery.emulator import PROJECT, Emulator, Row, behind_proxy

OF_A_TEST = 10**9


@dataclass(frozen=True)
class Hub:
    """The emulator with the hub's tables, and a warehouse over them."""

    emulator: Emulator
    warehouse: BigQueryWarehouse

    def rows(self, table: Table, clouds: Sequence[Cloud] = tuple(Cloud)) -> list[Row]:
        """Everything in a table, without what only the hub has; facts of these clouds."""
        names = [FACT_TABLES[cloud] for cloud in clouds] if table is FACTS else [table.name]
        columns = ", ".join(f"`{name}`" for name in table.names)
        return [
            row
            for name in names
            for row in self.emulator.run(f"SELECT {columns} FROM costs.{name}")
        ]


@contextmanager
def hub_in(emulator: Emulator, folder: Path) -> Generator[Hub, None, None]:
    """The hub's tables in ``emulator``, empty."""
    for table in tables():
        emulator.create("costs", table)
    with behind_proxy(emulator) as address:
        options = ClientOptions(api_endpoint=address)
        client: Any = bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)
        jobs = Jobs(
            client=client, location="US", max_bytes_billed=OF_A_TEST, remaining=lambda: 15.0
        )
        yield Hub(emulator, BigQueryWarehouse(jobs, PROJECT, "costs", "staging", folder))
        client.close()
