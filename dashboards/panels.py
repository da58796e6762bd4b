"""One function for each kind of panel; what is alike in all of them is said once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, Self, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import barchart, bargauge, common, stat, table
from grafana_foundation_sdk.builders import timeseries as series
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, GridPos
from grafana_foundation_sdk.models.dashboard import Panel as Made

from dashboards import cells
from dashboards.cells import fixed, value
from dashboards.plan import Spot
from dashboards.queries.sql import COLOUR
from dashboards.style import columns, named_series, palette
from handlers.record import Cloud

DOLLARS = "currencyUSD"
NARROWEST = 80
"""Pixels of a table's column: a phone shows four of them, then scrolls."""


class _Panel(Protocol):
    """What every panel builder of the SDK has."""

    def id(self, id_val: int) -> Self: ...
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: DataSourceRef) -> Self: ...
    def targets(self, targets: list[cogbuilder.Builder[Dataquery]]) -> Self: ...
    def grid_pos(self, grid_pos: GridPos) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def override_by_field_type(
        self, field_type: str, properties: list[DynamicConfigValue]
    ) -> Self: ...
    def override_by_regexp(self, regexp: str, properties: list[DynamicConfigValue]) -> Self: ...
    def override_by_name(self, name: str, properties: list[DynamicConfigValue]) -> Self: ...


Panel = TypeVar("Panel", bound=_Panel)


class Asked(Protocol):
    """Whom the panels of a page ask."""

    @property
    def clouds(self) -> Collection[Cloud]:
        """The clouds whose bills are expected."""
        ...

    @property
    def chosen(self) -> Mapping[str, str]:
        """Filters that the page does not offer, for it is about one value of each."""
        ...

    def source(self, spot: Spot) -> DataSourceRef:
        """The data source of the panel."""
        ...

    def questions(self, spot: Spot) -> Sequence[cogbuilder.Builder[Dataquery]]:
        """What the panel asks."""
        ...


Kind: TypeAlias = Callable[[Spot, Asked], cogbuilder.Builder[Made]]


def number(spot: Spot, of: Asked) -> stat.Panel:
    """One number: the column of the only row, or of all rows by the spot's calculation."""
    column = columns()[spot.column]
    made = (
        stat.Panel()
        .reduce_options(
            common.ReduceDataOptions().calcs([spot.calc]).values(False).fields(f"/^{spot.column}$/")
        )
        .graph_mode(looks.BigValueGraphMode.NONE)
        .color_mode(looks.BigValueColorMode.VALUE if column.warns else looks.BigValueColorMode.NONE)
    )
    made = _placed(made, spot, column.unit, of)
    said: cells.Looks = []
    if column.warns:
        # Nothing is no warning, nor is what shows as $0.00.
        said.append(value("color", {"mode": "thresholds"}))
        said.append(value("thresholds", cells.red_from(0.005)))
    if column.decimals is not None:
        said.append(value("decimals", column.decimals))
    return made.override_by_name(spot.column, said) if said else made


def numbers(spot: Spot, of: Asked) -> stat.Panel:
    """A number for each column."""
    made = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .graph_mode(looks.BigValueGraphMode.NONE)
        .color_mode(looks.BigValueColorMode.NONE)
    )
    return _drawn(_placed(made, spot, "none", of), spot.shows, of)


def bars_by_day(spot: Spot, of: Asked) -> series.Panel:
    """Stacked bars, one a day, a series for each column."""
    return _drawn(_placed(_bars(), spot, DOLLARS, of), spot.shows[1:], of)


def bars_by_day_and_name(spot: Spot, of: Asked) -> series.Panel:
    """Stacked bars, one a day, a series for each name; a name leads to its model or customer."""
    return _named(_placed(_bars(), spot, DOLLARS, of), spot, of)


def bars_of_days_by_name(spot: Spot, of: Asked) -> barchart.Panel:
    """The same where the days are not those of the chosen time: the axis has no others."""
    made = _charted(spot, of, looks.VizOrientation.VERTICAL).legend(_legend().calcs(["sum", "max"]))
    day = value("unit", "time:ddd D MMM")
    return _named(made.override_by_name(spot.query.columns[0], [day]), spot, of)


def bars_and_mean(spot: Spot, of: Asked) -> series.Panel:
    """Bars, one a day, and the mean as a line; means are not to be added up."""
    _, bar, line = spot.shows
    bars = _bars(looks.StackingMode.NONE).legend(_legend().calcs(["lastNotNull", "max"]))
    made = _drawn(_placed(bars, spot, DOLLARS, of), spot.shows[1:], of)
    made = made.override_by_name(bar, [value("color", fixed("#7EB26D"))])
    return made.override_by_name(
        line,
        [
            value("custom.drawStyle", "line"),
            value("custom.lineWidth", 2),
            value("custom.fillOpacity", 0),
        ],
    )


def band(spot: Spot, of: Asked) -> series.Panel:
    """Actual and expected as lines, the usual as a band, what is unusual as dots."""
    made = (
        series.Panel()
        .draw_style(looks.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(0)
        .show_points(looks.VisibilityMode.NEVER)
        .min(0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    made = _drawn(_placed(made, spot, DOLLARS, of), spot.shows[1:], of)
    unlined = value("custom.lineWidth", 0)
    return (
        made.override_by_name("actual", [value("custom.lineWidth", 2)])
        .override_by_name("expected", [value("custom.lineStyle", {"fill": "dash", "dash": [6, 6]})])
        .override_by_name("lower", [unlined])
        .override_by_name(
            "upper",
            [unlined, value("custom.fillBelowTo", "Usual from"), value("custom.fillOpacity", 15)],
        )
        .override_by_name(
            "anomaly",
            [
                value("custom.drawStyle", "points"),
                value("custom.showPoints", "always"),
                value("custom.pointSize", 9),
            ],
        )
    )


def bars_of_clouds(spot: Spot, of: Asked) -> bargauge.Panel:
    """A bar for each cloud."""
    made = (
        bargauge.Panel()
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .min(0)
    )
    return _drawn(_placed(made, spot, DOLLARS, of), spot.shows, of)


def bars_by_name(spot: Spot, of: Asked) -> barchart.Panel:
    """Stacked bars of the shown columns, one for each name in the first column."""
    name, *others = spot.query.columns
    made = _charted(spot, of, looks.VizOrientation.HORIZONTAL)
    where = cells.links(columns()[name], of.chosen)
    for shown in spot.shows:
        said = _but_links(cells.series(shown, of.clouds, of.chosen))
        made = made.override_by_name(shown, [*said, *where])
    for other in others:
        if other not in spot.shows:
            made = made.override_by_name(other, [value("custom.hideFrom", cells.UNSEEN)])
    return made


def bars_of_times(spot: Spot, of: Asked) -> barchart.Panel:
    """Stacked upright bars, one for each month, weekday or hour in the first column."""
    return _drawn(_charted(spot, of, looks.VizOrientation.VERTICAL), spot.shows[1:], of)


def rows(spot: Spot, of: Asked) -> table.Panel:
    """A table; a cell that names a cloud, a model or a customer leads to it."""
    made = table.Panel().show_header(True).min_width(NARROWEST)
    made = _placed(made, spot, "none", of)
    for name in spot.query.columns:
        said = cells.cell(name, of.chosen) if name in spot.shows else cells.hidden()
        made = made.override_by_name(name, said)
    return made


KINDS: Mapping[str, Kind] = {
    kind.__name__: kind
    for kind in (
        number,
        numbers,
        bars_by_day,
        bars_by_day_and_name,
        bars_of_days_by_name,
        bars_and_mean,
        band,
        bars_of_clouds,
        bars_by_name,
        bars_of_times,
        rows,
    )
}
"""What ``draw`` in a plan can say."""


def _placed(panel: Panel, spot: Spot, unit: str, of: Asked) -> Panel:
    return (
        panel.id(spot.id)
        .title(spot.title)
        .description(spot.query.meaning)
        .datasource(of.source(spot))
        .targets([*of.questions(spot)])
        .grid_pos(GridPos(h=spot.height, w=spot.width, x=spot.x, y=spot.y))
        .unit(unit)
        .no_value(spot.empty)
    )


def _bars(stacking: looks.StackingMode = looks.StackingMode.NORMAL) -> series.Panel:
    return (
        series.Panel()
        .draw_style(looks.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(stacking))
        .fill_opacity(80)
        .line_width(0)
        .min(0)
        .legend(_legend().calcs(["sum", "max"]))
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )


def _charted(spot: Spot, of: Asked, orientation: looks.VizOrientation) -> barchart.Panel:
    made = (
        barchart.Panel()
        .x_field(spot.query.columns[0])
        .orientation(orientation)
        .stacking(looks.StackingMode.NORMAL)
        .show_value(looks.VisibilityMode.NEVER)
        .min(0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    return _placed(made, spot, DOLLARS, of)


def _drawn(panel: Panel, names: tuple[str, ...], of: Asked) -> Panel:
    for name in names:
        panel = panel.override_by_name(name, cells.series(name, of.clouds, of.chosen))
    return panel


def _named(panel: Panel, spot: Spot, of: Asked) -> Panel:
    """A series for each text of a column, in the colour that the query says.

    Where it says none the colours are Grafana's in their order, so that no two share one; picked by
    the name they would: there are about forty, many of them alike. A pattern is held against a
    series' name with its labels, ``cost {colour="c3", model="x"}``.
    """
    name = next(each for each in spot.query.columns[1:] if each != COLOUR)
    said = [
        value("displayName", f"${{__field.labels.{name}}}"),
        value("color", {"mode": "palette-classic"}),
        *cells.links(columns()[name], of.chosen, cells.SERIES),
    ]
    panel = panel.override_by_field_type("number", said)
    if COLOUR in spot.query.columns:
        for place, colour in enumerate(palette()):
            coloured = [value("color", fixed(colour))]
            panel = panel.override_by_regexp(f'/{COLOUR}="c{place}"/', coloured)
    for other, colour in named_series().items():
        own = [value("color", fixed(colour)), value("links", [])]
        panel = panel.override_by_regexp(f'/(^\\S+ |="){other}("|$)/', own)
    return panel


def _but_links(said: cells.Looks) -> cells.Looks:
    return [each for each in said if each.id_val != "links"]


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(looks.LegendDisplayMode.TABLE)
        .placement(looks.LegendPlacement.BOTTOM)
    )
