"""What ``collect`` prints: what each bill became, and what AI cost."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain

import click
import duckdb
from rich.console import Console
from rich.table import Table

from handlers.commands.answers import add_row
from handlers.load.load import Loaded, Move, Outcome

_CENT = Decimal("0.01")


def print_outcomes(outcomes: Sequence[Loaded]) -> None:
    """A row for each bill that is not as it was, and a count of the others."""
    counts = Counter(outcome.outcome for outcome in outcomes)
    changed = [outcome for outcome in outcomes if outcome.outcome is not Outcome.UNCHANGED]
    if not outcomes:
        return
    if not changed:
        click.echo(f"nothing changed: all {len(outcomes)} bills are loaded as they are.")
        return
    table = _table("Bill", "Became", "Lines", "AI lines", "Rows", "AI, USD", "Restated, USD")
    for outcome in changed:
        row = outcome.row
        add_row(
            table,
            [
                outcome.bill,
                outcome.outcome,
                _count(row.source_lines if row else None),
                _count(row.ai_lines if row else None),
                _count(row.rows if row else None),
                _dollars(row.cost_usd if row else None),
                _dollars(row.restated_usd if row else None),
            ],
        )
    _console().print(table)
    for outcome in changed:
        if outcome.outcome is Outcome.HELD and outcome.row is not None:
            click.echo(f"held: {outcome.bill}: {outcome.row.error or 'waits for a decision.'}")
    if counts[Outcome.CLOSED]:
        click.echo(
            f"{counts[Outcome.CLOSED]} closed periods would change by today's rules and site data:"
            " collect --reclassify --dry-run lists the dollars that would move."
        )
    if counts[Outcome.UNCHANGED]:
        click.echo(f"{counts[Outcome.UNCHANGED]} bills unchanged.")


def print_totals(connection: duckdb.DuckDBPyConnection) -> None:
    """AI cost per cloud and month, then by model, token type and customer, and what has no name."""
    _print_periods(connection)
    for title, column in (
        ("Model", "model"),
        ("Token type", "token_type"),
        ("Customer", "customer_id"),
    ):
        _print_top(connection, title, column)
    _print_nameless(connection)


def print_moves(moves: Sequence[Sequence[Move]]) -> None:
    """The dollars that would move, per model and customer."""
    rows = list(chain.from_iterable(moves))
    if not rows:
        click.echo("no dollar would move.")
        return
    table = _table("Cloud", "Month", "Model", "Customer", "Now, USD", "Then, USD", "Moves, USD")
    for move in rows:
        add_row(
            table,
            [
                move.cloud,
                f"{move.period:%Y-%m}",
                move.model,
                move.customer_id,
                _dollars(move.before),
                _dollars(move.after),
                _dollars(move.after - move.before),
            ],
        )
    _console().print(table)


def _print_periods(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT cloud_provider, strftime(billing_period, '%Y-%m'), sum(cost_usd)"
        " FROM warehouse.llm_costs GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    clouds = sorted({str(row[0]) for row in rows})
    months = sorted({str(row[1]) for row in rows})
    costs = {(str(cloud), str(month)): Decimal(cost) for cloud, month, cost in rows}
    table = _table("AI cost, USD", *months, "Total")
    for cloud in clouds:
        cells = [costs.get((cloud, month), Decimal(0)) for month in months]
        add_row(table, [cloud, *map(_dollars, (*cells, sum(cells, Decimal(0))))])
    sums = [
        sum((costs.get((cloud, m), Decimal(0)) for cloud in clouds), Decimal(0)) for m in months
    ]
    add_row(table, ["Total", *map(_dollars, (*sums, sum(sums, Decimal(0))))])
    _console().print(table)


def _print_top(connection: duckdb.DuckDBPyConnection, title: str, column: str) -> None:
    rows = connection.execute(
        f"SELECT {column}, sum(cost_usd), count(DISTINCT cloud_provider)"
        " FROM warehouse.llm_costs GROUP BY ALL ORDER BY 2 DESC, 1"
    ).fetchall()
    table = _table(title, "USD", "Clouds")
    for name, cost, clouds in rows[:10]:
        add_row(table, [str(name), _dollars(Decimal(cost)), str(clouds)])
    if len(rows) > 10:
        rest = sum((Decimal(row[1]) for row in rows[10:]), Decimal(0))
        add_row(table, [f"{len(rows) - 10} others", _dollars(rest), ""])
    _console().print(table)


def _print_nameless(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT COALESCE(sum(cost_usd) FILTER (customer_id = 'untagged'), 0),"
        " COALESCE(sum(cost_usd) FILTER (rule_id IS NULL), 0),"
        " COALESCE(sum(cost_usd) FILTER (model = 'unknown' AND rule_id IS NOT NULL), 0)"
        " FROM warehouse.llm_costs"
    ).fetchone()
    untagged, unnamed, unstated = (Decimal(cell) for cell in row or (0, 0, 0))
    click.echo(
        f"Nobody's: {_dollars(untagged)} USD untagged. Named by no rule: {_dollars(unnamed)} USD"
        f" (python -m handlers unknown). Not stated by the bill: {_dollars(unstated)} USD."
    )


def _table(*columns: str) -> Table:
    table = Table(*columns[:1])
    for column in columns[1:]:
        numeric = column not in ("Became", "Model", "Customer", "Month")
        table.add_column(column, justify="right" if numeric else "left")
    return table


def _console() -> Console:
    """As wide as the table needs when nobody looks: a pipe has no width."""
    console = Console()
    return console if console.is_terminal else Console(width=160)


def _dollars(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.quantize(_CENT):,}"


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
