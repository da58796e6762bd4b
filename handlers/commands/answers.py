"""How the reading commands write an answer: a table for people, CSV and JSON for programs.

Programs get amounts exactly: plain decimal digits, never with an exponent; in JSON as strings,
because a JSON number is read as a float by most programs. A text that a spreadsheet would compute
is made harmless in CSV; JSON has it as it is.
"""

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from handlers.commands.visible import visible, visible_but_colours
from handlers.errors import UsageError
from handlers.formulas import harmless
from handlers.queries.answer import Answer, Cell

FORMATS = ("table", "csv", "json")
_CENT = Decimal("0.01")

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="CSV and JSON hold exact amounts; JSON writes them as strings.",
)


def for_program(answer: Answer, form: str) -> str:
    """The answer as ``csv`` with a header, or as ``json``: a list of objects."""
    return _csv(answer) if form == "csv" else _json(answer)


def _csv(answer: Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_cell(cell) for cell in row] for row in answer.rows)
    return text.getvalue()


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return harmless(cell)
    return "" if cell is None else plain(cell)


def _json(answer: Answer) -> str:
    objects = [
        {
            name: cell if isinstance(cell, int) or cell is None else plain(cell)
            for name, cell in zip(answer.columns, row, strict=True)
        }
        for row in answer.rows
    ]
    return json.dumps(objects, indent=2, ensure_ascii=False) + "\n"


def plain(cell: Cell) -> str:
    """A cell as exact text: digits, ISO 8601 days and times (UTC)."""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds") + "Z"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def cents(cell: Cell) -> str:
    """An amount for the eye: to the cent, thousands apart; empty for nothing."""
    if not isinstance(cell, Decimal):
        return ""
    if cell and abs(cell) < _CENT:
        return "<0.01" if cell > 0 else ">-0.01"
    return f"{cell.quantize(_CENT):,}"


def quantity(cell: Cell) -> str:
    """A quantity for the eye: thousands apart, no zeros after the last digit."""
    if not isinstance(cell, Decimal):
        return ""
    text = f"{cell:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def table(columns: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in ``right`` hold numbers."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0, 0, 0))
    for column in columns:
        heading = column.replace("_", "\n")
        if column in right:
            made.add_column(heading, justify="right", no_wrap=True)
        else:
            made.add_column(heading, overflow="fold", vertical="bottom")
    return made


def add_row(made: Table, cells: Sequence[str]) -> None:
    """Add a row of plain text: a bill's brackets are no markup."""
    made.add_row(*(Text(visible(cell)) for cell in cells))


def render(made: Table) -> str:
    """The table as text: as wide as the terminal, or as it needs when it goes elsewhere."""
    screen = Console()
    if screen.is_terminal:
        with screen.capture() as shown:
            screen.print(made)
        return shown.get()
    paper = Console(width=10_000, color_system=None, force_terminal=False)
    with paper.capture() as shown:
        paper.print(made)
    return "\n".join(line.rstrip() for line in shown.get().splitlines()) + "\n"


def put(text: str, output: Path | None = None) -> None:
    """Write ``text`` to the file, or to standard output: exactly, but for a terminal's sake.

    Raises:
        UsageError: the file can't be written.
    """
    if output is None:
        seen = visible_but_colours(text) if sys.stdout.isatty() else text
        # By itself click takes what looks like a colour out of what is no terminal's, names too.
        click.echo(seen, nl=False, color=True)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} can't be written: {error.strerror}.") from error


def tell_nothing(holds: str | None, form: str) -> None:
    """Say that nothing matches; beside the answer where that goes to a program."""
    if holds is None:
        text = "The warehouse holds no costs yet: python -m handlers collect FOLDER fills it."
    else:
        text = f"No costs match the selection. The warehouse holds the days {holds}."
    click.echo(text, err=form != "table")
