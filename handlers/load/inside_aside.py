"""The rows of a bill inside BigQuery that can't be understood: who may set them aside, and how.

The rule is that of files (``handlers.scan.quarantine``): without ``quarantine`` one such row fails
the load; with it the rows are kept in a file, their dollars are counted in the ledger, and the rest
of the bill is loaded like any bill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from importlib.resources import files
from typing import Any

from handlers.archive import Archive
from handlers.errors import BillError, ConservationError, Place
from handlers.scan.quarantine import MAX_LINES, WHERE_COLUMNS, quarantine_file
from handlers.scan.scan import SetAside
from handlers.scan.totals import Total
from handlers.sources.gcp.bigquery import Classification, ExportedBill
from handlers.sources.gcp.bigquery.functions import functions_called
from handlers.warehouses.bigquery.jobs import Jobs

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Separated:
    """The rows that were set aside; ``seen`` is what the second reader has of them."""

    aside: SetAside
    seen: Total


def allowed(quarantine: Archive | None, bill: ExportedBill, totals: Row) -> Archive:
    """Where the faulty rows that ``totals`` counts may be kept.

    Raises:
        BillError: they may not be set aside, or there are too many.
    """
    place = Place(bill.origin, column=str(totals["fault"] or "cost"))
    found = f"{totals['faults']} rows of {bill} can't be understood."
    if quarantine is None:
        raise BillError(
            place,
            found,
            "Look at them in BigQuery, and tell Google's support; --quarantine loads the others."
            " Nothing was changed.",
        )
    if int(totals["faults"]) > MAX_LINES:
        raise BillError(
            place,
            found,
            f"More than {MAX_LINES:,} are not set aside: the export's format has changed. Nothing"
            " was changed.",
        )
    return quarantine


def fetch_aside(jobs: Jobs, steps: Classification, bill: ExportedBill) -> Separated:
    """The rows that ``steps`` told from the others.

    Raises:
        WarehouseError: BigQuery can't be reached.
    """
    query = set_aside_sql(steps)
    rows = list(jobs.rows("set_aside", ";\n\n".join([*functions_called(query), query]), {}))
    with localcontext(prec=60):
        cost = sum((Decimal(row["cost"]) for row in rows if row["cost"] is not None), Decimal(0))
        readable = sum((Decimal(row["readable"]) for row in rows), Decimal(0))
    content = quarantine_file([{"line": str(row["line"])} | _where(row, bill) for row in rows])
    return Separated(SetAside(len(rows), cost, content), Total(len(rows), readable))


def set_aside_sql(steps: Classification) -> str:
    """The query of the rows that ``steps`` told from the others, as ``set_aside.sql`` says."""
    text = files("handlers.sources.gcp.bigquery").joinpath("set_aside.sql").read_text("utf-8")
    for name in ("numbered", "faulty"):
        text = text.replace(f"{{{name}}}", str(steps.table(name)))
    return text


def verify_separated(bill: ExportedBill, whole: Row, rest: Row, separated: Separated) -> None:
    """The bill is what was understood and what was set aside, as the second reader has all three.

    Raises:
        ConservationError: it is not.
    """
    with localcontext(prec=60):
        lines = int(rest["source_lines"]) + separated.seen.lines
        cost = Decimal(rest["source_total"]) + separated.seen.cost
    if (lines, cost) != (int(whole["source_lines"]), Decimal(whole["source_total"])):
        raise ConservationError(
            f"{bill}: it has {whole['source_lines']} lines of {whole['source_total']:f}, of which"
            f" {lines} of {cost:f} were read or set aside: this is a defect, please report it."
            " Nothing was changed."
        )


def _where(row: Row, bill: ExportedBill) -> dict[str, str]:
    """An export's rows have no number."""
    values = (bill.origin, "", str(row["fault"]), "It can't be understood.")
    return dict(zip(WHERE_COLUMNS, values, strict=True))
