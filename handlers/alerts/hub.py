"""The hub as its readers name it: what stands for ``{word}`` in a query's file.

The queries are in BigQuery's dialect and keep to what DuckDB takes as well, once ``duckdb.sql`` has
given it a few functions: the same text answers in the cloud and on a laptop.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Protocol

from handlers.catalog.dialect import BIGQUERY
from handlers.record import UNKNOWN, UNTAGGED, Cloud
from handlers.tables import (
    ALERTS,
    ANOMALIES,
    BILL_TOTALS,
    BUDGETS,
    DIGESTS,
    DIMENSIONS,
    LEDGER,
    PARITY,
    PROMOTIONS,
    RECONCILIATION,
    SERVING_CUT,
)
from handlers.warehouses.bigquery import views
from handlers.warehouses.bigquery.names import TableName

PLAIN_TABLES = (
    ALERTS.name,
    ANOMALIES.name,
    BUDGETS.name,
    PARITY.name,
    RECONCILIATION.name,
)
"""What readers ask directly, for it has no view."""

BOTH_PATHS = (
    BILL_TOTALS.name,
    DIGESTS.name,
    DIMENSIONS.name,
    LEDGER.name,
    PROMOTIONS.name,
    SERVING_CUT.name,
)
"""What promotion and reconciliation ask: what every path wrote, whichever is served."""


class Names(Protocol):
    """Whoever knows what stands for the words of a query's file."""

    def words(self) -> Mapping[str, str]:
        """SQL for each word."""
        ...


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A dataset of the hub, where it is, and the clouds whose bills are expected in it.

    ``parity_days`` is how many days in a row both paths of a cloud have to agree.
    """

    project: str
    dataset: str
    location: str
    clouds: tuple[Cloud, ...] = tuple(Cloud)
    parity_days: int = 7

    def words(self) -> Mapping[str, str]:
        """SQL for each word: every view by its name, and what several queries have in common.

        Raises:
            WarehouseError: the project or the dataset is not a name that BigQuery takes.
        """
        names = (*(view.name for view in views()), *PLAIN_TABLES, *BOTH_PATHS)
        tables = {name: str(TableName(self.project, self.dataset, name)) for name in names}
        return {**tables, **shared_words(tables, self.clouds), "amount": "NUMERIC"}


def shared_words(tables: Mapping[str, str], clouds: Collection[Cloud]) -> Mapping[str, str]:
    """What several queries have in common, in SQL that every engine takes."""
    folder = files("handlers.alerts").joinpath("sql")
    loaded = folder.joinpath("clouds_loaded.sql").read_text("utf-8")
    return {
        "clouds_loaded": loaded.strip().format(**tables),
        "expected_clouds": _expected_clouds(clouds),
        "untagged": BIGQUERY.literal(key_of(UNTAGGED)),
        "unknown": BIGQUERY.literal(UNKNOWN),
    }


def _expected_clouds(clouds: Collection[Cloud]) -> str:
    rows = (
        f"SELECT {BIGQUERY.literal(cloud)} AS cloud_provider" for cloud in Cloud if cloud in clouds
    )
    return "(" + " UNION ALL ".join(rows) + ")"


def key_of(customer_id: str) -> str:
    """The ``customer_key`` of a customer."""
    return sha256(customer_id.encode()).hexdigest()[:16]
