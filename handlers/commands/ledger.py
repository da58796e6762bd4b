"""``ledger``: what each load did, newest first."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, Unpack, cast

import click

from handlers.commands.answers import cents, for_program, format_option, plain, put
from handlers.commands.options import (
    chosen_clouds,
    cloud_option,
    period_option,
    warehouse_option,
    warehouse_path,
)
from handlers.errors import UsageError
from handlers.ledger import Status
from handlers.periods import parse_period
from handlers.queries.answer import Answer, Cell, amount
from handlers.queries.loads import LoadSelection, loads, number_of_loads
from handlers.warehouses.duckdb import open_reader

SHOWN = 20

Load = Mapping[str, Cell]


class Words(TypedDict):
    """What ``ledger`` was called with."""

    load_id: str | None
    warehouse: str
    clouds: tuple[str, ...]
    scopes: tuple[str, ...]
    periods: tuple[str, ...]
    statuses: tuple[str, ...]
    newest: int | None
    form: str


@click.command()
@click.argument("load_id", required=False)
@warehouse_option
@cloud_option
@click.option("--scope", "scopes", multiple=True, metavar="ID", help="Only this scope's bills.")
@period_option
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([str(status) for status in Status]),
    help="Only loads that ended so; can be given several times.",
)
@click.option(
    "--last",
    "newest",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Only the newest N. [default: {SHOWN} as a table, all as CSV and JSON]",
)
@format_option
def ledger(**words: Unpack[Words]) -> None:
    """Show what each load did, newest first; with LOAD_ID (or its beginning), one in full.

    Totals are in the bill's currency (in each, where it has several), over all its lines: bill = AI
    + the platform's own + other. What was loaded is the AI part, as the rows add up.
    """
    selection = LoadSelection(
        values={
            "cloud_provider": chosen_clouds(words["clouds"]),
            "scope": words["scopes"],
            "billing_period": [parse_period(period) for period in words["periods"]],
            "status": words["statuses"],
        },
        load=words["load_id"],
        newest=words["newest"],
    )
    with open_reader(warehouse_path(words["warehouse"])) as connection:
        answer = loads(connection, selection)
        known = number_of_loads(connection)
    if words["load_id"] is not None:
        _refuse_several(answer, words["load_id"])
    if not answer.rows:
        click.echo(_nothing(known), err=words["form"] != "table")
    if words["form"] == "table":
        found = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        put("".join(_full(found) if words["load_id"] else _brief(found, words["newest"])))
    else:
        put(for_program(answer, words["form"]))


def _refuse_several(answer: Answer, load_id: str) -> None:
    found = sorted({str(cell) for cell in answer.column("load_id")})
    if len(found) != 1:
        known = f"several do: {', '.join(found[:5])}" if found else "none does"
        raise UsageError(
            f"One load's id should begin with '{load_id}', {known}."
            " Ids are in: python -m handlers ledger."
        )


def _nothing(known: int) -> str:
    if not known:
        return "The ledger is empty: nothing has been collected yet."
    return f"No load matches the selection. The ledger has {known} rows."


def _full(found: Sequence[Load]) -> Iterator[str]:
    """Every column of every row of one load, one below the other."""
    for number, load in enumerate(found):
        yield "\n" if number else ""
        width = max(map(len, load))
        for name, cell in load.items():
            if name == "rates_used":
                yield f"{name:<{width}}  {_rates(cell)}\n"
            else:
                yield f"{name:<{width}}  {'-' if cell is None else _exact(cell)}\n"


def _exact(cell: Cell) -> str:
    return f"{cell:%Y-%m-%d %H:%M:%S} UTC" if isinstance(cell, datetime) else plain(cell)


def _brief(found: Sequence[Load], newest: int | None) -> Iterator[str]:
    """A few lines per load."""
    shown = found[: newest or SHOWN]
    for load in shown:
        yield (
            f"{load['finished_at']:%Y-%m-%d %H:%M} UTC  {str(load['status']).upper():<8}"
            f"  {load['cloud_provider']} {load['billing_period']:%Y-%m}  {load['scope']}\n"
        )
        yield from (f"    {line}\n" for line in _details(load))
    if len(found) > len(shown):
        yield f"{len(found) - len(shown)} more: --last {len(found)} shows them.\n"


def _details(load: Load) -> Iterator[str]:
    yield f"load {load['load_id']}"
    if load["source_lines"] is not None:
        yield from _totals(load)
        yield " · ".join(_loaded(load))
    if (rates := _rates(load["rates_used"])) != "-":
        yield f"rate {rates}"
    if amount(load["quarantined_rows"]):
        yield f"quarantined {load['quarantined_rows']} lines{_of(load, 'quarantined_total')}"
    if load["decided_by"]:
        yield f"decided by {load['decided_by']}: {load['reason']}"
    if load["error"]:
        yield f"{'held' if load['status'] == Status.HELD else 'error'}: {load['error']}"


def _totals(load: Load) -> Iterator[str]:
    """The bill's split, once for each of its currencies."""
    if load["currency_totals"] is None:
        split = {name: amount(load[f"{name}_total"]) for name in ("ai", "platform", "other")}
        yield _split(amount(load["source_total"]), str(load["billing_currency"]), split)
        return
    stated = cast("dict[str, dict[str, str]]", json.loads(str(load["currency_totals"])))
    for currency, texts in stated.items():
        split = {name: Decimal(text) for name, text in texts.items()}
        yield _split(sum(split.values(), Decimal(0)), currency, split)


def _split(whole: Decimal, currency: str, split: Mapping[str, Decimal]) -> str:
    return (
        f"bill {cents(whole)} {currency} = AI {cents(split['ai'])}"
        f" + own platform {cents(split['platform'])} + other {cents(split['other'])}"
    )


def _of(load: Load, total: str) -> str:
    """What a total is of, where it is in one currency."""
    return "" if load[total] is None else f" of {cents(load[total])} {load['billing_currency']}"


def _loaded(load: Load) -> Iterator[str]:
    # A load that is held, or failed on the way, wrote nothing.
    verb = "loaded" if load["status"] == Status.LOADED else "would load"
    if load["loaded_total"] is None:
        yield f"{verb} {cents(load['cost_usd'])} USD ({load['rows']} rows)"
    else:
        yield (
            f"{verb} {cents(load['loaded_total'])} {load['billing_currency']}"
            f" ({cents(load['cost_usd'])} USD, {load['rows']} rows)"
        )
    if load["restated_usd"] is not None:
        change = cents(load["restated_usd"])
        yield f"restated {'' if change.startswith(('-', '>')) else '+'}{change} USD"
    if load["data_through"] is not None:
        yield f"complete through {load['data_through']}"


def _rates(cell: Cell) -> str:
    """The site's rates that were used, units per USD."""
    rates = cast("dict[str, dict[str, object]]", json.loads(str(cell or "{}")))
    return (
        ", ".join(
            f"{currency} {rate['rate']} of {rate['month']}"
            + (" (provisional)" if rate["provisional"] else "")
            for currency, rate in sorted(rates.items())
        )
        or "-"
    )
