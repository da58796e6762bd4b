"""What a dashboard shows at an address: the choices, the time, and each panel's fields."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from dashboards.duckdb_source import Chosen
from dashboards.viewer.address import Address, is_local, write_address
from dashboards.viewer.colours import Theme
from dashboards.viewer.frames import Field, fields
from dashboards.viewer.model import Dashboard, Panel, Variable
from dashboards.viewer.times import Range, end_of, read_range
from dashboards.viewer.variables import (
    Choice,
    Option,
    choose,
    fill,
    query_words,
    time_words,
)
from dashboards.viewer.warehouse import NOTHING_CHOSEN, PublishedWarehouse

LATE_DAYS = 2
"""Bills are complete a day or two after the day. Ones that end earlier than that are a sample, or
were not collected since: "now" is then their last complete day."""


@dataclass(frozen=True)
class Trouble:
    """Why a panel shows nothing, for its reader."""

    text: str


@dataclass(frozen=True, kw_only=True)
class View:
    """A dashboard at an address.

    ``now`` is what a time like ``now-30d`` counts from, ``clock`` what "2 hours ago" does;
    ``notices`` say what of the address could not be followed.
    """

    dashboard: Dashboard
    choices: dict[str, Choice]
    time: Range
    now: datetime
    clock: datetime
    complete_through: str
    theme: Theme
    panel: int | None
    notices: tuple[str, ...]

    @property
    def words(self) -> list[tuple[str, str]]:
        """The choices and the time as words of an address."""
        return [*time_words(self.time), *query_words(self.choices)]

    def address(self, uid: str | None = None, panel: int | None = None) -> str:
        """This view's address, or that of another dashboard with the same choices."""
        theme = self.theme if self.theme is not Theme.DARK else None
        return write_address(uid or self.dashboard.uid, self.words, theme=theme, panel=panel)

    def reopened(self, warehouse: PublishedWarehouse, clock: datetime) -> "View":
        """The same choices over what the warehouse holds by now."""
        asked = Address(
            {name: choice.values for name, choice in self.choices.items()},
            self.time.since,
            self.time.until,
            self.theme,
            self.panel,
        )
        return open_view(self.dashboard, asked, warehouse, clock)

    @property
    def chosen(self) -> Chosen:
        """What queries are asked with."""
        return Chosen(
            since=self.time.start,
            until=self.time.end,
            filters={name: choice.values for name, choice in self.choices.items()},
        )


def open_view(
    dashboard: Dashboard, address: Address, warehouse: PublishedWarehouse, clock: datetime
) -> View:
    """The view that an address asks for; what it can't have is said and left at its default."""
    notices: list[str] = []
    through = warehouse.complete_through()
    now = clock
    if through is not None and (clock.date() - through).days > LATE_DAYS:
        now = end_of(through)
    try:
        time = read_range(address.since or dashboard.since, address.until or dashboard.until, now)
    except ValueError as error:
        notices.append(f"The default time is shown: {error}.")
        time = read_range(dashboard.since, dashboard.until, now)
    choices: dict[str, Choice] = {}
    for variable in dashboard.variables:
        wanted = address.variables.get(variable.name, variable.default)
        choice, refused = choose(variable, _options(variable, warehouse), wanted)
        choices[variable.name] = choice
        notices += [f"{variable.label} '{value}' is not offered; left out." for value in refused]
    return View(
        dashboard=dashboard,
        choices=choices,
        time=time,
        now=now,
        clock=clock,
        complete_through=through.isoformat() if through else "",
        theme=address.theme or Theme.DARK,
        panel=address.panel,
        notices=tuple(notices),
    )


def _options(variable: Variable, warehouse: PublishedWarehouse) -> list[Option]:
    if not variable.sql:
        return [Option(value, value) for value in variable.values]
    answer = warehouse.ask(variable.sql, NOTHING_CHOSEN)
    value, text = answer.columns.index("__value"), answer.columns.index("__text")
    return [Option(str(row[value]), str(row[text])) for row in answer.rows]


def panel_fields(
    view: View, panel: Panel, warehouse: PublishedWarehouse
) -> tuple[Field, ...] | Trouble:
    """The fields of a panel's query."""
    try:
        return fields(panel, warehouse.ask(panel.sql, view.chosen))
    except (duckdb.Error, ValueError) as error:
        return Trouble(f"This panel's query failed: {str(error).splitlines()[0]}")


def row_links(view: View, of: Sequence[Field]) -> Callable[[str, int], str | None]:
    """Fills a link from a row; none, or one that would lead out of the viewer, gives None."""
    by_name = {field.name: field for field in of}

    def linked(url: str, row: int) -> str | None:
        if not url:
            return None

        def data(name: str) -> str | None:
            field = by_name.get(name.removeprefix("__data.fields."))
            return None if field is None else str(field.cells[row])

        filled = fill(url, view.choices, view.time, data)
        if not is_local(filled):
            return None
        return filled if view.theme is Theme.DARK else f"{filled}&theme={view.theme}"

    return linked
