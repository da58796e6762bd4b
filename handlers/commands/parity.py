"""``parity``: whether both paths of the hub hold the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypedDict, Unpack

import click

from handlers.commands.answers import add_row, for_program, format_option, put, render, table
from handlers.commands.options import chosen_clouds, cloud_option, period_option, warehouse_option
from handlers.commands.stores import HUB, command_scratch, open_store
from handlers.errors import CostError, UsageError
from handlers.parity import BillParity, Books, Figures, Status, compare, green_days
from handlers.periods import parse_periods
from handlers.queries.answer import Answer, Cell
from handlers.record import Cloud

COLUMNS = (
    "cloud",
    "scope",
    "billing_period",
    "status",
    "compared_load_id",
    "hub_rows",
    "native_rows",
    "hub_cost_usd",
    "native_cost_usd",
    "in_transit_usd",
    "differences",
)
_SHOWN = 20
"""Differences of a bill that are shown, those of the most dollars."""


class PathsDiffer(CostError):
    """Of the same version of a bill the paths hold not the same."""


class Words(TypedDict):
    """What ``parity`` was called with."""

    warehouse: str
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    form: str


@click.command()
@warehouse_option
@cloud_option
@period_option
@format_option
def parity(**words: Unpack[Words]) -> None:
    """Compare what both paths hold of each bill: rows, usage and cost to the last decimal.

    What is compared is the newest version that both have loaded; while one is ahead, the dollars
    in transit are shown. A comparison of all periods is kept in the table parity, and counts for
    the days on which the paths agreed. Exit code 1 when they differ.
    """
    if words["warehouse"] != HUB:
        raise UsageError(
            f"'{words['warehouse']}' has one path only, so there is nothing to compare: ask the hub"
            f" with --warehouse {HUB}."
        )
    clouds = chosen_clouds(words["clouds"])
    periods = [period for text in words["periods"] for period in parse_periods(text)]
    now = datetime.now(UTC)
    with command_scratch(lambda: datetime.now(UTC)) as scratch:
        store = open_store(words["warehouse"], 0.0, scratch)
        with store.warehouse.open() as connection:
            runner = store.runner(connection)
            bills = compare(runner, clouds, periods)
            if not periods:
                Books(runner).keep(bills, now)
            compared = sorted({bill.cloud for bill in bills})
            days = {cloud: green_days(runner, cloud, now.date()) for cloud in compared}
    if words["form"] == "table":
        put(shown(bills, days))
    else:
        put(for_program(_answer(bills), words["form"]))
    wrong = [str(bill) for bill in bills if bill.status is Status.DIFFERENT]
    if wrong:
        raise PathsDiffer(
            f"The paths differ in {', '.join(wrong)}. docs/runbooks/parity.md says how to find out"
            " which one is wrong."
        )


def shown(bills: Sequence[BillParity], days: dict[Cloud, int]) -> str:
    """The comparison for a reader, with the days in a row on which each cloud's paths agreed."""
    if not bills:
        return "No cloud's own warehouse has published anything: there is one path only.\n"
    made = table(
        ("bill", "status", "rows", "hub_usd", "native_usd", "in_transit_usd", "differences"),
        right=("rows", "hub_usd", "native_usd", "in_transit_usd", "differences"),
    )
    for bill in bills:
        rows = [str(load.rows) if load else "-" for load in (bill.hub, bill.native)]
        costs = [_money(load.cost) if load else "-" for load in (bill.hub, bill.native)]
        add_row(
            made,
            [
                str(bill),
                bill.status.value,
                rows[0] if rows[0] == rows[1] else " / ".join(rows),
                *costs,
                _money(bill.in_transit),
                str(len(bill.differences)),
            ],
        )
    text = render(made) + "".join(_differences(bill) for bill in bills if bill.differences)
    return text + "".join(
        f"{cloud}: the paths agreed on {count} days in a row.\n" for cloud, count in days.items()
    )


def _differences(bill: BillParity) -> str:
    made = table(("model", "token_type", "customer_key", "hub", "native"))
    for each in bill.differences[:_SHOWN]:
        add_row(
            made,
            [
                each.model,
                each.token_type,
                each.customer_key,
                _figures(each.hub),
                _figures(each.native),
            ],
        )
    left = len(bill.differences) - _SHOWN
    more = f"and {left} more\n" if left > 0 else ""
    return f"\n{bill}, load {bill.compared}:\n{render(made)}{more}"


def _figures(figures: Figures | None) -> str:
    if figures is None:
        return "no row"
    return f"{figures.rows} rows, {figures.usage:f} used, {figures.cost:f} USD"


def _answer(bills: Sequence[BillParity]) -> Answer:
    def cells(bill: BillParity) -> tuple[Cell, ...]:
        hub, native = bill.hub, bill.native
        return (
            str(bill.cloud),
            bill.scope,
            bill.period,
            bill.status.value,
            bill.compared,
            hub.rows if hub else None,
            native.rows if native else None,
            hub.cost if hub else None,
            native.cost if native else None,
            bill.in_transit,
            len(bill.differences),
        )

    return Answer(COLUMNS, [cells(bill) for bill in bills])


def _money(amount: Decimal) -> str:
    """To the cent, and to the last decimal where cents do not tell."""
    rounded = f"{amount:,.2f}"
    return rounded if Decimal(rounded.replace(",", "")) == amount else f"{amount:,.9f}".rstrip("0")
