"""What the engine is asked of each line of a part, as lists for a SELECT over its columns."""

from handlers.lines import LINE_COLUMNS
from handlers.quoting import literal
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
    """The columns that say which service a line is of, what it costs and when it was."""
    lines = reading.lines
    return (
        f"{service_id(reading)} AS service_id,"
        f" {billing_entity(reading)} AS billing_entity,"
        f" {reading.service_text} AS service_text,"
        f" {lines['currency']} AS currency,"
        f" {lines['cost']} AS cost,"
        f" {lines['usage_date']} AS usage_date"
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


SUMS = (
    "count(*) AS line_count, sum(cost) AS cost,"
    " 2 * count(*) - count(cost) - count(usage_date) AS unreadable, max(usage_date) AS latest"
)
"""What is asked of all lines of a service together; ``unreadable`` are costs and days.

No expression here is more than a column: the engine would evaluate that column again for it.
"""
