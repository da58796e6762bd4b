"""One function for each kind of panel; what is alike in all of them is said once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import barchart, bargauge, bigquery, common, stat, table
from grafana_foundation_sdk.builders import timeseries as series
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, GridPos

from dashboards.queries.sql import FILTERS, Query
from dashboards.source import SOURCE, table_query
from dashboards.style import WARNING, Column, cloud_columns, columns
from handlers.alerts import Hub

DOLLARS = "currencyUSD"
UNSEEN = {"viz": True, "legend": True, "tooltip": True}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A panel's fixed id, its title, its query and its place in a grid of 24 columns."""

    id: int
    title: str
    query: Query
    x: int
    y: int
    width: int
    height: int


class _Panel(Protocol):
    """What every panel builder of the SDK has."""

    def id(self, id_val: int) -> Self: ...
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def grid_pos(self, grid_pos: GridPos) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def override_by_name(self, name: str, properties: list[DynamicConfigValue]) -> Self: ...


Panel = TypeVar("Panel", bound=_Panel)


def number(*, spot: Spot, hub: Hub, column: str, colour: str | None = None) -> stat.Panel:
    """One number of a query that gives one row."""
    made = (
        stat.Panel()
        .with_target(_ask(spot, hub))
        .reduce_options(
            common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields(f"/^{column}$/")
        )
        .graph_mode(looks.BigValueGraphMode.NONE)
        .color_mode(looks.BigValueColorMode.VALUE if colour else looks.BigValueColorMode.NONE)
    )
    made = _placed(made, spot, columns()[column].unit)
    return made.override_by_name(column, [_value("color", _fixed(colour))]) if colour else made


def bars_by_day(*, spot: Spot, hub: Hub) -> series.Panel:
    """Stacked bars, one a day."""
    made = (
        series.Panel()
        .with_target(_ask(spot, hub))
        .draw_style(looks.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
        .fill_opacity(80)
        .line_width(0)
        .min(0)
        .legend(_legend().calcs(["sum", "max"]))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    return _drawn(_placed(made, spot, DOLLARS), spot.query.columns[1:], hub)


def bars_of_clouds(*, spot: Spot, hub: Hub) -> bargauge.Panel:
    """A bar for each cloud."""
    made = (
        bargauge.Panel()
        .with_target(_ask(spot, hub))
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .min(0)
    )
    return _drawn(_placed(made, spot, DOLLARS), spot.query.columns, hub)


def bars_by_name(*, spot: Spot, hub: Hub, drawn: Sequence[str]) -> barchart.Panel:
    """Stacked bars of the columns in ``drawn``, one for each name in the first column."""
    name, *others = spot.query.columns
    made = (
        barchart.Panel()
        .with_target(_ask(spot, hub))
        .x_field(name)
        .orientation(looks.VizOrientation.HORIZONTAL)
        .stacking(looks.StackingMode.NORMAL)
        .show_value(looks.VisibilityMode.NEVER)
        .min(0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    made = _drawn(_placed(made, spot, DOLLARS), drawn, hub)
    for other in others:
        if other not in drawn:
            made = made.override_by_name(other, [_value("custom.hideFrom", UNSEEN)])
    return made


def rows(*, spot: Spot, hub: Hub, uid: str) -> table.Panel:
    """A table; cells that name a model or a customer filter the dashboard ``uid`` to it."""
    made = table.Panel().with_target(_ask(spot, hub)).show_header(True)
    made = _placed(made, spot, "none")
    for name in spot.query.columns:
        made = made.override_by_name(name, _cells(columns()[name], name, uid))
    return made


def _ask(spot: Spot, hub: Hub) -> bigquery.Dataquery:
    return table_query(spot.query, hub)


def _placed(panel: Panel, spot: Spot, unit: str) -> Panel:
    return (
        panel.id(spot.id)
        .title(spot.title)
        .description(spot.query.meaning)
        .datasource(SOURCE)
        .grid_pos(GridPos(h=spot.height, w=spot.width, x=spot.x, y=spot.y))
        .unit(unit)
        .no_value("no data")
    )


def _drawn(panel: Panel, names: Sequence[str], hub: Hub) -> Panel:
    """Names, colours and units of series; a cloud whose bills are not expected is not shown."""
    unexpected = {column for cloud, column in cloud_columns().items() if cloud not in hub.clouds}
    for name in names:
        column = columns()[name]
        looks_like = [_value("displayName", column.title), _value("unit", column.unit)]
        if column.colour:
            looks_like.append(_value("color", _fixed(column.colour)))
        if name in unexpected:
            looks_like.append(_value("custom.hideFrom", UNSEEN))
        panel = panel.override_by_name(name, looks_like)
    return panel


def _cells(column: Column, name: str, uid: str) -> list[DynamicConfigValue]:
    made = [_value("displayName", column.title), _value("unit", column.unit)]
    if column.hidden:
        # The first until Grafana 12.1, the second from 12.2 on.
        made += [_value("custom.hidden", True), _value("custom.hideFrom", UNSEEN)]
    if column.gauge:
        gauge = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
        made += [_value("custom.cellOptions", gauge), _value("min", 0)]
    if column.link:
        made.append(_value("links", [_link(column.link, column.link_column or name, uid)]))
    if column.warn_above is not None:
        steps = [
            {"value": None, "color": "text"},
            {"value": column.warn_above + 1, "color": WARNING},
        ]
        made += [
            _value("thresholds", {"mode": "absolute", "steps": steps}),
            _value("custom.cellOptions", {"type": "color-text"}),
        ]
    return made


def _link(variable: str, column: str, uid: str) -> dict[str, object]:
    chosen = f"var-{variable}=${{__data.fields.{column}:percentencode}}"
    others = "".join(f"${{{name}:queryparam}}&" for name in FILTERS if name != variable)
    return {"title": "Show only this", "url": f"/d/{uid}?{chosen}&{others}${{__url_time_range}}"}


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(looks.LegendDisplayMode.TABLE)
        .placement(looks.LegendPlacement.BOTTOM)
    )


def _value(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(id_val=name, value=value)


def _fixed(colour: str) -> dict[str, object]:
    return {"mode": "fixed", "fixedColor": colour}
