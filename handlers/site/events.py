"""events.csv: expected spikes (a launch, a migration), so that nobody is woken by them."""

from dataclasses import dataclass
from datetime import date

from handlers.record import Cloud
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.problems import Problem
from handlers.site.values import DAY_FORM

EVENTS = Layout("events.csv", ("date", "cloud", "model", "customer", "note", "until"), ("date",))


@dataclass(frozen=True)
class Event:
    """Higher cost is expected from ``first_day`` to ``last_day``, both included.

    ``cloud`` None and a blank ``model`` or ``customer`` mean any.
    """

    first_day: date
    last_day: date
    cloud: Cloud | None
    model: str
    customer: str
    note: str


def parse_events(content: bytes | None, problems: list[Problem]) -> tuple[Event, ...]:
    """The events of the file; what is wrong goes to ``problems``."""
    events: list[Event] = []
    for row in read_rows(EVENTS, content, problems):
        cells = Cells(row, problems)
        first = cells.day("date")
        last = cells.day("until") or first
        cloud = cells.choice("cloud", Cloud)
        model = cells.text("model")
        customer = cells.text("customer")
        note = cells.text("note")
        if not cells.raw("date"):
            cells.refuse("date", "nothing", DAY_FORM, "write the day it begins.")
        if first and last and last < first:
            cells.refuse(
                "until",
                f"{last}, which is before {first}",
                "a day on or after 'date', or blank for that one day",
                "swap the two days or correct one.",
            )
        if cells.valid and first and last:
            events.append(Event(first, last, cloud, model, customer, note))
    return tuple(events)
