"""What the engine is asked of each line of a part, as lists for a SELECT over its columns."""

from collections.abc import Mapping

from handlers.lines import LINE_COLUMNS
from handlers.quoting import literal
from handlers.record import ChargeType
from handlers.sources import Reading
from handlers.sources.parts import Part


def line_pairs(part: Part, reading: Reading) -> list[tuple[str, str]]:
    """Name and expression of every column of a bill line that is kept whole.

    ``line_file`` is NULL where a check of the reading does not hold.
    """
    pairs: list[tuple[str, str]] = []
    for column in LINE_COLUMNS:
        expression = reading.lines.get(column.name, "NULL")
        if column.name == "line_file":
            checks = " AND ".join(f"({check.holds})" for check in reading.checks) or "TRUE"
            expression = f"CASE WHEN {checks} THEN {literal(part.name)} END"
        pairs.append((column.name, f"CAST({expression} AS {column.type})"))
    return pairs


def service_list(reading: Reading) -> str:
    """The columns that say which service and document a line is of, what it costs and when."""
    lines = reading.lines
    return (
        f"{service_id(reading)} AS service_id,"
        f" {billing_entity(reading)} AS billing_entity,"
        f" {reading.service_text} AS service_text,"
        f" {lines['currency']} AS currency,"
        f" {lines['cost']} AS cost,"
        f" {lines['usage_date']} AS usage_date,"
        f" {lines['charge_type']} AS charge_type,"
        f" {lines.get('invoice_id', 'NULL::VARCHAR')} AS invoice_id"
    )


def service_id(reading: Reading) -> str:
    """The expression of a line's service id; of text that is NULL where bills have none."""
    return reading.lines.get("service_id", "NULL::VARCHAR")


def billing_entity(reading: Reading) -> str:
    """The expression of who bills; of text that is NULL where bills don't say."""
    return reading.lines.get("billing_entity", "NULL::VARCHAR")


def name_key(reading: Reading) -> str:
    """What tells services apart beside their id; a text that only holds the name does not."""
    return "service_text" if reading.service_name == "service_text" else "''"


KEYS = "service_id, billing_entity, currency, usage_date, charge_type, invoice_id"
"""What lines that are added up have in common, beside the name of their service."""

SUMS = (
    "count(*) AS line_count, sum(cost) AS cost, count(*) - count(cost)"
    " + CASE WHEN usage_date IS NULL THEN count(*) ELSE 0 END AS unreadable"
)
"""What is asked of all lines with the same ``KEYS``; ``unreadable`` are costs and days.

No expression over a line is more than a column: the engine would evaluate that column again for it.
"""

LEFT_OUT_COLUMNS: Mapping[str, str] = {
    "service_id": "VARCHAR",
    "service": "VARCHAR",
    "billing_entity": "VARCHAR",
    "currency": "VARCHAR",
    "line_count": "BIGINT",
    "cost": "DECIMAL(38, 18)",
    "usage_date": "DATE",
    "charge_type": "VARCHAR",
    "invoice_id": "VARCHAR",
}
"""What is kept of the lines that are only added up, with DuckDB's types.

``charge_type`` is null in what was archived before documents and kinds of charge were told apart:
``usage_date`` is then the last day of usage.
"""


def left_out_of(service: str) -> str:
    """The columns of ``left_out`` from what ``SUMS`` found by ``KEYS``; ``service`` is the name."""
    columns = {
        "service": service,
        "cost": "COALESCE(cost, 0)",
        "charge_type": f"COALESCE(charge_type, {literal(ChargeType.ADJUSTMENT)})",
    }
    return ", ".join(columns.get(name, name) for name in (*LEFT_OUT_COLUMNS, "unreadable"))
