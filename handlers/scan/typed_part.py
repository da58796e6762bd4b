"""How the engine reads a part that it can read again: parquet, newline-delimited JSON.

The first pass looks at few columns and adds up every service; the second reads the lines of the
services that are kept, by their ids, which lets the engine skip the wide columns of all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from handlers.lines import LINE_NAMES
from handlers.quoting import literal
from handlers.scan.kept import Kept
from handlers.scan.line_sql import (
    KEYS,
    SUMS,
    left_out_of,
    line_pairs,
    name_key,
    service_id,
    service_list,
)
from handlers.scan.relations import typed_relation
from handlers.sources import Reading
from handlers.sources.formats import FileFormat
from handlers.sources.parts import FilePart

_MOST_IDS = 500
"""Of services that are filtered by their ids; a filter of more is no faster than looking."""


@dataclass(frozen=True)
class Target:
    """The tables that lines are added to: ``lines`` whole, ``rest`` added up."""

    lines: str
    rest: str


def read_typed_part(
    connection: duckdb.DuckDBPyConnection,
    file_format: FileFormat,
    part: FilePart,
    reading: Reading,
    kept: Kept,
    target: Target,
) -> None:
    """Add the lines of ``part`` that are kept whole, and all others, to the tables of ``target``.

    Raises:
        duckdb.Error: the part can't be read.
    """
    relation = typed_relation(file_format, part, reading.json_columns)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE part_services AS
        SELECT *, ({kept.of_service(reading)}) IS TRUE AS is_service_kept
        FROM (
            SELECT {KEYS}, service_text, is_label_kept, {SUMS}
            FROM (
                SELECT {service_list(reading)}, ({kept.by_label(reading)}) IS TRUE AS is_label_kept
                FROM {relation}
                WHERE {reading.where}
            )
            GROUP BY {KEYS}, service_text, is_label_kept
        )
        """
    )
    connection.execute(
        f"""
        INSERT INTO {target.rest}
        SELECT {left_out_of(reading.service_name)}
        FROM (
            SELECT
                {KEYS},
                any_value(service_text) AS service_text,
                sum(line_count) AS line_count,
                sum(cost) AS cost,
                sum(unreadable) AS unreadable
            FROM part_services
            WHERE NOT is_service_kept AND NOT is_label_kept
            GROUP BY {KEYS}, {name_key(reading)}
        )
        """
    )
    filters = _filters(connection, reading, kept)
    columns = ", ".join(f"{expression} AS {name}" for name, expression in line_pairs(part, reading))
    if filters:
        connection.execute(
            f"INSERT INTO {target.lines} ({', '.join(LINE_NAMES)}) SELECT {columns}"
            f" FROM {relation} WHERE ({reading.where}) AND ({' OR '.join(filters)})"
        )
    connection.execute("DROP TABLE part_services")


def _filters(connection: duckdb.DuckDBPyConnection, reading: Reading, kept: Kept) -> Sequence[str]:
    """Which lines are kept, as cheaply as it can be said; none: no line is."""
    by_service, by_label = f"({kept.by_service(reading)})", f"({kept.by_label(reading)})"
    rows = connection.execute(
        "SELECT service_id, bool_and(is_service_kept OR is_label_kept) FROM part_services"
        " GROUP BY service_id HAVING bool_or(is_service_kept) ORDER BY ALL"
    ).fetchall()
    labels = connection.execute("SELECT bool_or(is_label_kept) FROM part_services").fetchone()
    filters = [by_label] if labels is not None and labels[0] else []
    whole = [str(name) for name, all_lines in rows if all_lines and name is not None]
    if len(whole) < len(rows) or len(whole) > _MOST_IDS:
        return [by_service, *filters] if rows else filters
    if whole:
        ids = ", ".join(map(literal, whole))
        filters.append(f"{service_id(reading)} IN ({ids})")
    return filters
