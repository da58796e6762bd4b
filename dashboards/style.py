"""How columns look: ``style.toml`` as objects."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.record import Cloud

WARNING = "#E02F44"
"""The colour of what someone should look at."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column wherever it is drawn; ``unit`` is Grafana's id of one.

    ``link`` is the filter that a click on a cell sets, to the value of ``link_column``.
    """

    title: str
    unit: str
    colour: str | None = None
    gauge: bool = False
    hidden: bool = False
    link: str | None = None
    link_column: str | None = None
    warn_above: float | None = None

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


def _style() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("dashboards").joinpath("style.toml").read_text("utf-8"))
