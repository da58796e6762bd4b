"""A dashboard as a page: its head, its filters, and its panels in a grid of 24 columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from nicegui import ui

from dashboards.viewer.address import Address
from dashboards.viewer.colours import Theme
from dashboards.viewer.controls import filters, tag, time_picker
from dashboards.viewer.model import Dashboard, Panel
from dashboards.viewer.panels import draw, panel_head
from dashboards.viewer.times import Range
from dashboards.viewer.variables import Choice
from dashboards.viewer.view import View, open_view, panel_fields
from dashboards.viewer.warehouse import Edition, PublishedWarehouse
from handlers.errors import WarehouseError

LOOK_AGAIN_SECONDS = 3.0
"""How often an open page looks whether a load has run."""


@dataclass(frozen=True)
class Site:
    """All dashboards by their uid, the warehouse they ask, and the clock."""

    dashboards: Mapping[str, Dashboard]
    warehouse: PublishedWarehouse
    clock: Callable[[], datetime]


class Page:
    """One reader's open dashboard: its state is the view, and the address is the view's."""

    def __init__(self, site: Site, dashboard: Dashboard, address: Address) -> None:
        self._site = site
        self._edition: Edition = site.warehouse.edition
        self._view = open_view(dashboard, address, site.warehouse, site.clock())

    def build(self) -> None:
        """Put everything on the page."""
        self._dark = ui.dark_mode(self._view.theme is Theme.DARK)
        self._main = tag("main", "grid")
        skip = ui.skip_link("Skip to the panels", target=self._main)
        with tag("header", "top") as top, tag("div", "top-in"):
            tag("h1", "title", self._view.dashboard.title).tooltip(self._view.dashboard.description)
            self._links = tag("nav", "tabs", attributes={"aria-label": "Dashboards"})
            tag("span", "gap")
            self._through = tag("span", "through-place")
            self._turner = ui.button(on_click=self._turn, color=None).props("flat round dense")
            self._turner.classes("quiet")
        with tag("div", "bar", attributes={"role": "region", "aria-label": "Filters"}) as bar:
            self._filters = tag("div", "filters")
            self._time = tag("div", "time-place")
        self._notices = tag("div", "notices", attributes={"role": "status"})
        for place, element in enumerate((skip, top, bar, self._notices)):
            element.move(target_index=place)
        self._draw_filters()
        self._draw()
        ui.timer(LOOK_AGAIN_SECONDS, self._look_again)

    def _draw_filters(self) -> None:
        self._filters.clear()
        with self._filters:
            filters(self._view, self._choose)

    def _draw(self) -> None:
        """Draw all but the filters, which keep what has the focus in them."""
        view = self._view
        is_dark = view.theme is Theme.DARK
        self._turner.props["icon"] = "light_mode" if is_dark else "dark_mode"
        self._turner.props["aria-label"] = f"{'Light' if is_dark else 'Dark'} colours"
        for part in (self._links, self._through, self._time, self._notices, self._main):
            part.clear()
        with self._links:
            for other in _linked(self._site, view.dashboard):
                _tab(other.title, view.address(other.uid), is_here=other is view.dashboard)
        with self._through:
            through = view.complete_through
            said = f"Bills complete through {through}" if through else "No bills yet"
            tag("span", "through", said)
        with self._time:
            time_picker(view, self._pick_time)
        with self._notices:
            for notice in view.notices:
                tag("p", "notice", notice)
        with self._main:
            for panel in _shown(view):
                self._draw_panel(panel)

    def _draw_panel(self, panel: Panel) -> None:
        view = self._view
        found = panel_fields(view, panel, self._site.warehouse)
        alone = " panel-alone" if view.panel == panel.id else ""
        attributes = {"id": f"panel-{panel.id}", "aria-labelledby": f"title-{panel.id}"}
        place = f"--x:{panel.x + 1};--y:{panel.y + 1};--w:{panel.width};--h:{panel.height}"
        with tag("section", f"panel panel-{panel.type}{alone}", attributes=attributes).style(place):
            panel_head(view, panel, found)
            with tag("div", "panel-body"):
                draw(view, panel, found)

    def _choose(self, choice: Choice) -> None:
        choices = {**self._view.choices, choice.variable.name: choice}
        self._go(replace(self._view, choices=choices, notices=()))

    def _pick_time(self, time: Range) -> None:
        self._go(replace(self._view, time=time, notices=()))
        ui.run_javascript("document.querySelector('.time').focus()")

    def _turn(self) -> None:
        theme = Theme.LIGHT if self._view.theme is Theme.DARK else Theme.DARK
        self._dark.set_value(theme is Theme.DARK)
        self._go(replace(self._view, theme=theme))

    def _go(self, view: View) -> None:
        self._view = view
        ui.navigate.history.push(view.address(panel=view.panel))
        self._draw()

    def _look_again(self) -> None:
        """Show what a load has changed."""
        warehouse = self._site.warehouse
        try:
            warehouse.refresh()
        except WarehouseError as error:
            ui.notify(str(error), type="warning")
            return
        if warehouse.edition == self._edition:
            return
        self._edition = warehouse.edition
        self._view = self._view.reopened(warehouse, self._site.clock())
        self._draw_filters()
        self._draw()
        ui.notify("A load has run: the panels show it.", position="bottom-right")


def _tab(title: str, address: str, *, is_here: bool) -> None:
    link = tag("a", "tab", title, {"href": address})
    if is_here:
        link.classes("tab-here").props["aria-current"] = "page"


def _shown(view: View) -> list[Panel]:
    """The panels in reading order; only one where the address says so."""
    ordered = sorted(view.dashboard.panels, key=lambda panel: (panel.y, panel.x))
    alone = [panel for panel in ordered if panel.id == view.panel]
    return alone or ordered


def _linked(site: Site, dashboard: Dashboard) -> list[Dashboard]:
    return [each for each in site.dashboards.values() if each.tags & dashboard.link_tags]


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)
