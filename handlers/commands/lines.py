"""``lines``: from rows of the table back to their bill lines."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

import click
import duckdb

from handlers.commands.answers import (
    add_row,
    cents,
    for_program,
    format_option,
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
from handlers.errors import ConservationError, UsageError
from handlers.periods import parse_period
from handlers.queries.answer import Answer, Cell, amount
from handlers.queries.bill_lines import LINE_COLUMNS, Sums, bill_lines, open_lines, sums
from handlers.queries.costs import extent
from handlers.queries.rows import number_of_rows, row_selection, rows
from handlers.queries.selection import Selection, parse_day
from handlers.record import ChargeType, TokenType
from handlers.warehouses.duckdb import open_reader

SHOWN = 50
SHOWN_OF_A_ROW = (
    "row",
    "date",
    "cloud_provider",
    "account_id",
    "sku_description",
    "model",
    "token_type",
    "customer_id",
    "charge_type",
    "cost_usd",
)


class Words(TypedDict):
    """What ``lines`` was called with."""

    warehouse: str
    days: tuple[str, ...]
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    models: tuple[str, ...]
    customers: tuple[str, ...]
    token_types: tuple[str, ...]
    skus: tuple[str, ...]
    accounts: tuple[str, ...]
    charge_types: tuple[str, ...]
    load_ids: tuple[str, ...]
    rows: bool
    row: int | None
    limit: int | None
    form: str


@click.command()
@warehouse_option
@click.option("--date", "days", multiple=True, metavar="DAY", help="Only this day of usage.")
@cloud_option
@period_option
@click.option("--model", "models", multiple=True, metavar="NAME", help="Only this model.")
@click.option("--customer", "customers", multiple=True, metavar="ID", help="Only this customer.")
@click.option(
    "--token-type",
    "token_types",
    multiple=True,
    type=click.Choice([str(kind) for kind in TokenType]),
    metavar="TYPE",
    help="Only this token type.",
)
@click.option("--sku", "skus", multiple=True, metavar="TEXT", help="Only this sku_description.")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="Only this account_id.")
@click.option(
    "--charge-type",
    "charge_types",
    multiple=True,
    type=click.Choice([str(kind) for kind in ChargeType]),
    metavar="TYPE",
    help="Only charges of this kind.",
)
@click.option("--load", "load_ids", multiple=True, metavar="ID", help="Only this load.")
@click.option("--rows", is_flag=True, help="List the rows themselves, numbered, the dearest first.")
@click.option(
    "--row",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the lines of row N, as --rows numbers it with the same options.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most N lines or rows. [default: {SHOWN} as a table, all as CSV and JSON]",
)
@format_option
def lines(**words: Unpack[Words]) -> None:
    """Go from rows of the table to their bill lines, file and rules.

    The options choose rows; each can be given several times. --rows lists and numbers these rows,
    and --row N goes on with one of them. The lines come from the archive of the loads that wrote
    the rows, and must add up to the rows' cost in the bill's currency.
    """
    if words["rows"] and words["row"] is not None:
        raise UsageError("--rows lists the rows, --row N shows the lines of one: give one of them.")
    selection = Selection(
        values={
            "date": [parse_day(day) for day in words["days"]],
            "cloud_provider": chosen_clouds(words["clouds"]),
            "billing_period": [parse_period(period) for period in words["periods"]],
            "model": words["models"],
            "customer_id": words["customers"],
            "token_type": words["token_types"],
            "sku_description": words["skus"],
            "account_id": words["accounts"],
            "charge_type": words["charge_types"],
        },
        prefixes={"load_id": words["load_ids"]},
    )
    path = warehouse_path(words["warehouse"])
    limit = words["limit"] or (SHOWN if words["form"] == "table" else None)
    with open_reader(path) as connection:
        if words["rows"]:
            _list_rows(connection, selection, limit, words["form"])
            return
        if words["row"] is not None:
            selection = row_selection(connection, selection, words["row"])
        if not open_lines(connection, path.parent / "archive", selection):
            tell_nothing(extent(connection), words["form"])
            if words["form"] != "table":
                put(for_program(Answer(LINE_COLUMNS, []), words["form"]))
            return
        found = bill_lines(connection, selection, limit)
        checked = sums(connection, selection)
    if words["form"] == "table":
        put("".join(_blocks(found)))
        rest = sum(each.lines for each in checked) - len(found.rows)
        if rest:
            click.echo(f"{rest} more: --limit {rest + len(found.rows)} shows them all.\n")
    else:
        put(for_program(found, words["form"]))
    _state(checked, words["form"])


def _list_rows(
    connection: duckdb.DuckDBPyConnection, selection: Selection, limit: int | None, form: str
) -> None:
    """The rows themselves, numbered; as a table only what tells most of them apart."""
    found = rows(connection, selection, limit)
    if not found.rows:
        tell_nothing(extent(connection), form)
    if form != "table":
        put(for_program(found, form))
        return
    made = table(SHOWN_OF_A_ROW, right=("row", "cost_usd"))
    for cells in found.rows:
        row = dict(zip(found.columns, cells, strict=True))
        texts = [plain(row[name]) for name in SHOWN_OF_A_ROW[:-1]]
        add_row(made, [*texts, cents(row["cost_usd"])])
    if found.rows:
        put(render(made))
    known = number_of_rows(connection, selection)
    if known > len(found.rows):
        click.echo(f"{known - len(found.rows)} more: --limit {known} shows them all.")


def _blocks(found: Answer) -> Iterator[str]:
    """A few lines of text per bill line."""
    for row in found.rows:
        line = dict(zip(found.columns, row, strict=True))
        yield "\n".join(_block(line)) + "\n\n"


def _block(line: Mapping[str, Cell]) -> Iterator[str]:
    hour = "" if line["hour"] is None else f" {line['hour']:02}h UTC"
    yield (
        f"{line['date']}{hour}  {line['cloud_provider']} {line['account_id']}"
        f"  {_cost(line)}  {line['charge_type']}"
    )
    unit = "" if line["pricing_unit"] is None else f" {line['pricing_unit']}"
    yield f"    {quantity(line['quantity'])}{unit} of {line['sku_description']}"
    if said := [str(line[name]) for name in ("service", "description") if line[name]]:
        yield f"    {' | '.join(said)}"
    yield (
        f"    is {line['model']} {line['token_type']} by rule {line['rule_id'] or '(none fits)'}"
    )
    yield f"    for {line['customer_id']} by {line['attribution_rule']}"
    if line["resource_id"]:
        yield f"    resource {line['resource_id']}"
    if line["tags"]:
        yield f"    tags {line['tags']}"
    yield f"    file {line['line_file']}"
    if line["line_id"]:
        yield f"    line {line['line_id']}"


def _cost(line: Mapping[str, Cell]) -> str:
    text = f"{_exact(amount(line['cost']))} {line['billing_currency']}"
    if line["effective"] is None or line["effective"] == line["cost"]:
        return text
    return f"{text} (amortised {_exact(amount(line['effective']))})"


def _state(checked: Sequence[Sums], form: str) -> None:
    """Say whether lines and rows agree; on standard error where the answer goes to a program.

    Raises:
        ConservationError: they do not.
    """
    for each in checked:
        text = (
            f"{each.lines} lines of {_exact(each.line_cost)} {each.currency},"
            f" {each.rows} rows of {_exact(each.row_cost)} {each.currency}"
        )
        if not each.agree:
            raise ConservationError(
                f"{text}: the lines are not the rows'. The archive names its lines by the rules"
                " of the load that wrote it; after collect --from-archive with other rules the"
                " table's rows have other names. Leave out --row, --model, --token-type and"
                " --customer, or collect the bill from the cloud again."
            )
        click.echo(f"Checked: {text}: the lines add up to the rows.", err=form != "table")


def _exact(cost: Decimal) -> str:
    """All digits, at least two decimals."""
    text = f"{cost:,f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"
