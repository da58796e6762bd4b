"""The hub's views: all facts as one table, and what dashboards and alerts read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.catalog.dialect import BIGQUERY
from handlers.focus import FOCUS_VERSION, VIEW, Dialect, select_list
from handlers.serving import EVERYONE_ELSE, NATIVE_WAREHOUSES, Path
from handlers.tables import DAILY, DIMENSIONS, FACTS, HOURLY, LEDGER, SERVING_CUT, UNNAMED, Table
from handlers.tables.loads import PLATFORM
from handlers.warehouses.bigquery.names import dataset_of
from handlers.warehouses.bigquery.schema import FACT_TABLES, hub_fields

_PATHS = "serving_paths"


@dataclass(frozen=True)
class BigQueryView:
    """A view to create, after the tables and views that it ``depends_on``."""

    name: str
    description: str
    depends_on: tuple[str, ...]
    file: str
    words: Mapping[str, str]

    def sql(self, project: str, dataset: str) -> str:
        """The query, in GoogleSQL, over the tables of that dataset.

        Raises:
            WarehouseError: a name is not one that BigQuery takes.
        """
        text = files("handlers.warehouses.bigquery").joinpath(self.file).read_text("utf-8")
        return text.format(dataset=dataset_of(project, dataset), **self.words)


@cache
def views() -> tuple[BigQueryView, ...]:
    """Every view of the hub, each after those it depends on."""
    return (
        BigQueryView(
            "unified_costs",
            f"{FACTS.meaning} Bills of all clouds that the hub loads.",
            tuple(FACT_TABLES.values()),
            "unified_costs.sql",
            {"columns": _list(FACTS.names)},
        ),
        BigQueryView(
            VIEW,
            f"The same as FOCUS {FOCUS_VERSION} names it.",
            ("unified_costs",),
            "focus_costs.sql",
            {"columns": select_list(Dialect.BIGQUERY)},
        ),
        BigQueryView(
            _PATHS,
            "The path that each customer's costs are served from; * is everyone who has no row.",
            (SERVING_CUT.name,),
            "serving_paths.sql",
            _words(),
        ),
        _costs("serving_daily_costs", DAILY),
        _costs("serving_hourly_costs", HOURLY),
        _costs("serving_unnamed_costs", UNNAMED),
        BigQueryView(
            "serving_dimensions",
            DIMENSIONS.meaning,
            (DIMENSIONS.name,),
            "serving_dimensions.sql",
            {"columns": _list(DIMENSIONS.names)},
        ),
        BigQueryView(
            "serving_ledger",
            "The loads of the path that is served to customers who have no row in serving_cut.",
            (LEDGER.name, _PATHS),
            "serving_ledger.sql",
            {"columns": _columns(LEDGER, "loads"), **_words()},
        ),
        BigQueryView(
            "serving_platform_costs",
            f"{PLATFORM.meaning} Each dollar once: no customer's, so from the path of everyone who"
            " has no row in serving_cut.",
            (PLATFORM.name, _PATHS),
            "serving_platform_costs.sql",
            {"columns": _columns(PLATFORM, "costs"), **_words()},
        ),
    )


def _costs(name: str, table: Table) -> BigQueryView:
    return BigQueryView(
        name,
        f"{table.meaning} Each dollar once, from the path that serving_cut names.",
        (table.name, _PATHS),
        "serving_costs.sql",
        {"table": table.name, "columns": _columns(table, "costs"), **_words()},
    )


def _words() -> dict[str, str]:
    literal = BIGQUERY.literal
    return {
        "hub": literal(Path.HUB),
        "native": literal(Path.NATIVE),
        "native_clouds": ", ".join(map(literal, NATIVE_WAREHOUSES)),
        "native_warehouses": ", ".join(map(literal, NATIVE_WAREHOUSES.values())),
        "everyone_else": literal(EVERYONE_ELSE),
    }


def _columns(table: Table, alias: str) -> str:
    return ", ".join(f"{alias}.`{field.name}`" for field in hub_fields(table))


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
