"""How columns look: ``style.toml`` as objects."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.record import Cloud

WARNING = "#E02F44"
"""The colour of what someone should look at."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column wherever it is drawn; ``unit`` is Grafana's id of one, ``width`` is in pixels.

    ``leads_to`` is the dashboard that a click on a cell or a bar opens. ``sets`` are the filters
    that it sets there, each to what the row has in a column; ``fixes`` those that it sets to a
    value. A number is shown in red from ``warn_from`` on, or always with ``warns``; a text that
    ``wraps`` takes several lines where a table has no room for it in one.
    """

    title: str
    unit: str
    colour: str | None = None
    decimals: int | None = None
    width: int | None = None
    gauge: bool = False
    hidden: bool = False
    wraps: bool = False
    leads_to: str | None = None
    sets: Mapping[str, str] = field(default_factory=dict[str, str])
    fixes: Mapping[str, str] = field(default_factory=dict[str, str])
    warn_from: float | None = None
    warns: bool = False

    @property
    def is_text(self) -> bool:
        """Whether its cells are words."""
        return self.unit == "string"


@cache
def columns() -> Mapping[str, Column]:
    """Every column by its name in the queries."""
    return {name: Column(**said) for name, said in _style()["columns"].items()}


@cache
def cloud_columns() -> Mapping[Cloud, str]:
    """The column of each cloud where a query has one for each."""
    return {Cloud(name): column for name, column in _style()["clouds"].items()}


@cache
def named_series() -> Mapping[str, str]:
    """The colour of a series that is no model and no customer, by its name."""
    return _style()["series"]


@cache
def palette() -> tuple[str, ...]:
    """The colours of models and customers."""
    return tuple(_style()["palette"]["colours"])


def _style() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("dashboards").joinpath("style.toml").read_text("utf-8"))
