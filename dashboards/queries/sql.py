"""The queries of ``queries.toml`` as SQL for a hub, with Grafana's variables in it.

Quoting is named in every variable (``:singlequote`` is what BigQuery takes), and days come from
epoch seconds: a formatted date is one of the browser's time zone, and Grafana's time macros compare
a DATE with a timestamp's text
(https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax/).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
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

PALETTE = 24
"""How many colours models and customers have between them; ``style.toml`` says which."""

COLOUR = "colour"
"""The column that says which of them a series has: ``c0``, ``c1``, ..."""

_FRAGMENTS = ("colours", "compared_bills", "customer_names", "this_month", "used_tokens")
"""Files that are no query but a table in several."""


@dataclass(frozen=True)
class Metric:
    """What a panel shows: ``meaning`` is what a reader is told of its numbers.

    ``words`` are those that a panel may say differently, and what they stand for if it does not.
    """

    name: str
    meaning: str
    columns: tuple[str, ...]
    options: bool = False
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_series(self) -> bool:
        """Whether its rows are moments."""
        return self.columns[0] == "time"


@dataclass(frozen=True)
class Query(Metric):
    """A metric over all clouds, asked of the hub."""

    def sql(self, hub: Hub, words: Mapping[str, str] | None = None) -> str:
        """The query for Grafana, in BigQuery's dialect; ``words`` are those said differently."""
        return _text(self.name).format(**_words(hub), **{**self.words, **(words or {})})


def _words(hub: Hub) -> Mapping[str, str]:
    """SQL for each word in braces."""
    named = {
        **hub.words(),
        "since": SINCE,
        "until": UNTIL,
        "parity_days": str(hub.parity_days),
        "palette": str(PALETTE),
    }
    clouds, customers, models = (f"${{{name}:singlequote}}" for name in FILTERS)
    words = {
        **named,
        "in_range": (
            f"costs.date >= {SINCE}\n    AND costs.date <= {UNTIL}\n"
            # A day can belong to the bill of the month before or after: a month wider.
            f"    AND costs.billing_period >= {SINCE} - 62\n"
            f"    AND costs.billing_period <= {UNTIL} + 31"
        ),
        "picked": "\n    ".join(_filter(*each) for each in FILTERS.items()),
        "picked_series": (
            f"({ALL} IN ({clouds}) OR found.cloud_provider IN ({clouds}))\n"
            f"    AND (\n        ({ALL} IN ({models}) AND {ALL} IN ({customers}))\n"
            f"        OR (found.series = 'model' AND found.key IN ({models}))\n"
            f"        OR (found.series = 'customer' AND found.key IN ({customers}))\n    )"
        ),
        "clouds": clouds,
        "customers": customers,
        "models": models,
        "consumed": "costs.charge_type IN ('usage', 'discount')",
        "counts_tokens": "costs.usage_unit = 'tokens' AND costs.charge_type = 'usage'",
    }
    return {**words, **{name: _text(name).format(**words) for name in _FRAGMENTS}}


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
        name: Query(
            name,
            said["meaning"],
            tuple(said["columns"]),
            said.get("options", False),
            said.get("words", {}),
        )
        for name, said in tomllib.loads(text).items()
    }
