"""A dashboard's JSON as objects: only what the viewer draws, in Grafana's own words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Override:
    """Properties for the fields that ``matcher`` names: by name, by type, by pattern of names."""

    matcher: str
    names: str
    properties: Json


@dataclass(frozen=True)
class Panel:
    """A panel and its place in a grid of 24 columns."""

    id: int
    type: str
    title: str
    description: str
    x: int
    y: int
    width: int
    height: int
    sql: str
    options: Json
    defaults: Json
    overrides: tuple[Override, ...]


@dataclass(frozen=True)
class Variable:
    """What a reader chooses by, several or All: ``values`` written out, or what ``sql`` offers."""

    name: str
    label: str
    values: tuple[str, ...]
    sql: str
    default: tuple[str, ...]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard; its links lead to those that bear one of ``link_tags``."""

    uid: str
    title: str
    description: str
    tags: frozenset[str]
    link_tags: frozenset[str]
    since: str
    until: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]


def read_dashboard(text: str) -> Dashboard:
    """The dashboard in a JSON text that ``dashboards.documents`` made.

    Raises:
        ValueError: it has something that the viewer does not draw; a defect of ours.
    """
    said: Json = json.loads(text)
    return Dashboard(
        uid=said["uid"],
        title=said["title"],
        description=said.get("description", ""),
        tags=frozenset(listed(said, "tags")),
        link_tags=frozenset(tag for link in listed(said, "links") for tag in listed(link, "tags")),
        since=said["time"]["from"],
        until=said["time"]["to"],
        variables=tuple(_variable(each) for each in listed(part(said, "templating"), "list")),
        panels=tuple(read_panel(each) for each in said["panels"]),
    )


def part(said: Json, name: str) -> Json:
    """An object inside an object; an empty one where there is none."""
    found: Json | None = said.get(name)
    return found or {}


def listed(said: Json, name: str) -> Sequence[Any]:
    """A list inside an object; an empty one where there is none."""
    found: Sequence[Any] | None = said.get(name)
    return found or ()


def read_panel(said: Json) -> Panel:
    """A panel of a dashboard's JSON.

    Raises:
        ValueError: it asks more than one question, which the viewer does not draw.
    """
    place: Json = said["gridPos"]
    config = part(said, "fieldConfig")
    (target,) = said["targets"]
    return Panel(
        id=said["id"],
        type=said["type"],
        title=said.get("title", ""),
        description=said.get("description", ""),
        x=place["x"],
        y=place["y"],
        width=place["w"],
        height=place["h"],
        sql=target["rawSql"],
        options=part(said, "options"),
        defaults=part(config, "defaults"),
        overrides=tuple(_override(each) for each in listed(config, "overrides")),
    )


def _override(said: Json) -> Override:
    matcher: Json = said["matcher"]
    properties: Sequence[Json] = said["properties"]
    return Override(
        matcher["id"], matcher["options"], {each["id"]: each["value"] for each in properties}
    )


def _variable(said: Json) -> Variable:
    if not (said["multi"] and said["includeAll"]):
        raise ValueError(f"{said['name']}: the viewer knows only filters of several values and All")
    query: Json | str = said["query"]
    written = query.split(",") if isinstance(query, str) else ()
    return Variable(
        name=said["name"],
        label=said["label"],
        values=tuple(value.strip() for value in written),
        sql="" if isinstance(query, str) else query["rawSql"],
        default=tuple(listed(part(said, "current"), "value")),
    )
