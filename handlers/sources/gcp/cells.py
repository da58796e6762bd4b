"""The cells of a billing export, the same from newline-delimited JSON and from parquet.

JSON is read as the shapes of ``columns.toml``; parquet has types of its own, which are brought to
those shapes: a double as its shortest text, a timestamp as UTC.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import duckdb

from handlers.amounts import LINE_AMOUNT, text_amount_sql
from handlers.errors import BillError, Place
from handlers.quoting import quoted
from handlers.sources.expressions import text_timestamp, typed_timestamp
from handlers.sources.formats import FileFormat


@cache
def _shapes() -> Mapping[str, Mapping[str, str]]:
    text = files("handlers.sources.gcp").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def shapes() -> Mapping[str, str]:
    """The columns that are read and their shapes, as DuckDB types."""
    return {**_shapes()["needed"], **_shapes()["optional"]}


def shape_of(name: str) -> str:
    """The shape of the column ``name``."""
    return shapes()[name]


def json_columns() -> str:
    """The columns to read of newline-delimited JSON, as a DuckDB struct."""
    pairs = ", ".join(f"{quoted(name)}: '{shape}'" for name, shape in shapes().items())
    return f"{{{pairs}}}"


class Cells:
    """Expressions over the columns of one file.

    ``types`` are those of a parquet file, by column name; they are not used for JSON.

    Raises:
        BillError: a column that every export has is not there, or has another shape.
    """

    def __init__(self, types: Mapping[str, str], file_format: FileFormat, file: str) -> None:
        self._types = types if file_format is FileFormat.PARQUET else None
        if self._types is not None:
            _check_types(self._types, file)

    def has(self, name: str) -> bool:
        """Whether the column can be read."""
        return self._types is None or name in self._types

    def whole(self, name: str) -> str:
        """The column in its shape; NULL when the file has no such column."""
        if not self.has(name):
            return f"NULL::{shape_of(name)}"
        if self._types is None:
            return quoted(name)
        return f"CAST({quoted(name)} AS {shape_of(name)})"

    def text(self, name: str, *fields: str) -> str:
        """A text, or a text inside a struct; NULL when it is empty."""
        return f"NULLIF({self._inside(name, fields)}, '')"

    def amount(self, name: str, *fields: str) -> str:
        """A line amount; NULL when it is empty or not an amount."""
        return text_amount_sql(self._inside(name, fields))

    def moment(self, name: str) -> str:
        """A UTC timestamp; NULL when it is empty or not one."""
        if self._types is None:
            return text_timestamp(quoted(name))
        kind = self._types.get(name)
        return typed_timestamp(quoted(name), kind) if kind else "NULL::TIMESTAMP"

    def _inside(self, name: str, fields: tuple[str, ...]) -> str:
        return "".join((self.whole(name), *(f".{quoted(field)}" for field in fields)))


def nesting_of(kind: str) -> str:
    """Whether values of the DuckDB type are single, structs or lists."""
    if kind.endswith("[]"):
        return "list"
    return "struct" if kind.upper().startswith("STRUCT(") else "value"


def _check_types(types: Mapping[str, str], file: str) -> None:
    for name in _shapes()["needed"]:
        if name not in types:
            raise BillError(
                Place(file, column=name),
                f"The column '{name}' is missing; the file has {_some(types)}, ...",
                "Export the whole table, with every column.",
            )
    with duckdb.connect() as connection:
        for name in shapes():
            if name in types and not _fits(connection, types[name], shape_of(name)):
                raise BillError(
                    Place(file, column=name),
                    f"The column is {types[name]}, which is not how a billing export has it.",
                    f"Export the table again; expected is {shape_of(name)}.",
                )


def _fits(connection: duckdb.DuckDBPyConnection, kind: str, shape: str) -> bool:
    if nesting_of(kind) != nesting_of(shape):
        return False
    try:
        connection.execute(f"SELECT CAST(NULL::{kind} AS {shape})")
    except duckdb.Error:
        return False
    return True


def _some(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:8])


def credits_of(cells: Cells) -> str:
    """What the credits inside a line add up to; NULL when one of them is not an amount."""
    amounts = f"list_transform({cells.whole('credits')}, lambda c: {text_amount_sql('c.amount')})"
    return (
        f"CASE WHEN COALESCE(len({cells.whole('credits')}), 0) = 0 THEN 0::{LINE_AMOUNT}"
        f" WHEN list_contains(list_transform({amounts}, lambda a: a IS NULL), TRUE) THEN NULL"
        f" ELSE CAST(list_sum({amounts}) AS {LINE_AMOUNT}) END"
    )


def labels_of(cells: Cells) -> str:
    """The labels as a JSON object; NULL when there are none.

    Of a key that repeats the first value that is not empty counts, in this order: labels of the
    resource, labels of its project, tags, system labels.
    """
    sources = (
        cells.whole("labels"),
        f"{cells.whole('project')}.labels",
        cells.whole("tags"),
        cells.whole("system_labels"),
    )
    pairs = (
        f"list_filter(list_concat({', '.join(sources)}), lambda e: e.key <> '' AND e.value <> '')"
    )
    first = (
        f"list_filter({pairs}, lambda e, i:"
        f" list_position(list_transform({pairs}, lambda other: other.key), e.key) = i)"
    )
    members = (
        f"list_transform({first}, lambda e:"
        " CAST(to_json(e.key) AS VARCHAR) || ':' || CAST(to_json(e.value) AS VARCHAR))"
    )
    return f"CASE WHEN len({pairs}) > 0 THEN '{{' || array_to_string({members}, ',') || '}}' END"


def label_text(cells: Cells) -> str:
    """The labels' values as they stand, only to see whether one is among them."""
    values = f"list_transform({cells.whole('labels')}, lambda e: e.value)"
    return f"COALESCE(array_to_string({values}, ' '), '')"
