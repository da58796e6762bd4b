"""Reads a CSV file of the site into rows of trimmed cells, one line of the file per row.

A cell can't hold a line break: so a row's number is the line a text editor shows, and a quote
that is never closed is found where it stands and not at the end of the file.
"""

import csv
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.site.problems import Problem, at_row, shown
from handlers.site.text import decoded_lines, has_control_characters, trimmed

LINE_LIMIT = 65_536
"""Characters in a line; below the 131,072 at which the csv module itself gives up."""


@dataclass(frozen=True)
class Layout:
    """The columns a file may have; ``required`` must be in its header."""

    file: str
    columns: tuple[str, ...]
    required: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One row: its line in the file and its cells by column, trimmed; absent columns are blank."""

    file: str
    number: int
    cells: Mapping[str, str]


def read_rows(layout: Layout, content: bytes | None, problems: list[Problem]) -> list[Row]:
    """The rows of a file below its header; lines that are blank or start with ``#`` are skipped.

    No content is no rows. What is wrong goes to ``problems``; a row that is wrong is left out.
    """
    if content is None:
        return []
    lines = decoded_lines(layout.file, content, LINE_LIMIT, problems)
    if lines is None:
        return []
    header: list[str] | None = None
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not trimmed(line):
            continue
        cells = _split(layout, number, line, problems)
        if header is None:
            header = cells
            if not cells or not _header_fits(layout, number, cells, problems):
                return []
        elif cells and any(cells) and _fits(layout, number, header, cells, problems):
            rows.append(Row(layout.file, number, dict(zip(header, cells, strict=True))))
    return rows


def _split(layout: Layout, number: int, line: str, problems: list[Problem]) -> list[str]:
    try:
        return [trimmed(cell) for cell in next(csv.reader([line], strict=True))]
    except csv.Error as error:
        problems.append(
            Problem(
                at_row(layout.file, number),
                f"{shown(line)}, not readable as CSV ({error})",
                "one row per line, cells between commas",
                'put a cell with a comma or a quote in "quotes", double the quotes inside it,'
                " and close every quote on its own line.",
            )
        )
        return []


def _header_fits(
    layout: Layout, number: int, header: Sequence[str], problems: list[Problem]
) -> bool:
    known = len(problems)
    allowed = ",".join(layout.columns)
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        remedy = "save it with commas between the cells, not semicolons or tabs."
        problems.append(Problem(at_row(layout.file, number), shown(header[0]), allowed, remedy))
        return False
    for position, column in enumerate(header):
        place = at_row(layout.file, number, column)
        if column not in layout.columns:
            close = difflib.get_close_matches(column.lower(), layout.columns, n=1)
            remedy = f"did you mean '{close[0]}'?" if close else "delete or rename the column."
            place = at_row(layout.file, number)
            found = f"the unknown column {shown(column)}"
            problems.append(Problem(place, found, allowed, remedy))
        elif column in header[:position]:
            remedy = "keep one of the two columns."
            problems.append(Problem(place, "the column twice", "each column once", remedy))
    for column in layout.required:
        if column not in header:
            remedy = "add the column to the header and a cell for it to every row."
            found = f"no column '{column}'"
            problems.append(Problem(at_row(layout.file, number), found, allowed, remedy))
    return len(problems) == known


def _fits(
    layout: Layout,
    number: int,
    header: Sequence[str],
    cells: Sequence[str],
    problems: list[Problem],
) -> bool:
    if len(cells) != len(header):
        problems.append(
            Problem(
                at_row(layout.file, number),
                f"{len(cells)} cells",
                f"{len(header)} cells, as the header has",
                "add the missing commas for blank cells, or put a cell that has a comma in"
                ' "quotes".',
            )
        )
        return False
    known = len(problems)
    for column, cell in zip(header, cells, strict=True):
        if has_control_characters(cell):
            problems.append(
                Problem(
                    at_row(layout.file, number, column),
                    f"{shown(cell)}, which has a control character",
                    "visible text",
                    "delete the tab or control character.",
                )
            )
    return len(problems) == known
