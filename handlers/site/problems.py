"""What is wrong with the site data, said so that it can be mended without reading code."""

from dataclasses import dataclass

from handlers.errors import Place

_SHOWN = 60
_LARGE_BITS = 64


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``place`` names the file and the row (counted as a text editor does) or the TOML key.
    """

    place: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: found {self.found}; allowed: {self.allowed}; {self.remedy}"


def at_row(file: str, row: int, column: str = "") -> str:
    """The place of a CSV row or of one of its cells."""
    return str(Place(file, row, column))


def at_key(file: str, key: str) -> str:
    """The place of a TOML key, written with dots and positions from 1: ``map[2].regex``."""
    return f"{file}, key '{key}'"


def shown(value: object) -> str:
    """``value`` for a message: on one line, control characters escaped, cut when long."""
    if isinstance(value, str):
        cut = repr(value[:_SHOWN])
        return cut if len(value) <= _SHOWN else f"{cut}... ({len(value)} characters)"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > _LARGE_BITS:
        return "a very large number"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
