"""Reads a TOML file of the site as tables whose every fault is noted with its key."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar, cast

from handlers.site.problems import Problem, at_key, shown
from handlers.site.text import decoded_lines
from handlers.site.values import DAY_FORM, day_from

LINE_LIMIT = 10_000
"""Characters in a line: keys of thousands of parts would keep the parser busy for minutes."""

Choice = TypeVar("Choice", bound=StrEnum)


class Table:
    """One table of a TOML file. A reader that finds a fault notes it and returns None."""

    def __init__(
        self, file: str, path: str, values: Mapping[str, object], problems: list[Problem]
    ) -> None:
        self._file = file
        self._path = path
        self._values = values
        self._problems = problems
        self.valid = True
        """False once something wrong was noted in this table."""

    def has(self, key: str) -> bool:
        """True when the table has the key."""
        return key in self._values

    def refuse(self, key: str, found: str, allowed: str, remedy: str) -> None:
        """Note that a key's value is wrong; a blank key is the table itself."""
        self.valid = False
        self._problems.append(Problem(self._place(key), found, allowed, remedy))

    def refuse_unknown(self, keys: Sequence[str]) -> None:
        """Note every key that is not one of ``keys``."""
        for key in self._values:
            if key not in keys:
                close = difflib.get_close_matches(key.lower(), keys, n=1)
                remedy = f"did you mean '{close[0]}'?" if close else "delete or rename the key."
                self.refuse("", f"the unknown key {shown(key)}", ", ".join(keys), remedy)

    def text(self, key: str) -> str | None:
        """A string; None when the key is absent."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value
        self.refuse(key, shown(value), "text in quotes", "put it in 'quotes'.")
        return None

    def day(self, key: str) -> date | None:
        """A TOML local date; None when the key is absent."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            day = day_from(value.isoformat())
            if day:
                return day
        self.refuse(key, shown(value), f"{DAY_FORM}, without quotes", "write 2026-09-01.")
        return None

    def choice(self, key: str, choices: type[Choice]) -> Choice | None:
        """One of a closed set, exactly as written there; None when the key is absent."""
        value = self._values.get(key)
        if value is None:
            return None
        for choice in choices:
            if choice.value == value:
                return choice
        close = [each.value for each in choices if each.value.lower() == str(shown(value)).lower()]
        remedy = f"write '{close[0]}'." if close else "use one of these, in quotes."
        self.refuse(key, shown(value), " | ".join(choices), remedy)
        return None

    def items(self, key: str) -> Sequence[object]:
        """The items of a list; none when the key is absent."""
        value = self._values.get(key)
        if isinstance(value, list):
            return cast("list[object]", value)
        if value is not None:
            self.refuse(key, shown(value), "a list", "write it in [brackets].")
        return ()

    def tables(self, key: str) -> Sequence["Table"]:
        """The tables of a list of tables; none when the key is absent."""
        tables: list[Table] = []
        for position, item in enumerate(self.items(key), start=1):
            path = f"{key}[{position}]"
            if isinstance(item, dict):
                values = cast("dict[str, object]", item)
                tables.append(Table(self._file, path, values, self._problems))
            else:
                self.refuse(path, shown(item), "a table", f"begin each one with [[{key}]].")
        return tables

    def _place(self, key: str) -> str:
        path = ".".join(part for part in (self._path, key) if part)
        return at_key(self._file, path) if path else self._file


def read_toml(file: str, content: bytes, problems: list[Problem]) -> Mapping[str, object] | None:
    """The top table; None, with the reason in ``problems``, when the file is not TOML."""
    lines = decoded_lines(file, content, LINE_LIMIT, problems)
    if lines is None:
        return None
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        found = f"text that is not TOML ({error})"
        remedy = "mend it there; text needs quotes, days do not (from = 2026-09-01)."
    except RecursionError:
        found = "lists or tables inside each other too deeply"
        remedy = "write it as the example does ('python -m handlers site example DIR')."
    except ValueError as error:
        found = f"a number or day that can't be read ({error})"
        remedy = "correct it."
    problems.append(Problem(file, found, "TOML (https://toml.io)", remedy))
    return None
