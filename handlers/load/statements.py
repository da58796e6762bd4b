"""Running the statements of a ``.sql`` file of this package one by one, by name."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

import duckdb

_NAME = re.compile(r"^-- statement: (\w+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$([a-z_]+)")


def statements(package: str, file: str) -> Iterator[tuple[str, str]]:
    """Name and text of each statement of ``file`` in ``package``, in order."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    pieces = _NAME.split(text)[1:]
    yield from zip(pieces[::2], (piece.strip() for piece in pieces[1::2]), strict=True)


def run(
    connection: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, object]
) -> None:
    """Execute ``statement`` with those of ``values`` that it names bound to it."""
    names = set(_PARAMETER.findall(statement))
    connection.execute(statement, {name: values[name] for name in names})
