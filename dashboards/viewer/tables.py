"""A table as a definition of AG Grid. Cells are text; nothing from a bill becomes markup."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from dashboards.duckdb_source import Cell
from dashboards.viewer.colours import Theme, as_text, hue
from dashboards.viewer.frames import Field, drawn, number, step_colour
from dashboards.viewer.model import part
from dashboards.viewer.units import exact, write

Grid: TypeAlias = dict[str, Any]
Linked: TypeAlias = Callable[[str, int], str | None]
"""Fills the address of a link from a row; None where it would lead out of the viewer."""

NOTHING = "-"
CHARACTER = 6.8
"""Pixels that a character of a cell takes on average, at 13 pixels' size."""
PADDING = 14
GAUGE = 60
WIDEST = 420
WIDEST_TEXT = 130
"""Pixels that a column of text takes at least if it needs so much; twice that if it wraps."""


def grid(of: Sequence[Field], theme: Theme, now: datetime, linked: Linked) -> Grid:
    """The grid of a panel: columns that sort, and a link where the JSON has one."""
    columns: list[Grid] = []
    rows: list[Grid] = [{} for _ in of[0].cells]
    for place, field in enumerate(drawn(of)):
        key = f"c{place}"
        texts = [write(cell, field.unit, field.decimals, now) or NOTHING for cell in field.cells]
        columns.append(_column(key, field, texts))
        for at, text in enumerate(texts):
            rows[at].update(_cell(key, field, field.cells[at], text, theme))
            if link := linked(field.link, at):
                rows[at][f"{key}:link"] = link
    return {
        "columnDefs": columns,
        "rowData": rows,
        "defaultColDef": {
            "sortable": True,
            "resizable": True,
            "suppressMovable": True,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        "rowHeight": 28,
        "headerHeight": 32,
        "suppressFieldDotNotation": True,
        "enableCellTextSelection": True,
        "ensureDomOrder": True,
        "animateRows": False,
        "tooltipShowDelay": 400,
        ":onCellKeyDown": "viewer.openLink",
    }


def _column(key: str, field: Field, texts: Sequence[str]) -> Grid:
    is_gauge = field.cell_type == "gauge"
    made: Grid = {
        "field": key,
        "headerName": field.title,
        "headerTooltip": field.title,
        ":tooltipValueGetter": "viewer.cellTooltip",
        ":cellRenderer": "viewer.cell",
        "cellRendererParams": {"key": key, "gauge": is_gauge},
        "sortingOrder": ["desc", "asc", None] if field.is_number else ["asc", "desc", None],
    }
    if field.is_number:
        made |= {"cellClass": "number", "headerClass": "number"}
    wraps = bool(part(field.custom, "cellOptions").get("wrapText"))
    if wraps:
        made |= {"wrapText": True, "autoHeight": True}
    if width := field.custom.get("width"):
        return made | {"width": width}
    # A phone scrolls sideways; elsewhere each column takes of the room what its texts need. A
    # title of several words becomes several lines.
    longest = max(map(len, [*(f"{word} " for word in field.title.split()), *texts]))
    needed = min(WIDEST, longest * CHARACTER + PADDING + (GAUGE if is_gauge else 0))
    least = needed if field.is_number else min(needed, WIDEST_TEXT * (2 if wraps else 1))
    return made | {"flex": round(needed), "minWidth": round(least)}


def _cell(key: str, field: Field, value: Cell, text: str, theme: Theme) -> Grid:
    """A cell's value to sort by, and under keys of its own what is shown of it."""
    amount = number(value)
    full = exact(value, field.unit)
    colour = step_colour(field, amount) if field.cell_type == "color-text" else None
    made: Grid = {key: full if amount is None else amount, f"{key}:text": text}
    if full not in {"", text}:
        made[f"{key}:full"] = full
    if colour:
        made[f"{key}:colour"] = as_text(hue(colour, theme), theme)
    if field.cell_type == "gauge" and amount is not None:
        made[f"{key}:share"] = _filled(field, amount)
        made[f"{key}:bar"] = hue(field.colour or "semi-dark-blue", theme)
    return made


def _filled(field: Field, amount: float) -> float:
    """The part of a gauge that is filled, 0 to 1: the largest cell of the column fills it."""
    numbers = [found for found in map(number, field.cells) if found is not None]
    low, high = field.minimum or 0.0, max(numbers)
    return round(min(1.0, max(0.0, (amount - low) / (high - low))), 4) if high > low else 0.0
