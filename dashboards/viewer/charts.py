"""Charts as options of ECharts: series over time, and bars by name.

Numbers go to the browser as they are, with the unit to write them in; ``static/viewer.js`` writes
axes and tooltips from it. A text from a bill is only ever a value, never a key or a function.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from dashboards.duckdb_source import Cell
from dashboards.viewer.colours import INKS, Ink, Theme, from_palette, hue
from dashboards.viewer.frames import CALCULATIONS, Field, drawn, number, reduced
from dashboards.viewer.model import Panel, listed, part
from dashboards.viewer.times import Range
from dashboards.viewer.units import UNITS, exact, write

Option: TypeAlias = dict[str, Any]

MOST_DAYS = 4000
"""A longer time is not filled up with empty days."""


@dataclass(frozen=True)
class Series:
    """A line or a row of bars: for each slot of the axis a value, and the row that it is from."""

    field: Field
    colour: str
    values: tuple[Cell, ...]
    rows: tuple[int | None, ...]

    @property
    def is_bars(self) -> bool:
        """Whether it is drawn as bars, over time as well as by name."""
        return self.field.custom.get("drawStyle", "bars") == "bars"


@dataclass(frozen=True)
class Entry:
    """A row of a legend: a series and its numbers, written out and in full.

    ``link`` is an address with variables in it; empty where it takes a row to fill them.
    """

    name: str
    colour: str
    numbers: tuple[tuple[str, str], ...]
    link: str


@dataclass(frozen=True)
class Chart:
    """What ECharts draws, and the legend below, whose columns are ``calculations``."""

    option: Option
    series: tuple[Series, ...]
    legend: tuple[Entry, ...]
    calculations: tuple[str, ...]
    summary: str

    def link_at(self, series: int, slot: int) -> tuple[str, int] | None:
        """The link behind a bar or a point, and the row that fills it."""
        if not (0 <= series < len(self.series) and 0 <= slot < len(self.series[series].rows)):
            return None
        row = self.series[series].rows[slot]
        link = self.series[series].field.link
        return (link, row) if link and row is not None else None


def time_chart(panel: Panel, of: Sequence[Field], chosen: Range, theme: Theme) -> Chart:
    """Lines or bars over time; days without a row stay empty, so that a gap is seen."""
    moments = [_moment(cell) for cell in of[0].cells]
    slots = _slots(moments, chosen)
    at = {moment: row for row, moment in enumerate(moments)}
    rows = tuple(at.get(slot) for slot in slots)
    series = tuple(
        Series(
            field,
            _colour(field, place, theme),
            tuple(None if row is None else field.cells[row] for row in rows),
            rows,
        )
        for place, field in enumerate(drawn(of[1:]))
    )
    days = {
        "type": "category",
        "data": [slot.isoformat(timespec="minutes") for slot in slots],
        "boundaryGap": any(each.is_bars for each in series),
    }
    labels = {":formatter": "viewer.axisDay", "hideOverlap": True, "margin": 14}
    ink = INKS[theme]
    return _chart(
        panel,
        _base(panel, series, ink)
        | {
            "xAxis": _axis(ink, labels, is_named=True) | days,
            "yAxis": _value_axis(panel, series, ink),
            "series": [_line(each) for each in series] + _bands(series),
        },
        series,
    )


def bar_chart(panel: Panel, of: Sequence[Field], theme: Theme) -> Chart:
    """Stacked bars, one for each name in the column that the panel says."""
    names = next(field for field in of if field.name == panel.options["xField"])
    rows = tuple(range(len(names.cells)))
    shown = [field for field in drawn(of) if field is not names]
    series = tuple(
        Series(field, _colour(field, place, theme), field.cells, rows)
        for place, field in enumerate(shown)
    )
    is_flat = panel.options.get("orientation") == "horizontal"
    labels = {"width": 130, "overflow": "truncate"} if is_flat else {"hideOverlap": True}
    ink = INKS[theme]
    named = _axis(ink, labels, is_named=True) | {
        "type": "category",
        "data": [_called(cell) for cell in names.cells],
        "inverse": is_flat,
    }
    valued = _value_axis(panel, series, ink)
    return _chart(
        panel,
        _base(panel, series, ink)
        | {
            "xAxis": valued if is_flat else named,
            "yAxis": named if is_flat else valued,
            "series": [
                _bars(each) | {"stack": "all", "barMaxWidth": 22 if is_flat else 48}
                for each in series
            ],
        },
        series,
    )


def _called(cell: Cell) -> str:
    """A name below a bar; a day as Grafana writes it by ``ddd D MMM``."""
    if isinstance(cell, date):
        return f"{cell:%a} {cell.day} {cell:%b}"
    return "" if cell is None else str(cell)


def _moment(cell: Cell) -> datetime:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - UTC throughout
    raise ValueError(f"a series over time has '{cell}' for a time")


def _slots(moments: Sequence[datetime], chosen: Range) -> list[datetime]:
    """Every day of the range where the moments are days, else the moments themselves."""
    found = sorted(set(moments))
    if not found or any(moment.time() != datetime.min.time() for moment in found):
        return found
    start = datetime.combine(chosen.start.date(), datetime.min.time())
    first, last = min(found[0], start), max(found[-1], chosen.end.replace(tzinfo=None))
    days = (last - first).days + 1
    return found if days > MOST_DAYS else [first + timedelta(days=day) for day in range(days)]


def _base(panel: Panel, series: Sequence[Series], ink: Ink) -> Option:
    units = json.dumps([_unit(each.field) for each in series])
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": panel.title}},
        "textStyle": {"fontFamily": "inherit"},
        "grid": {"left": 8, "right": 26, "top": 12, "bottom": 4, "containLabel": True},
        "legend": {"show": False},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "axisPointer": {"type": "shadow", "shadowStyle": {"opacity": 0.25}},
            "backgroundColor": ink.surface,
            "borderColor": ink.line,
            "textStyle": {"color": ink.text, "fontSize": 12},
            ":formatter": f"viewer.tooltip({units})",
        },
    }


def _axis(ink: Ink, labels: Option, *, is_named: bool) -> Option:
    return {
        "axisLine": {"lineStyle": {"color": ink.line}},
        "axisTick": {"show": False},
        "axisLabel": {"color": ink.muted, "fontSize": 12, **labels},
        "splitLine": {"show": not is_named, "lineStyle": {"color": ink.line}},
    }


def _value_axis(panel: Panel, series: Sequence[Series], ink: Ink) -> Option:
    unit = json.dumps(_unit(series[0].field) if series else {})
    labels = {":formatter": f"viewer.axisNumber({unit})", "hideOverlap": True}
    axis = _axis(ink, labels, is_named=False) | {"type": "value", "splitNumber": 4}
    least = panel.defaults.get("min")
    # Credits of a day can be more than its costs: then the axis has to reach below zero.
    if least is not None and not any(
        (number(value) or 0) < least for each in series for value in each.values
    ):
        axis["min"] = least
    return axis


def _line(series: Series) -> Option:
    custom = series.field.custom
    if series.is_bars:
        stacking = part(custom, "stacking")
        is_stacked = stacking.get("mode") == "normal"
        return _bars(series) | {"barCategoryGap": "18%"} | ({"stack": "A"} if is_stacked else {})
    is_points = custom.get("drawStyle") == "points"
    return _plain(series) | {
        "type": "line",
        "showSymbol": is_points or custom.get("showPoints") == "always",
        # Left to itself the library draws only dots that stand above a label of the axis.
        "showAllSymbol": True,
        "symbol": "circle",
        "symbolSize": custom.get("pointSize", 5),
        "lineStyle": {
            "width": 0 if is_points else custom.get("lineWidth", 1),
            "type": "dashed" if part(custom, "lineStyle").get("fill") == "dash" else "solid",
            "color": series.colour,
        },
    }


def _bands(series: Sequence[Series]) -> list[Option]:
    """The grounds between two lines: a stack of what is below and what is between, unnamed."""
    by_title = {each.field.title: each for each in series}
    found: list[Option] = []
    for upper in series:
        lower = by_title.get(upper.field.custom.get("fillBelowTo", ""))
        if lower is None:
            continue
        pairs = [
            (number(low), number(high))
            for low, high in zip(lower.values, upper.values, strict=True)
        ]
        below = [low for low, _ in pairs]
        between = [None if low is None or high is None else high - low for low, high in pairs]
        opacity = upper.field.custom.get("fillOpacity", 0) / 100
        for values, ground in ((below, 0), (between, opacity)):
            found.append(
                {
                    "type": "line",
                    "stack": f"below {upper.field.name}",
                    "data": values,
                    "silent": True,
                    "showSymbol": False,
                    "lineStyle": {"width": 0},
                    "areaStyle": {"opacity": ground, "color": upper.colour},
                }
            )
    return found


def _bars(series: Series) -> Option:
    opacity = series.field.custom.get("fillOpacity", 100) / 100
    ground = {"color": series.colour, "opacity": opacity}
    return _plain(series) | {"type": "bar", "itemStyle": ground}


def _plain(series: Series) -> Option:
    return {
        "name": series.field.title,
        "data": [number(value) for value in series.values],
        "color": series.colour,
        "cursor": "pointer" if series.field.link else "default",
        "emphasis": {"disabled": True},
    }


def _colour(field: Field, place: int, theme: Theme) -> str:
    return hue(field.colour, theme) if field.colour else from_palette(place, theme)


def _unit(field: Field) -> Option:
    return {**UNITS[field.unit].as_json(), "decimals": field.decimals}


def _chart(panel: Panel, option: Option, series: tuple[Series, ...]) -> Chart:
    calculations: Sequence[str] = listed(part(panel.options, "legend"), "calcs")
    entries = tuple(_entry(each, calculations) for each in series)
    titles = tuple(CALCULATIONS[name] for name in calculations)
    told = [", ".join([entry.name, *(full for _, full in entry.numbers)]) for entry in entries]
    return Chart(option, series, entries, titles, f"{panel.title}. {'; '.join(told)}")


def _entry(series: Series, calculations: Sequence[str]) -> Entry:
    field = series.field
    values = [reduced(series.values, name) for name in calculations]
    return Entry(
        field.title,
        series.colour,
        tuple(
            (write(value, field.unit, field.decimals, datetime.min), exact(value, field.unit))  # noqa: DTZ901 - no moment here
            for value in values
        ),
        "" if "${__data." in field.link else field.link,
    )
