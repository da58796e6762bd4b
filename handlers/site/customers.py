"""customers.csv: who the customers are, under which other names bills know them, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.record import UNTAGGED
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.problems import Problem, at_row, shown
from handlers.site.text import NAME_LIMIT, name_fault, trimmed
from handlers.site.validity import Claim, Validity, conflicts

CUSTOMERS = Layout("customers.csv", ("id", "name", "aliases", "from", "to"), ("id",))

_ALIAS_MARK = "|"


@dataclass(frozen=True)
class Customer:
    """One row: on the days of ``validity``, ``id`` and every alias mean this customer.

    A customer may have several rows, one for each time its aliases changed.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    validity: Validity


@dataclass(frozen=True)
class _Line:
    number: int
    customer: Customer


def parse_customers(content: bytes | None, problems: list[Problem]) -> tuple[Customer, ...]:
    """The customers of the file; what is wrong goes to ``problems``."""
    lines: list[_Line] = []
    for row in read_rows(CUSTOMERS, content, problems):
        cells = Cells(row, problems)
        customer = Customer(
            id=_id(cells),
            name=cells.text("name"),
            aliases=tuple(_aliases(cells)),
            validity=Validity(cells.day("from"), cells.day("to")),
        )
        if customer.validity.first > customer.validity.last:
            cells.refuse(
                "to",
                f"the days {customer.validity}, which end before they begin",
                "a last day on or after the first",
                "swap the two days or correct one.",
            )
        if cells.valid:
            lines.append(_Line(row.number, customer))
    problems.extend(_same_customer_twice(lines))
    problems.extend(_names_of_two(lines))
    return tuple(line.customer for line in lines)


def _id(cells: Cells) -> str:
    customer_id = cells.name("id")
    if customer_id == UNTAGGED:
        _refuse_reserved(cells, "id")
    return customer_id


def _aliases(cells: Cells) -> Iterator[str]:
    cell = cells.raw("aliases")
    if not cell:
        return
    seen: set[str] = set()
    for part in cell.split(_ALIAS_MARK):
        alias = trimmed(part)
        fault = name_fault(alias)
        if fault:
            cells.refuse(
                "aliases",
                f"{fault} between two '{_ALIAS_MARK}'" if not alias else fault,
                f"names of 1 to {NAME_LIMIT} characters with '{_ALIAS_MARK}' between them",
                "delete the extra mark or shorten the alias.",
            )
        elif alias in seen:
            cells.refuse("aliases", f"{shown(alias)} twice", "each alias once", "delete one.")
        elif alias == UNTAGGED:
            _refuse_reserved(cells, "aliases")
        else:
            seen.add(alias)
            yield alias


def _refuse_reserved(cells: Cells, column: str) -> None:
    allowed = f"any other name: '{UNTAGGED}' marks costs that nothing names a customer for"
    cells.refuse(column, f"'{UNTAGGED}'", allowed, "choose another name.")


def _same_customer_twice(lines: Sequence[_Line]) -> Iterator[Problem]:
    claims = (
        Claim(line.customer.id, str(line.number), line.number, line.customer.validity, is_id=True)
        for line in lines
    )
    for earlier, later in conflicts(claims):
        yield Problem(
            at_row(CUSTOMERS.file, later.row, "id"),
            f"customer {shown(later.name)} ({later.validity}), which row {earlier.row} also has"
            f" ({earlier.validity})",
            "rows of one customer whose days do not overlap",
            "delete one of the rows, or set 'from' and 'to' so that one ends before the other"
            " begins.",
        )


def _names_of_two(lines: Sequence[_Line]) -> Iterator[Problem]:
    for earlier, later in conflicts(_names(lines)):
        row, other = (earlier, later) if later.is_id else (later, earlier)
        use = "the id" if other.is_id else "an alias"
        yield Problem(
            at_row(CUSTOMERS.file, row.row, "aliases"),
            f"alias {shown(row.name)} of {shown(row.owner)} ({row.validity}), which is {use} of"
            f" {shown(other.owner)} in row {other.row} ({other.validity})",
            "a name that means one customer on any day",
            "delete the alias from one of the rows, or set 'from' and 'to' so that their days do"
            " not overlap.",
        )


def _names(lines: Sequence[_Line]) -> Iterator[Claim]:
    for line in lines:
        customer = line.customer
        yield Claim(customer.id, customer.id, line.number, customer.validity, is_id=True)
        for alias in customer.aliases:
            if alias != customer.id:
                yield Claim(alias, customer.id, line.number, customer.validity)
