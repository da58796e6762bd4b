"""A query's answer, and how its columns look once the panel's overrides are applied."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from dashboards.duckdb_source import Answer, Cell
from dashboards.viewer.model import Json, Override, Panel, listed, part

_LABEL = re.compile(r"\$\{__field\.labels\.(?P<name>\w+)(?::(?P<form>\w+))?\}")


@dataclass(frozen=True)
class Column:
    """A column of an answer; ``labels`` tell a series from others of the same name."""

    name: str
    labels: Mapping[str, str]
    cells: tuple[Cell, ...]

    @property
    def full_name(self) -> str:
        """What Grafana calls it before a panel says how it is called; patterns are held against it.

        See getFieldDisplayName of https://www.npmjs.com/package/@grafana/data.
        """
        match list(self.labels.values()):
            case []:
                return self.name
            case [label]:
                return f"{self.name} {label}"
            case _:
                said = ", ".join(f'{key}="{self.labels[key]}"' for key in sorted(self.labels))
                return f"{self.name} {{{said}}}"

    @property
    def is_number(self) -> bool:
        """Whether every cell that is known is an amount."""
        return all(number(cell) is not None for cell in self.cells if cell is not None)


@dataclass(frozen=True)
class Step:
    """From ``value`` on, this colour; None is from the lowest on."""

    value: float | None
    colour: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column as it is drawn; ``link`` is an address with Grafana's variables in it.

    ``colour`` is the one that the field is given; without, its place among the others decides.
    """

    name: str
    cells: tuple[Cell, ...]
    title: str
    unit: str
    decimals: int | None
    minimum: float | None
    no_value: str
    colour: str | None
    is_hidden: bool
    steps: tuple[Step, ...]
    link: str
    custom: Json

    @property
    def is_number(self) -> bool:
        """Whether its cells are amounts; without any, nobody can tell."""
        known = [cell for cell in self.cells if cell is not None]
        return bool(known) and all(number(cell) is not None for cell in known)

    @property
    def cell_type(self) -> str:
        """How a table draws its cells, in Grafana's words."""
        return str(part(self.custom, "cellOptions").get("type", "auto"))


def number(cell: Cell) -> float | None:
    """A cell as a place on an axis; None where it is no amount."""
    if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        return float(cell)
    return None


def fields(panel: Panel, answer: Answer) -> tuple[Field, ...]:
    """The answer's columns as the panel shows them.

    Raises:
        ValueError: the panel names its columns in a way that the viewer does not know.
    """
    found = _columns(answer)
    if found[0].name == "time":
        found = _wide(found)
    return tuple(_field(panel, column) for column in found)


def drawn(of: Sequence[Field]) -> tuple[Field, ...]:
    """The fields that are not hidden."""
    return tuple(field for field in of if not field.is_hidden)


def _columns(answer: Answer) -> list[Column]:
    cells = zip(*answer.rows, strict=True) if answer.rows else ((),) * len(answer.columns)
    return [Column(name, {}, tuple(each)) for name, each in zip(answer.columns, cells, strict=True)]


def _wide(of: Sequence[Column]) -> list[Column]:
    """Moments and series: columns of names become a column of amounts for each row of names.

    As Grafana makes wide series of a long one
    (https://grafana.com/developers/dataplane/timeseries#time-series-long-format-timeserieslong).
    """
    moments, others = of[0], of[1:]
    names = [column for column in others if not column.is_number]
    if not names:
        return [*of]
    amounts = next(column for column in others if column.is_number)
    distinct = tuple(dict.fromkeys(moments.cells))
    place = {moment: at for at, moment in enumerate(distinct)}
    found: dict[tuple[str, ...], list[Cell]] = {}
    rows = zip(*(map(str, column.cells) for column in names), strict=True)
    for moment, row, cell in zip(moments.cells, rows, amounts.cells, strict=True):
        found.setdefault(row, [None] * len(distinct))[place[moment]] = cell
    keys = [column.name for column in names]
    return [
        Column(moments.name, {}, distinct),
        *(
            Column(amounts.name, dict(zip(keys, row, strict=True)), tuple(cells))
            for row, cells in found.items()
        ),
    ]


def _field(panel: Panel, column: Column) -> Field:
    said: dict[str, Any] = {**panel.defaults}
    custom: dict[str, Any] = {**part(panel.defaults, "custom")}
    for override in panel.overrides:
        if not _matches(override, column):
            continue
        for key, value in override.properties.items():
            if key.startswith("custom."):
                custom[key.removeprefix("custom.")] = value
            else:
                said[key] = value
    colour = part(said, "color")
    title = _labelled(str(said.get("displayName") or _name(column)), column)
    return Field(
        name=title if column.labels else column.name,
        cells=column.cells,
        title=title,
        unit=said.get("unit", "none"),
        decimals=said.get("decimals"),
        minimum=said.get("min"),
        no_value=said.get("noValue", "no data"),
        colour=colour.get("fixedColor") if colour.get("mode") == "fixed" else None,
        is_hidden=bool(custom.get("hidden")) or bool(part(custom, "hideFrom").get("viz")),
        steps=tuple(
            Step(step["value"], step["color"]) for step in listed(part(said, "thresholds"), "steps")
        ),
        link=_labelled(next((link["url"] for link in listed(said, "links")), ""), column),
        custom=custom,
    )


def _name(column: Column) -> str:
    return next(iter(column.labels.values())) if len(column.labels) == 1 else column.full_name


def _labelled(text: str, column: Column) -> str:
    """``text`` with the series' labels put in."""

    def put(match: re.Match[str]) -> str:
        label = column.labels.get(match["name"], "")
        return quote(label, safe="") if match["form"] == "percentencode" else label

    return _LABEL.sub(put, text)


def _matches(override: Override, column: Column) -> bool:
    match override.matcher:
        case "byName":
            return override.names == column.name
        case "byRegexp":
            return bool(pattern(override.names).search(column.full_name))
        case "byType":
            return (override.names == "number") == column.is_number
        case other:
            raise ValueError(f"the viewer knows no matcher '{other}'")


def pattern(text: str) -> re.Pattern[str]:
    """What Grafana takes for a pattern: ``/^cost$/``, or a plain text that is a whole name."""
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        return re.compile(text[1:-1])
    return re.compile(f"^{re.escape(text)}$")


def step_colour(field: Field, value: float | None) -> str | None:
    """The colour of the highest threshold that ``value`` reaches; None without thresholds."""
    if value is None:
        return None
    reached = [step.colour for step in field.steps if step.value is None or value >= step.value]
    return reached[-1] if reached else None


def reduced(cells: Sequence[Cell], calculation: str) -> Cell:
    """One cell for many, by Grafana's name of the calculation; None where nothing is known.

    Amounts are added up as decimals where they are, so that a legend's total is the table's.

    Raises:
        ValueError: the viewer does not know it; a defect of ours.
    """
    known = [cell for cell in cells if cell is not None]
    amounts = [(found, cell) for cell in known if (found := number(cell)) is not None]
    match calculation:
        case "lastNotNull":
            return known[-1] if known else None
        case "sum":
            return sum((Decimal(str(cell)) for _, cell in amounts), Decimal(0)) if known else None
        case "max":
            return max(amounts, key=lambda pair: pair[0])[1] if amounts else None
        case other:
            raise ValueError(f"the viewer knows no calculation '{other}'")


CALCULATIONS: Mapping[str, str] = {"sum": "Total", "max": "Max", "lastNotNull": "Last"}
"""What a legend calls them, as Grafana does."""
