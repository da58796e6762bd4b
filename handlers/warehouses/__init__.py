"""Where the tables live. A warehouse replaces one period of one scope in one transaction."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow
from handlers.record import Cloud


class Superseded(WarehouseError):
    """Another load of the bill was committed since this one was decided; nothing was changed.

    Decide again: the bill may be loaded already, or by a newer version.
    """


@dataclass(frozen=True)
class LoadBatch:
    """A load ready to be committed: temporary tables ``new_<table>`` and the ledger's row."""

    connection: duckdb.DuckDBPyConnection
    ledger: LedgerRow


class Warehouse(Protocol):
    """What a load needs of a warehouse."""

    name: str

    def open(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The connection that bills are read with, while this process is the only writer."""
        ...

    def migrate(self) -> None:
        """Create what is missing; idempotent."""
        ...

    def history(self, cloud: Cloud, scope: str, period: date) -> Sequence[LedgerRow]:
        """The ledger's rows of that bill, oldest first."""
        ...

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        ...

    def held(self) -> Sequence[LedgerRow]:
        """The rows of loads that wait for a person's decision."""
        ...

    def costs(self, cloud: Cloud, scope: str, period: date) -> Mapping[tuple[str, str], Decimal]:
        """What a loaded bill costs in USD per model and customer."""
        ...

    def accounts(self, cloud: Cloud, period: date) -> Sequence[tuple[str, str]]:
        """Scope and account of everything that is loaded for that month."""
        ...

    def replace(self, batch: LoadBatch) -> None:
        """Replace the period by the batch, with its ledger row, in one transaction."""
        ...

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger that changes no other table."""
        ...
