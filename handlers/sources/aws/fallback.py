"""Bills put together from Cost Explorer, for months that have no export (yet).

It knows services, usage types, kinds of charge and days, but no tag, account, resource or hour:
such a bill names what was used, not by whom. An export of the same month replaces it.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from importlib.resources import files
from pathlib import Path

from handlers.amounts import LINE_AMOUNT
from handlers.errors import BillError
from handlers.ledger import STAND_IN, LedgerRow
from handlers.quoting import quoted
from handlers.record import ChargeType, Cloud
from handlers.scopes import AwsScope
from handlers.sources import Reading, Snapshot
from handlers.sources.aws.cost_explorer import Charge, CostExplorer
from handlers.sources.columns import Columns, folded
from handlers.sources.expressions import (
    amount_or_zero,
    first_amount,
    text,
    timestamp,
    total_of,
)
from handlers.sources.formats import FileFormat
from handlers.sources.parts import MemoryPart, Part
from handlers.sources.refusals import Refusal, Refuse, attempt

_COLUMNS = (
    "day",
    "payer",
    "service",
    "usage_type",
    "record_type",
    "charge_type",
    "quantity",
    "unit",
    "amount",
    "currency",
    "estimated",
)


def exported(rows: Iterable[LedgerRow]) -> frozenset[tuple[str, date]]:
    """Payer and period of what ``rows`` (of loads in force) say was loaded from an export."""
    return frozenset(
        (row.scope, row.billing_period)
        for row in rows
        if row.cloud_provider is Cloud.AWS and not row.stands_in
    )


class Fallback:
    """Cost Explorer as a source; ``explorer_of`` gives that of a scope.

    ``exported`` are the payers and periods of which an export is loaded: those stay as they are,
    also when the export is no longer in its bucket.
    """

    def __init__(
        self,
        explorer_of: Callable[[AwsScope], CostExplorer],
        exported: Collection[tuple[str, date]],
    ) -> None:
        self._explorer_of = explorer_of
        self._exported = exported

    def snapshots(self, scope: AwsScope, periods: Sequence[date], refuse: Refuse) -> list[Snapshot]:
        """A bill for each of ``periods`` in which there was a charge.

        ``refuse`` is told of each that can't be had.
        """
        found: list[Snapshot] = []
        for period in periods:
            if (scope.id, period) in self._exported:
                continue
            bill = attempt(partial(self._bill, scope, period), Path(STAND_IN))
            if isinstance(bill, BillError):
                refuse(Refusal(Cloud.AWS, Path(STAND_IN), STAND_IN, bill, scope.id, period))
            elif bill is not None:
                found.append(bill)
        return found

    def _bill(self, scope: AwsScope, period: date) -> Snapshot | None:
        charges = self._explorer_of(scope).itemized(period)
        return bill_of(scope.id, period, charges) if charges else None


def bill_of(payer: str, period: date, charges: Sequence[Charge]) -> Snapshot:
    """The bill of ``charges``, which are all of ``payer`` and ``period``."""
    content = _csv(payer, charges)
    where = f"{STAND_IN} of {payer} {period:%Y-%m}"
    return Snapshot(
        cloud=Cloud.AWS,
        scope=payer,
        period=period,
        version=hashlib.sha256(content).hexdigest()[:32],
        origin=where,
        file_format=FileFormat.CSV,
        parts=(MemoryPart("cost-explorer.csv", content, where),),
        layout=charge_layout,
        expected_lines=len(charges),
        owner=("payer",),
    )


def _csv(payer: str, charges: Sequence[Charge]) -> bytes:
    kinds = charge_types()
    rows = sorted(
        (
            charge.day.isoformat(),
            payer,
            charge.service,
            charge.usage_type,
            charge.record_type,
            str(kinds.get(folded(charge.record_type), ChargeType.ADJUSTMENT)),
            format(charge.quantity, "f"),
            charge.unit,
            format(charge.amount, "f"),
            charge.currency,
            str(charge.estimated).lower(),
        )
        for charge in charges
    )
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return written.getvalue().encode()


def charge_types() -> Mapping[str, ChargeType]:
    """Our kind of charge by Cost Explorer's word for it, folded (``columns.folded``)."""
    content = files("handlers.sources.aws").joinpath("record_types.toml").read_text("utf-8")
    return {
        folded(word): ChargeType(kind)
        for kind, words in tomllib.loads(content).items()
        for word in words
    }


def charge_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """How the file that ``bill_of`` makes is read.

    Raises:
        BillError: it has other columns.
    """
    found = Columns(columns, {name: (name,) for name in _COLUMNS}, str(part))
    cost = first_amount(found, (found.need("amount"),))
    return Reading(
        lines={
            "usage_date": f"CAST({timestamp(found, 'day')} AS DATE)",
            "service": text(found, "service"),
            "sku": f"COALESCE({text(found, 'usage_type')}, '')",
            "unit": text(found, "unit"),
            "line_type": text(found, "record_type"),
            "charge_type": text(found, "charge_type"),
            "account_id": text(found, "payer"),
            "currency": text(found, "currency"),
            "quantity": amount_or_zero(found, "quantity"),
            "cost": cost,
            "gross": f"CASE WHEN {text(found, 'charge_type')} = '{ChargeType.CREDIT}'"
            f" THEN 0::{LINE_AMOUNT} ELSE {cost} END",
        },
        total=total_of(found, (found.need("amount"),), file_format),
        service_text=quoted(found.need("service")),
        label_text="''",
        sources={name: (column,) for name, column in _SOURCES.items()},
    )


_SOURCES = {
    "usage_date": "day",
    "cost": "amount",
    "gross": "amount",
    "quantity": "quantity",
    "currency": "currency",
    "charge_type": "charge_type",
}
"""The column that a required one of ``handlers.lines`` is read from."""
