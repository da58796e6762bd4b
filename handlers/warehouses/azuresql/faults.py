"""What an error of the server or the driver means, from ``faults.toml``.

The driver gives the text of an error and not its number
(https://github.com/microsoft/mssql-python/issues/581), so faults are told by words of it.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import cast


class Kind(StrEnum):
    """What a caller can do about a fault."""

    PASSING = "passing"
    """The same may succeed over a new connection, a little later."""
    REFUSED = "refused"
    """It won't, until a person has changed something."""


@dataclass(frozen=True)
class Fault:
    """One row of the table: ``number`` is the server's, 0 for what the driver says itself."""

    number: int
    says: str
    kind: Kind
    remedy: str

    def message(self, what: str, said: str) -> str:
        """The text for a reader of this fault, met at ``what``."""
        number = f" (error {self.number})" if self.number else ""
        line = " ".join(said.split())[:500]
        return f"Azure SQL: {what} failed{number}: {line} {self.remedy}"


_UNKNOWN = Fault(0, "", Kind.REFUSED, "Nothing was changed.")


def fault_of(said: str) -> Fault:
    """The first fault of the table whose words are in ``said``; else one that no retry mends."""
    text = said.lower()
    return next((fault for fault in faults() if fault.says.lower() in text), _UNKNOWN)


@cache
def faults() -> Sequence[Fault]:
    """The table, in its order."""
    text = files("handlers.warehouses.azuresql").joinpath("faults.toml").read_text("utf-8")
    read = tomllib.loads(text)
    remedies = cast("dict[str, str]", read["remedies"])
    rows = cast("list[dict[str, int | str]]", read["fault"])
    return tuple(
        Fault(
            int(row.get("number", 0)),
            str(row["says"]),
            Kind(row["kind"]),
            remedies[str(row["remedy"])],
        )
        for row in rows
    )
