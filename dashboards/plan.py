"""A dashboard's fixed names, texts and places, from its TOML file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from dashboards.panels import Spot
from dashboards.queries.sql import queries
from dashboards.variables import variables
from handlers.alerts import Hub

TAG = "ai-cost"
"""On every dashboard of ours; the links between them go by it."""

FOLDER_UID = "ai-cost"
FOLDER_TITLE = "AI costs"
"""The folder of all dashboards and alert rules."""


@dataclass(frozen=True)
class Plan:
    """A dashboard without its panels; ``spots`` by the name that code and alert rules use."""

    uid: str
    title: str
    description: str
    spots: Mapping[str, Spot]


@cache
def plan(name: str) -> Plan:
    """The plan in ``<name>.toml``."""
    said = tomllib.loads(files("dashboards").joinpath(f"{name}.toml").read_text("utf-8"))
    spots = {name: _spot(panel) for name, panel in said["panels"].items()}
    return Plan(said["uid"], said["title"], said["description"], spots)


def _spot(said: Mapping[str, object]) -> Spot:
    match said:
        case {
            "id": int(number),
            "title": str(title),
            "query": str(query),
            "place": [int(x), int(y), int(width), int(height)],
        }:
            return Spot(
                id=number,
                title=title,
                query=queries()[query],
                x=x,
                y=y,
                width=width,
                height=height,
            )
        case _:
            raise ValueError(f"{said} is no panel: it needs id, title, query, place.")


def dashboard(of: Plan, hub: Hub) -> build.Dashboard:
    """A dashboard with its filters and its links to the others, and no panel yet."""
    return (
        build.Dashboard(of.title)
        .uid(of.uid)
        .description(of.description)
        .tags([TAG])
        .timezone("utc")
        .time("now-30d/d", "now")
        .refresh("")
        .readonly()
        .links(
            [
                build.DashboardLink("")
                .type(DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .include_vars(True)
                .keep_time(True)
            ]
        )
        .variables([*variables(hub)])
    )
