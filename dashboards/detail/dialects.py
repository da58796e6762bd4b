"""Where the three dialects differ in what every query says: tables, days, quoting.

Quoting is named in every variable: ``singlequote`` escapes by a backslash, which is BigQuery's way
and would end a text in T-SQL; ``sqlstring`` doubles the quote
(https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/). A backslash escapes
in Redshift too (https://docs.aws.amazon.com/redshift/latest/dg/r_patternmatching_condition_like.html
writes two for one), so no filter offers a value that has one: customers travel as hex digits, and a
model with a quote or a backslash in its name is not offered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from dashboards.queries.sql import ALL, FILTERS, SINCE, UNTIL
from handlers.alerts import Hub
from handlers.record import UNTAGGED, Cloud
from handlers.tables import FACTS, LEDGER, Table
from handlers.warehouses.azuresql.names import table_name as azuresql_name
from handlers.warehouses.azuresql.schema import OUTBOX as AZURESQL_OUTBOX
from handlers.warehouses.bigquery import FACT_TABLES
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.redshift.schema import OUTBOX as REDSHIFT_OUTBOX
from handlers.warehouses.redshift.schema import table_name as redshift_name

_SECONDS = {"since": "${__from:date:seconds}", "until": "${__to:date:seconds}"}


class Dialect(StrEnum):
    """A language that a warehouse speaks; its files are in ``sql/<value>``."""

    BIGQUERY = "bigquery"
    REDSHIFT = "redshift"
    TSQL = "tsql"

    @property
    def quoting(self) -> str:
        """The format that quotes a variable's values."""
        return "singlequote" if self is Dialect.BIGQUERY else "sqlstring"

    def text(self, name: str) -> str:
        """The file ``name`` of this dialect.

        Raises:
            FileNotFoundError: there is none; a defect of whoever names it.
        """
        folder = files("dashboards.detail.sql").joinpath(self.value)
        return folder.joinpath(f"{name}.sql").read_text("utf-8").strip()

    def day(self, bound: str) -> str:
        """The first (``since``) or last (``until``) day of the chosen time, UTC."""
        days = f"{_SECONDS[bound]} / 86400"
        match self:
            case Dialect.BIGQUERY:
                return {"since": SINCE, "until": UNTIL}[bound]
            case Dialect.REDSHIFT:
                return f"(DATE '1970-01-01' + CAST({days} AS INTEGER))"
            case Dialect.TSQL:
                return f"DATEADD(DAY, {days}, CAST('1970-01-01' AS DATE))"

    def later(self, day: str, days: int) -> str:
        """The day that is so many days after ``day``; before it where negative."""
        if self is Dialect.TSQL:
            return f"DATEADD(DAY, {days}, {day})"
        return f"{day} {'-' if days < 0 else '+'} {abs(days)}"


@dataclass(frozen=True, kw_only=True)
class Store:
    """The warehouse in which a cloud's facts lie: its dialect and its tables, for SQL."""

    cloud: Cloud
    dialect: Dialect
    costs: str
    ledger: str
    outbox: str

    def words(self, filters: Sequence[str]) -> Mapping[str, str]:
        """SQL for each word in braces; ``filters`` are those that the page offers."""
        since, until = self.dialect.day("since"), self.dialect.day("until")
        named = {
            "costs": self.costs,
            "ledger": self.ledger,
            "outbox": self.outbox,
            "cloud": f"'{self.cloud.value}'",
            "name": self.cloud.value.lower(),
            "untagged": f"'{UNTAGGED}'",
            "since": since,
            "until": until,
            "consumed": "costs.charge_type IN ('usage', 'discount')",
            "in_range": (
                f"costs.date >= {since}\n    AND costs.date <= {until}\n"
                # A day can belong to the bill of the month before or after: a month wider.
                f"    AND costs.billing_period >= {self.dialect.later(since, -62)}\n"
                f"    AND costs.billing_period <= {self.dialect.later(until, 31)}"
            ),
            "picked": "\n    ".join(self._filter(name) for name in filters),
        }
        complete = self.dialect.text("complete").format(
            **named, a_month_before=self.dialect.later("scopes.newest_of_cloud", -31)
        )
        return {**named, "complete": complete}

    def _filter(self, variable: str) -> str:
        chosen = f"${{{variable}:{self.dialect.quoting}}}"
        return f"AND ({ALL} IN ({chosen}) OR costs.{FILTERS[variable]} IN ({chosen}))"


def in_hub(hub: Hub, cloud: Cloud) -> Store:
    """The bills of ``cloud`` that the hub itself loads: Google's always, the others' in phase 1.

    Raises:
        WarehouseError: the project or the dataset is not a name that BigQuery takes.
    """

    def table(name: str) -> str:
        return str(TableName(hub.project, hub.dataset, name))

    return Store(
        cloud=cloud,
        dialect=Dialect.BIGQUERY,
        costs=table(FACT_TABLES[cloud]),
        ledger=table("serving_ledger"),
        outbox="",
    )


def own_store(hub: Hub, cloud: Cloud) -> Store:
    """The warehouse that ``cloud`` has in phase 2.

    Raises:
        WarehouseError: the project or the dataset is not a name that BigQuery takes.
    """
    match cloud:
        case Cloud.GCP:
            return in_hub(hub, cloud)
        case Cloud.AWS:
            return _native(cloud, Dialect.REDSHIFT, redshift_name, REDSHIFT_OUTBOX)
        case Cloud.AZURE:
            return _native(cloud, Dialect.TSQL, azuresql_name, AZURESQL_OUTBOX)


def _native(cloud: Cloud, dialect: Dialect, name: Callable[[Table], str], outbox: Table) -> Store:
    return Store(
        cloud=cloud,
        dialect=dialect,
        costs=name(FACTS),
        ledger=name(LEDGER),
        outbox=name(outbox),
    )
