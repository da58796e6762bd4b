"""How the fields of a panel look and where they lead: Grafana's overrides, from ``style.toml``."""

from collections.abc import Collection, Iterable, Mapping

from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from dashboards.queries.sql import FILTERS
from dashboards.style import WARNING, Column, cloud_columns, columns
from handlers.record import Cloud

Looks = list[DynamicConfigValue]

UNSEEN = {"viz": True, "legend": True, "tooltip": True}
ROW = "__data.fields"
"""A click is on a row: its columns say where it leads."""
SERIES = "__field.labels"
"""A click is on a series: its labels do."""
_WRAPPED = {"type": "auto", "wrapText": True}
_GAUGE = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}


def value(name: str, said: object) -> DynamicConfigValue:
    """A property of a field."""
    return DynamicConfigValue(id_val=name, value=said)


def fixed(colour: str) -> dict[str, object]:
    """A colour of one's own."""
    return {"mode": "fixed", "fixedColor": colour}


def hidden() -> Looks:
    """Not drawn, though a link may need it: the first until Grafana 12.1, the second from 12.2."""
    return [value("custom.hidden", True), value("custom.hideFrom", UNSEEN)]


def series(name: str, clouds: Collection[Cloud], chosen: Mapping[str, str]) -> Looks:
    """A series or a bar; a cloud whose bills are not expected is not shown.

    ``chosen`` as in ``links``.
    """
    column = columns()[name]
    made = [value("displayName", column.title), value("unit", column.unit)]
    if column.colour:
        made.append(value("color", fixed(column.colour)))
    if name in {each for cloud, each in cloud_columns().items() if cloud not in clouds}:
        made.append(value("custom.hideFrom", UNSEEN))
    return [*made, *links(column, chosen)]


def cell(name: str, chosen: Mapping[str, str]) -> Looks:
    """A column of a table; ``chosen`` as in ``links``."""
    column = columns()[name]
    if column.hidden:
        return hidden()
    made = [value("displayName", column.title), value("unit", column.unit)]
    if column.decimals is not None:
        made.append(value("decimals", column.decimals))
    if column.width:
        made.append(value("custom.width", column.width))
    if column.wraps:
        made.append(value("custom.cellOptions", _WRAPPED))
    if column.gauge:
        made += [value("custom.cellOptions", _GAUGE), value("min", 0)]
    if column.warn_from is not None:
        made += [
            value("thresholds", red_from(column.warn_from)),
            value("custom.cellOptions", {"type": "color-text"}),
        ]
    return [*made, *links(column, chosen)]


def links(column: Column, chosen: Mapping[str, str], of: str = ROW) -> Looks:
    """Where a click leads: the other filters and the time stay as they are.

    ``chosen`` are filters that the page does not offer, for it is about one value of each; ``of``
    is what a click is on, ROW or SERIES.
    """
    if not column.leads_to:
        return []
    fixes = {**{k: v for k, v in chosen.items() if k not in column.sets}, **column.fixes}
    said = [f"var-{name}={fixed_value}" for name, fixed_value in fixes.items()]
    said += [f"var-{name}=${{{of}.{by}:percentencode}}" for name, by in column.sets.items()]
    kept = [f"${{{name}:queryparam}}" for name in _others({*fixes, *column.sets})]
    address = "&".join([*said, *kept, "${__url_time_range}"])
    link = {"title": "Look into this", "url": f"/d/{column.leads_to}?{address}"}
    return [value("links", [link])]


def _others(chosen: Iterable[str]) -> list[str]:
    return [name for name in FILTERS if name not in set(chosen)]


def red_from(first: float) -> dict[str, object]:
    """Thresholds: the text's own colour, and a warning's from ``first`` on."""
    steps = [{"value": None, "color": "text"}, {"value": first, "color": WARNING}]
    return {"mode": "absolute", "steps": steps}
