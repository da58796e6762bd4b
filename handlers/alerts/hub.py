"""The hub as its readers name it: what stands for ``{word}`` in a query's file.

The queries are in BigQuery's dialect and keep to what DuckDB takes as well, once ``duckdb.sql`` has
given it a few functions: the same text answers in the cloud and on a laptop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from handlers.catalog.dialect import BIGQUERY
from handlers.record import UNKNOWN, UNTAGGED, Cloud
from handlers.tables import BUDGETS
from handlers.warehouses.bigquery import views
from handlers.warehouses.bigquery.names import TableName

PLAIN_TABLES = (BUDGETS.name,)
"""What readers ask directly, for it has no view."""


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A dataset of the hub, where it is, and the clouds whose bills are expected in it."""

    project: str
    dataset: str
    location: str
    clouds: tuple[Cloud, ...] = tuple(Cloud)

    def words(self) -> Mapping[str, str]:
        """SQL for each word: every view by its name, and what several queries have in common.

        Raises:
            WarehouseError: the project or the dataset is not a name that BigQuery takes.
        """
        names = (*(view.name for view in views()), *PLAIN_TABLES)
        tables = {name: str(TableName(self.project, self.dataset, name)) for name in names}
        loaded = files("handlers.alerts").joinpath("sql", "clouds_loaded.sql").read_text("utf-8")
        return {
            **tables,
            "clouds_loaded": loaded.strip().format(**tables),
            "expected_clouds": self._expected_clouds(),
            "untagged": BIGQUERY.literal(key_of(UNTAGGED)),
            "unknown": BIGQUERY.literal(UNKNOWN),
        }

    def _expected_clouds(self) -> str:
        rows = (
            f"SELECT {BIGQUERY.literal(cloud)} AS cloud_provider"
            for cloud in Cloud
            if cloud in self.clouds
        )
        return "(" + " UNION ALL ".join(rows) + ")"


def key_of(customer_id: str) -> str:
    """The ``customer_key`` of a customer."""
    return sha256(customer_id.encode()).hexdigest()[:16]
