"""``costs``: what AI cost, by any of the dimensions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

import click
import duckdb

from handlers.commands.answers import (
    add_row,
    cents,
    for_program,
    plain,
    put,
    quantity,
    render,
    table,
    tell_nothing,
)
from handlers.commands.options import (
    chosen_clouds,
    cloud_option,
    period_option,
    warehouse_option,
    warehouse_path,
)
from handlers.errors import UsageError
from handlers.periods import parse_period
from handlers.queries.answer import Answer, Cell
from handlers.queries.costs import (
    AMOUNTS,
    USAGE,
    costs_by,
    extent,
    total_costs,
    write_parquet,
)
from handlers.queries.focus import focus_rows, write_focus_parquet
from handlers.queries.selection import CONSUMPTION, Selection, dimension, parse_days
from handlers.record import ChargeType
from handlers.warehouses.duckdb import open_reader

DEFAULT_DIMENSIONS = ("cloud_provider", "model", "token_type", "customer_id")
KINDS = {amount.removesuffix("_usd").removesuffix("_cost"): amount for amount in AMOUNTS}


class Words(TypedDict):
    """What ``costs`` was called with."""

    warehouse: str
    dimensions: tuple[str, ...]
    customers: tuple[str, ...]
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    first: str | None
    last: str | None
    charge_types: tuple[str, ...]
    include: str
    kinds: tuple[str, ...]
    form: str
    output: Path | None


@click.command()
@warehouse_option
@click.option(
    "--by",
    "dimensions",
    multiple=True,
    metavar="DIMENSION",
    help="Any column that identifies a row, or month; can be given several times."
    f" [default: {', '.join(DEFAULT_DIMENSIONS)}]",
)
@click.option("--customer", "customers", multiple=True, metavar="ID", help="Only this customer.")
@cloud_option
@period_option
@click.option("--from", "first", metavar="DAY", help="Only days of usage from this one on.")
@click.option("--to", "last", metavar="DAY", help="Only days of usage up to this one.")
@click.option(
    "--charge-type",
    "charge_types",
    multiple=True,
    type=click.Choice([str(kind) for kind in ChargeType]),
    help="Only charges of this kind; can be given several times.",
)
@click.option(
    "--include",
    type=click.Choice(["all", "usage"]),
    default="all",
    show_default=True,
    help="All that is paid, or only usage and its discounts, as for unit prices and trends.",
)
@click.option(
    "--amount",
    "kinds",
    multiple=True,
    type=click.Choice(list(KINDS)),
    help="Amounts in the table; CSV, JSON and Parquet hold all. [default: cost]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet", "focus"]),
    default="table",
    show_default=True,
    help="All but the table hold exact amounts; JSON writes them as strings. focus: every row in"
    " the columns of FOCUS 1.2, as CSV, or as Parquet where --output names a .parquet file.",
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write instead.")
def costs(**words: Unpack[Words]) -> None:
    """Show costs by any of the dimensions, the dearest first.

    Usage is shown where it is of one unit. Amortised (effective) and list cost are shown where
    every bill line has them. Credits, refunds, purchases, fees and tax count, unless --include
    usage or --charge-type says otherwise.
    """
    names = tuple(dict.fromkeys(map(dimension, words["dimensions"] or DEFAULT_DIMENSIONS)))
    start, end = parse_days(words["first"], words["last"])
    selection = Selection(
        values={
            "customer_id": words["customers"],
            "cloud_provider": chosen_clouds(words["clouds"]),
            "billing_period": [parse_period(period) for period in words["periods"]],
            "charge_type": _charge_types(words["charge_types"], words["include"]),
        },
        first=start,
        last=end,
    )
    if words["form"] == "parquet" and words["output"] is None:
        raise UsageError("Parquet is not for a screen: name the file with --output FILE.")
    with open_reader(warehouse_path(words["warehouse"])) as connection:
        if words["form"] == "focus":
            _write_focus(connection, selection, words)
            return
        if words["form"] == "parquet" and words["output"] is not None:
            write_parquet(connection, names, selection, words["output"])
            return
        answer = costs_by(connection, names, selection)
        if not answer.rows:
            tell_nothing(extent(connection), words["form"])
        total = total_costs(connection, selection)
    if words["form"] == "table":
        text = _table(
            answer, total, len(names), [KINDS[kind] for kind in words["kinds"] or ("cost",)]
        )
    else:
        text = for_program(answer, words["form"])
    put(text, words["output"])


def _write_focus(connection: duckdb.DuckDBPyConnection, selection: Selection, words: Words) -> None:
    if words["dimensions"] or words["kinds"]:
        raise UsageError(
            "--format focus writes rows as they are: leave --by and --amount out, or choose"
            " another format."
        )
    output = words["output"]
    if output is not None and output.suffix == ".parquet":
        write_focus_parquet(connection, selection, output)
        return
    answer = focus_rows(connection, selection)
    if not answer.rows:
        tell_nothing(extent(connection), words["form"])
    put(for_program(answer, "csv"), output)


def _charge_types(named: tuple[str, ...], include: str) -> list[str]:
    """The charge types that both options allow; none named means all."""
    if include == "all":
        return list(named)
    both = [str(kind) for kind in CONSUMPTION if not named or kind in named]
    if not both:
        raise UsageError(
            f"--include usage means {' and '.join(CONSUMPTION)}, which leaves nothing of"
            f" --charge-type {', '.join(named)}. Leave one of the two options out."
        )
    return both


def _table(answer: Answer, total: Answer, keys: int, amounts: Sequence[str]) -> str:
    """The answer for the eye, with a line of sums."""
    if not answer.rows:
        return ""
    measured = [name for name in (*USAGE, *amounts) if name not in answer.columns[:keys]]
    numbers = ["usage_amount", *amounts]
    made = table((*answer.columns[:keys], *measured), right=numbers)
    for row in answer.rows:
        cells = dict(zip(answer.columns, row, strict=True))
        add_row(made, [*map(_name, row[:keys]), *_measures(cells, measured)])
    made.add_section()
    sums = dict(zip(total.columns, total.rows[0], strict=True))
    add_row(made, ["Sum", *[""] * (keys - 1), *_measures(sums, measured)])
    return render(made)


def _name(cell: Cell) -> str:
    return "" if cell is None else plain(cell)


def _measures(cells: Mapping[str, Cell], names: Sequence[str]) -> list[str]:
    shown = {"usage_amount": quantity, "usage_unit": _name}
    return [shown.get(name, cents)(cells[name]) for name in names]
