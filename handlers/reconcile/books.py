"""What a warehouse gives a reconciliation and keeps of it, in a DuckDB file or in the hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from handlers.alerts.runner import Cell, Runner
from handlers.amounts import to_usd
from handlers.ledger import LedgerRow
from handlers.reconcile.compare import Compared, Day, Part
from handlers.record import MONEY_SCALE, ChargeType
from handlers.site import Rates
from handlers.tables import RECONCILIATION

_USD = "USD"
_DIGITS = 60
_STEP = Decimal(1).scaleb(-MONEY_SCALE)


@dataclass(frozen=True)
class Books:
    """Keeps comparisons in ``reconciliation``.

    ``warehouse`` is named as compared where the load is not one that another published.
    """

    runner: Runner
    warehouse: str
    rates: Rates

    def keep(self, compared: Sequence[Compared], at: datetime) -> None:
        """Add a row for each comparison as a whole, and one for each part and day that differs.

        Raises:
            RateMissing: a currency without a rate that may be used; nothing was added.
            WarehouseError: they can't be added; none of them was.
        """
        with localcontext(prec=_DIGITS):
            rows = [
                self._row(each, part, at)
                for each in compared
                for part in (None, *each.parts, *each.days)
            ]
        self.runner.insert(RECONCILIATION, rows)

    def _usd(self, amount: Decimal, load: LedgerRow, currency: str) -> Decimal:
        """``amount`` in USD as the load converted: at the rate of its lines, else the site's."""
        amount = amount.quantize(_STEP)
        if currency == _USD:
            return amount
        if load.cost_usd and load.loaded_total:
            rate = (load.loaded_total / load.cost_usd).quantize(_STEP)
            if rate > 0:
                return to_usd(amount, rate)
        return to_usd(amount, self.rates.rate(currency, load.billing_period).value)

    def _row(self, compared: Compared, part: Part | Day | None, at: datetime) -> list[Cell]:
        said, load = compared.statement, compared.load
        difference = compared.difference if part is None else part.difference
        reasons = dict.fromkeys(each.reason.value for each in compared.parts)
        cells: dict[str, Cell] = {
            "cloud_provider": str(said.cloud),
            "scope": said.scope,
            "billing_period": said.period,
            "warehouse": compared.warehouse or self.warehouse,
            "source": said.said_by.value,
            "invoice_id": said.invoice_id,
            "billing_entity": None,
            "charge_type": _kind(part),
            "billing_currency": said.currency,
            "stated": _stored(said.total if part is None else part.stated),
            "loaded": _stored(compared.loaded if part is None else part.loaded or Decimal(0)),
            "difference": _stored(difference),
            "difference_usd": self._usd(difference, load, said.currency),
            "reason": (", ".join(reasons) or None) if part is None else part.reason.value,
            "load_id": load.load_id,
            "checked_at": at.replace(tzinfo=None),
            "service": part.service if isinstance(part, Day) else None,
            "date": part.day if isinstance(part, Day) else None,
        }
        return [cells[name] for name in RECONCILIATION.names]


def _kind(part: Part | Day | None) -> str | None:
    if part is None:
        return None
    return (part.charge_type if isinstance(part, Part) else ChargeType.USAGE).value


def _stored(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_STEP)
