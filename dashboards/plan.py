"""A dashboard's fixed names, texts and places, from its TOML file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import cast

from dashboards.queries.sql import Metric, queries

TAG = "ai-cost"
"""On every dashboard of ours; the links between them go by it."""

DETAIL_TAG = "ai-cost-detail"
"""Beside it on the pages that ask a cloud's own warehouse."""

FOLDER_UID = "ai-cost"
FOLDER_TITLE = "AI costs"
"""The folder of all dashboards and alert rules."""

PLANS = ("overview", "trends", "models", "customers", "anomalies", "parity")
"""The files of ``dashboards/plans``, in the order of the dashboards."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A panel: its fixed id, what it asks, how it is drawn, its place in a grid of 24 columns.

    ``draw`` is a kind of panel; ``column`` is the number of a panel that shows one and ``calc`` how
    many rows become one; ``shows`` are the columns that are drawn, by default all; ``words`` are
    those that the query is to say differently. ``empty`` is what it says without a number.
    """

    id: int
    title: str
    query: Metric
    draw: str
    x: int
    y: int
    width: int
    height: int
    column: str = ""
    calc: str = "lastNotNull"
    shows: tuple[str, ...] = ()
    empty: str = "no data"
    words: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Plan:
    """A dashboard's names and texts; ``spots`` by the name that code and alert rules use."""

    uid: str
    title: str
    description: str
    spots: Mapping[str, Spot]


@cache
def plan(name: str) -> Plan:
    """The plan in ``plans/<name>.toml``.

    Raises:
        ValueError: a panel lacks something, or names what is not there; a defect of the file.
    """
    said = tomllib.loads(files("dashboards.plans").joinpath(f"{name}.toml").read_text("utf-8"))
    spots = {name: spot_from(panel) for name, panel in said["panels"].items()}
    return Plan(said["uid"], said["title"], said["description"], spots)


@cache
def plans() -> tuple[Plan, ...]:
    """Every dashboard's plan."""
    return tuple(plan(name) for name in PLANS)


def spot_from(said: Mapping[str, object], known: Mapping[str, Metric] | None = None) -> Spot:
    """The panel that a plan's table writes; it asks one of ``known``, by default of the hub's.

    Raises:
        ValueError: it lacks something, or names what is not there.
    """
    metrics = queries() if known is None else known
    match said:
        case {
            "id": int(number),
            "title": str(title),
            "query": str(query),
            "draw": str(draw),
            "place": [int(x), int(y), int(width), int(height)],
        } if query in metrics:
            asked = metrics[query]
        case _:
            raise ValueError(f"{said} is no panel: it needs id, title, query, draw, place.")
    shows = tuple(cast("Sequence[str]", said.get("shows", asked.columns)))
    column = str(said.get("column", ""))
    for name in (*shows, *([column] if column else [])):
        if name not in asked.columns:
            raise ValueError(f"panel {number} shows {name}, which {query} does not give.")
    return Spot(
        id=number,
        title=title,
        query=asked,
        draw=draw,
        x=x,
        y=y,
        width=width,
        height=height,
        column=column,
        calc=str(said.get("calc", "lastNotNull")),
        shows=shows,
        empty=str(said.get("empty", "no data")),
        words=cast("Mapping[str, str]", said.get("words", {})),
    )
