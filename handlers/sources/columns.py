"""Finding a field among a file's columns, whatever it is called there.

Clouds rename columns between agreements, versions and formats; the accepted spellings are data
(``columns.toml`` beside each cloud's reader). Two names are the same when their letters and
digits are: case, separators and a byte-order mark don't count.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from handlers.errors import BillError, Place


def folded(name: str) -> str:
    """``name`` with nothing but its letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Columns:
    """The columns of one file, found by the field they carry.

    ``types`` maps a column's name to its DuckDB type; ``spellings`` a field to its accepted
    names, the preferred one first.
    """

    def __init__(
        self, types: Mapping[str, str], spellings: Mapping[str, tuple[str, ...]], file: str
    ) -> None:
        self._types = types
        self._spellings = spellings
        self._file = file
        self._by_folded: dict[str, str] = {}
        for name in types:
            key = folded(name)
            if key in self._by_folded and key in _wanted(spellings):
                raise BillError(
                    Place(file, column=name),
                    f"The columns '{self._by_folded[key]}' and '{name}' have the same meaning.",
                    "A bill has each column once: export it again or remove one of the two.",
                )
            self._by_folded.setdefault(key, name)

    def find_all(self, field: str) -> tuple[str, ...]:
        """The names in the file of the columns that carry ``field``, the preferred one first."""
        found = (self._by_folded.get(folded(spelling)) for spelling in self._spellings[field])
        return tuple(name for name in found if name is not None)

    def find(self, field: str) -> str | None:
        """The first of ``find_all``; None when there is none."""
        return next(iter(self.find_all(field)), None)

    def need(self, field: str) -> str:
        """Like ``find``; BillError when the file has no such column."""
        name = self.find(field)
        if name is None:
            spelling, *more = self._spellings[field]
            others = f" (or {', '.join(more)})" if more else ""
            near = ", ".join(sorted(self._types)[:8])
            raise BillError(
                Place(self._file, column=spelling),
                f"The column '{spelling}'{others} is missing; the file has {near}, ...",
                "Export the bill with that column, or give the column its documented name.",
            )
        return name

    def type_of(self, name: str) -> str:
        """The DuckDB type of the column ``name``."""
        return self._types[name]

    def names(self) -> tuple[str, ...]:
        """Every column name, as written."""
        return tuple(self._types)


def _wanted(spellings: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(folded(name) for names in spellings.values() for name in names)


def load_spellings(package: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """``columns.toml`` of ``package``: layout to field to accepted column names."""
    text = files(package).joinpath("columns.toml").read_text(encoding="utf-8")
    return {
        layout: {field: tuple(names) for field, names in fields.items()}
        for layout, fields in tomllib.loads(text).items()
    }
