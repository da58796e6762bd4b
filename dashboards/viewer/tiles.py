"""Single numbers and bars, as the page lays them out itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboards.duckdb_source import Cell
from dashboards.viewer.colours import Theme, as_text, from_palette, hue
from dashboards.viewer.frames import Field, drawn, number, pattern, reduced, step_colour
from dashboards.viewer.model import Panel, listed, part
from dashboards.viewer.units import exact, write


@dataclass(frozen=True)
class Tile:
    """A number: as Grafana writes it and in full; ``colour`` is its own, if it has one."""

    name: str
    text: str
    full: str
    colour: str | None


@dataclass(frozen=True)
class Bar:
    """A number and the part of the row that its bar fills, 0 to 1."""

    name: str
    text: str
    full: str
    share: float
    colour: str
    link: str


def tiles(panel: Panel, of: Sequence[Field], theme: Theme, now: datetime) -> tuple[Tile, ...]:
    """The numbers of a ``stat`` panel."""
    is_coloured = panel.options.get("colorMode") == "value"
    return tuple(
        Tile(
            field.title,
            write(cell, field.unit, field.decimals, now) or field.no_value,
            exact(cell, field.unit),
            as_text(hue(colour, theme), theme) if colour and is_coloured else None,
        )
        for field, cell in _values(panel, of)
        for colour in (field.colour or step_colour(field, number(cell)),)
    )


def bars(panel: Panel, of: Sequence[Field], theme: Theme, now: datetime) -> tuple[Bar, ...]:
    """The bars of a ``bargauge`` panel, from zero and on one scale."""
    values = _values(panel, of)
    amounts = [number(cell) or 0.0 for _, cell in values]
    longest = max([*amounts, 0.0])
    return tuple(
        Bar(
            field.title,
            write(cell, field.unit, field.decimals, now) or field.no_value,
            exact(cell, field.unit),
            max(0.0, amount / longest) if longest else 0.0,
            hue(field.colour, theme) if field.colour else from_palette(place, theme),
            field.link,
        )
        for place, ((field, cell), amount) in enumerate(zip(values, amounts, strict=True))
    )


def _values(panel: Panel, of: Sequence[Field]) -> list[tuple[Field, Cell]]:
    """The fields that the panel reduces, each with its one value."""
    said = part(panel.options, "reduceOptions")
    (calculation,) = listed(said, "calcs")
    wanted = said.get("fields", "")
    return [
        (field, reduced(field.cells, calculation))
        for field in drawn(of)
        if (pattern(wanted).search(field.name) if wanted else field.is_number)
    ]
