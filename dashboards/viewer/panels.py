"""The panels' frames and what is in them."""

from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.element import Element
from nicegui.events import EChartPointClickEventArguments

from dashboards.viewer.charts import Chart, Entry, bar_chart, time_chart
from dashboards.viewer.controls import tag
from dashboards.viewer.export import as_csv
from dashboards.viewer.frames import Field
from dashboards.viewer.model import Panel
from dashboards.viewer.tables import NOTHING, Linked, grid
from dashboards.viewer.tiles import bars, tiles
from dashboards.viewer.view import Trouble, View, row_links

Found = tuple[Field, ...]

LEGEND_ROWS = 5
"""A longer legend goes on beside itself, where there is room."""


def panel_head(view: View, panel: Panel, found: Found | Trouble) -> None:
    """Title, what the number means, and what can be done with it."""
    with tag("div", "panel-head"):
        name = {"id": f"title-{panel.id}", "title": panel.title}
        tag("h2", "panel-title", panel.title, name)
        about = _button("info_outline", f"What it means: {panel.title}", "quiet")
        with about, ui.menu().classes("about"):
            tag("p", text=panel.description)
        with _button("more_vert", f"More: {panel.title}", "quiet more"), ui.menu():
            alone = view.panel == panel.id
            address = view.address(panel=None if alone else panel.id)
            ui.menu_item(
                "All panels" if alone else "Only this panel", lambda: ui.navigate.to(address)
            )
            if not isinstance(found, Trouble):
                ui.menu_item("Download CSV", lambda: _download(panel, found))


def _button(icon: str, says: str, classes: str) -> Element:
    made = ui.button(icon=icon, color=None).props("flat round dense size=sm")
    made.props["aria-label"] = says
    return made.classes(classes)


def _download(panel: Panel, found: Found) -> None:
    words = "".join(c if c.isalnum() else " " for c in panel.title).lower().split()
    ui.download.content(as_csv(found), f"{'-'.join(words)}.csv", "text/csv")


def draw(view: View, panel: Panel, found: Found | Trouble) -> None:
    """The panel's numbers, as its type draws them."""
    if isinstance(found, Trouble):
        tag("p", "trouble", found.text, {"role": "alert"})
    elif not any(field.cells for field in found):
        tag("p", "empty", str(panel.defaults.get("noValue", "no data")))
    else:
        DRAWN[panel.type](view, panel, found)


def _stat(view: View, panel: Panel, found: Found) -> None:
    shown = tiles(panel, found, view.theme, view.clock)
    with tag("div", "tiles"):
        for tile in shown:
            with tag("div", "tile", attributes={"title": tile.full}):
                number = tag("div", "tile-number", tile.text)
                if tile.colour:
                    number.style(f"color:{tile.colour}")
                if len(shown) > 1:
                    tag("div", "tile-name", tile.name)


def _bars(view: View, panel: Panel, found: Found) -> None:
    linked = row_links(view, found)
    with tag("div", "bars", attributes={"role": "list"}):
        for bar in bars(panel, found, view.theme, view.clock):
            with tag("div", "bar-row", attributes={"role": "listitem"}):
                _named("bar-name", bar.name, linked(bar.link, 0))
                with tag("span", "bar-track"):
                    tag("span", "bar-fill").style(f"width:{bar.share:.2%};background:{bar.colour}")
                tag("span", "bar-number", bar.text, {"title": bar.full})


def _table(view: View, panel: Panel, found: Found) -> None:
    options = grid(found, view.theme, view.clock, row_links(view, found))
    made = ui.aggrid(options, theme="quartz", auto_size_columns=False).classes("table")
    made.props.update({"role": "region", "aria-label": panel.title})


def _time_chart(view: View, panel: Panel, found: Found) -> None:
    _chart(view, time_chart(panel, found, view.time, view.theme), found)


def _bar_chart(view: View, panel: Panel, found: Found) -> None:
    _chart(view, bar_chart(panel, found, view.theme), found)


DRAWN: dict[str, Callable[[View, Panel, Found], None]] = {
    "stat": _stat,
    "bargauge": _bars,
    "table": _table,
    "timeseries": _time_chart,
    "barchart": _bar_chart,
}
"""How each type of panel is drawn."""


def _chart(view: View, chart: Chart, found: Found) -> None:
    linked = row_links(view, found)

    def follow(event: EChartPointClickEventArguments) -> None:
        behind = chart.link_at(event.series_index, event.data_index)
        if behind and (address := linked(*behind)):
            ui.navigate.to(address)

    with tag("div", "chart"):
        drawing = ui.echart(chart.option, follow, renderer="svg").classes("drawing")
        drawing.props.update({"role": "img", "aria-label": chart.summary})
        with tag("div", "legends"):
            for first in range(0, len(chart.legend), LEGEND_ROWS):
                _legend(chart, chart.legend[first : first + LEGEND_ROWS], linked)


def _legend(chart: Chart, entries: Sequence[Entry], linked: Linked) -> None:
    with tag("table", "legend" if chart.calculations else "legend legend-short"):
        if chart.calculations:
            with tag("thead"), tag("tr"):
                for title in ("Name", *chart.calculations):
                    tag("th", "" if title == "Name" else "number", title, {"scope": "col"})
        with tag("tbody"):
            for entry in entries:
                with tag("tr"):
                    with tag("td"):
                        tag("span", "dot").style(f"background:{entry.colour}")
                        _named("legend-name", entry.name, linked(entry.link, 0))
                    for text, full in entry.numbers:
                        tag("td", "number", text or NOTHING, {"title": full})


def _named(classes: str, name: str, address: str | None) -> None:
    """A name, which leads somewhere if it has an address."""
    if address:
        tag("a", classes, name, {"href": address})
    else:
        tag("span", classes, name)
