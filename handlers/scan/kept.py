"""Which lines are kept whole: those whose service may be AI, and those with a label of ours.

Whether a service may be AI is asked of each service once, not of each line: a bill has some
hundred of them, and the question is a dozen text comparisons.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from handlers.scan.line_sql import billing_entity, service_id
from handlers.sources import Reading

Predicate = Callable[[Reading], str]
"""From a reading to a DuckDB predicate over its lines."""


def no_line(_reading: Reading) -> str:
    """The predicate that holds for no line."""
    return "FALSE"


@dataclass(frozen=True)
class Kept:
    """The two predicates of the lines that are kept whole.

    ``by_service`` looks at nothing but ``service_text`` of the reading, and ``service_id`` and
    ``billing_entity`` of its ``lines``; ``by_label`` at ``label_text``.
    """

    by_service: Predicate
    by_label: Predicate = no_line

    def of_line(self, reading: Reading) -> str:
        """Whether a line of the file is kept."""
        return f"({self.by_service(reading)}) OR ({self.by_label(reading)})"

    def of_service(self, reading: Reading) -> str:
        """Whether a row with the columns service_id, billing_entity, service_text is kept."""
        columns = {"service_id": "service_id", "billing_entity": "billing_entity"}
        return self.by_service(
            replace(reading, lines={**reading.lines, **columns}, service_text="service_text")
        )


def distinct_services(reading: Reading, relation: str, kept: Kept) -> str:
    """A SELECT of the services in ``relation`` and of each whether its lines are kept."""
    return (
        f"SELECT *, ({kept.of_service(reading)}) IS TRUE AS is_kept FROM (SELECT DISTINCT"
        f" {service_id(reading)} AS service_id, {billing_entity(reading)} AS billing_entity,"
        f" {reading.service_text} AS service_text FROM {relation})"
    )
