"""How the engine reads a part that is CSV: one pass over a stream that can be read once."""

from collections.abc import Callable, Sequence

import duckdb

from handlers.lines import LINE_NAMES
from handlers.scan.feed import Watch, named_pipe
from handlers.scan.kept import Kept, distinct_services
from handlers.scan.line_sql import (
    KEYS,
    SUMS,
    billing_entity,
    left_out_of,
    line_pairs,
    name_key,
    service_id,
    service_list,
)
from handlers.scan.relations import csv_relation
from handlers.scan.text_files import open_binary, read_header
from handlers.sources import Reading
from handlers.sources.parts import Part

_LEARNED_LINES = 10_000
"""Lines at the start of a part whose services are looked at before all lines are read."""


def read_csv_part(
    connection: duckdb.DuckDBPyConnection,
    part: Part,
    reading: Reading,
    kept: Kept,
    table: str,
    watching: Callable[[Sequence[str]], Watch],
) -> None:
    """Fill the new ``table`` with the lines that are kept whole and the sums of all others.

    ``watching`` gets the columns of the header; what it returns is shown the text after it.

    Raises:
        duckdb.Error: a line is not CSV; or one of ``READ_ERRORS``.
    """
    services = f"{table}_services"
    _learn_services(connection, part, reading, kept, services)
    fields = ", ".join(f"{name} := {expression}" for name, expression in line_pairs(part, reading))
    with open_binary(part) as stream:
        header = read_header(stream, part)
        with named_pipe(stream, watching(header.names)) as pipe:
            connection.execute(
                f"""
                CREATE TABLE {table} AS
                SELECT
                    {KEYS},
                    line,
                    any_value(service_text) AS service_text,
                    {SUMS}
                FROM (
                    SELECT
                        {service_list(reading)},
                        CASE
                            WHEN {_is_kept(reading, kept)} THEN struct_pack({fields})
                        END AS line
                    FROM {csv_relation(pipe, header)}
                    LEFT JOIN {services} ON known_service_text = {reading.service_text}
                )
                GROUP BY {KEYS}, line, {name_key(reading)}
                """
            )
    connection.execute(f"DROP TABLE {services}")


def _learn_services(
    connection: duckdb.DuckDBPyConnection, part: Part, reading: Reading, kept: Kept, table: str
) -> None:
    """Of each service text at the start of the part one service, and whether it is kept."""
    with open_binary(part) as stream:
        header = read_header(stream, part)
        with named_pipe(stream) as pipe:
            relation = csv_relation(pipe, header)
            first = f"(FROM {relation} LIMIT {_LEARNED_LINES})"
            connection.execute(
                f"CREATE TABLE {table} AS SELECT service_text AS known_service_text,"
                " service.service_id AS known_service_id,"
                " service.billing_entity AS known_billing_entity,"
                " service.is_kept AS known_is_kept"
                " FROM (SELECT service_text, min(struct_pack(service_id, billing_entity, is_kept))"
                f" AS service FROM ({distinct_services(reading, first, kept)})"
                " WHERE service_text IS NOT NULL GROUP BY service_text)"
            )


def _is_kept(reading: Reading, kept: Kept) -> str:
    """Whether a line is kept: as its service is known to be, else by looking at it."""
    return (
        "CASE WHEN known_service_text IS NOT NULL"
        f" AND known_service_id IS NOT DISTINCT FROM {service_id(reading)}"
        f" AND known_billing_entity IS NOT DISTINCT FROM {billing_entity(reading)}"
        f" THEN known_is_kept ELSE {kept.by_service(reading)} END OR ({kept.by_label(reading)})"
    )


def move_csv_part(connection: duckdb.DuckDBPyConnection, table: str, reading: Reading) -> None:
    """Move what ``read_csv_part`` found into ``bill_lines`` and ``left_out``."""
    columns = ", ".join(f"line.{name}" for name in LINE_NAMES)
    connection.execute(
        f"INSERT INTO bill_lines SELECT {columns} FROM {table}, range(line_count)"
        " WHERE line IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO left_out SELECT {left_out_of(reading.service_name)} FROM {table}"
        " WHERE line IS NULL"
    )
    connection.execute(f"DROP TABLE {table}")
