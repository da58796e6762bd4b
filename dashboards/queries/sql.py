"""The queries of ``queries.toml`` as SQL for a hub, with Grafana's variables in it.

Quoting is named in every variable (``:singlequote`` is what BigQuery takes), and days come from
epoch seconds: a formatted date is one of the browser's time zone, and Grafana's time macros compare
a DATE with a timestamp's text
(https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.alerts import Hub

ALL = "'__all'"
"""What "All" puts into the SQL in place of the values, already quoted."""

SINCE = "DATE_FROM_UNIX_DATE(DIV(${__from:date:seconds}, 86400))"
UNTIL = "DATE_FROM_UNIX_DATE(DIV(${__to:date:seconds}, 86400))"
"""The first and the last day of the chosen time, UTC whatever the project's default time zone."""

FILTERS: Mapping[str, str] = {
    "cloud_filter": "cloud_provider",
    "customer_filter": "customer_key",
    "model_filter": "model",
}
"""Each variable and the column that it filters."""


@dataclass(frozen=True)
class Query:
    """A query: ``meaning`` is what a reader is told of its numbers."""

    name: str
    meaning: str
    columns: tuple[str, ...]
    options: bool = False

    @property
    def is_series(self) -> bool:
        """Whether its rows are moments."""
        return self.columns[0] == "time"

    def sql(self, hub: Hub) -> str:
        """The query for Grafana, in BigQuery's dialect."""
        return _text(self.name).format(**words(hub))


def words(hub: Hub) -> Mapping[str, str]:
    """SQL for each word in braces."""
    named = hub.words()
    return {
        **named,
        "since": SINCE,
        "until": UNTIL,
        "in_range": (
            f"costs.date >= {SINCE}\n    AND costs.date <= {UNTIL}\n"
            # A day can belong to the bill of the month before or after: a month wider.
            f"    AND costs.billing_period >= {SINCE} - 62\n"
            f"    AND costs.billing_period <= {UNTIL} + 31"
        ),
        "picked": "\n    ".join(_filter(*each) for each in FILTERS.items()),
        "counts_tokens": "costs.usage_unit = 'tokens' AND costs.charge_type = 'usage'",
        "customer_names": _text("customer_names").format(**named),
    }


def _filter(variable: str, column: str) -> str:
    chosen = f"${{{variable}:singlequote}}"
    return f"AND ({ALL} IN ({chosen}) OR costs.{column} IN ({chosen}))"


def _text(name: str) -> str:
    return files("dashboards.queries").joinpath(f"{name}.sql").read_text("utf-8").strip()


@cache
def queries() -> Mapping[str, Query]:
    """Every query by name."""
    text = files("dashboards.queries").joinpath("queries.toml").read_text("utf-8")
    return {
        name: Query(name, said["meaning"], tuple(said["columns"]), said.get("options", False))
        for name, said in tomllib.loads(text).items()
    }
