"""What was loaded of a whole bill, AI or not, as far as statements tell it apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.resources import files

from handlers.alerts.runner import Row, Runner
from handlers.ledger import LedgerRow
from handlers.record import ChargeType, Cloud

ServiceDay = tuple[str, date]
"""A service as billed, and a day of usage (UTC)."""

Kinds = Mapping[ChargeType, Decimal]

_FIRST_PARTY: Mapping[Cloud, str] = {Cloud.AZURE: "microsoft", Cloud.GCP: "google"}
_MARKETPLACE = "marketplace"


@dataclass(frozen=True)
class Charges:
    """Amounts in a bill's currency by kind: the cloud's ``own``, and those of its marketplace.

    ``by_service_day`` has all but tax, which clouds put on days and services of its own.
    """

    own: Kinds = field(default_factory=dict[ChargeType, Decimal])
    marketplace: Kinds = field(default_factory=dict[ChargeType, Decimal])
    by_service_day: Mapping[ServiceDay, Decimal] = field(default_factory=dict[ServiceDay, Decimal])

    @property
    def both(self) -> Kinds:
        """The kinds of the whole."""
        kinds = dict.fromkeys((*self.own, *self.marketplace))
        zero = Decimal(0)
        return {kind: self.own.get(kind, zero) + self.marketplace.get(kind, zero) for kind in kinds}

    @property
    def total(self) -> Decimal:
        """All of it."""
        return sum(self.both.values(), Decimal(0))


@dataclass(frozen=True)
class BillTotals:
    """The whole bill, and each of its documents by the id that the bill gives it."""

    whole: Charges
    documents: Mapping[str, Charges]


Totals = Mapping[str, BillTotals]
"""Of each load, by its id; a load from before totals were kept is not there."""


def read_totals(runner: Runner, loads: Sequence[LedgerRow]) -> Totals:
    """The totals of ``loads`` from the table ``bill_totals``.

    Raises:
        WarehouseError: it can't be read.
    """
    if not loads:
        return {}
    clouds = {load.load_id: load.cloud_provider for load in loads}
    words = {**runner.words(), "loads": ", ".join(map(runner.literal, clouds))}
    charged: dict[str, list[Row]] = {}
    for row in runner.rows(_sql("documents.sql").format(**words)):
        charged.setdefault(str(row["load_id"]), []).append(row)
    days: dict[str, dict[ServiceDay, Decimal]] = {}
    for row in runner.rows(_sql("service_days.sql").format(**words)):
        key = (str(row["service"]), _day(row))
        days.setdefault(str(row["load_id"]), {})[key] = _cost(row)
    return {load: _totals(clouds[load], rows, days.get(load, {})) for load, rows in charged.items()}


def _sql(name: str) -> str:
    return files("handlers.reconcile").joinpath("sql", name).read_text("utf-8")


def _totals(cloud: Cloud, rows: Sequence[Row], days: Mapping[ServiceDay, Decimal]) -> BillTotals:
    documents: dict[str, list[Row]] = {}
    for row in rows:
        if row["invoice_id"]:
            documents.setdefault(str(row["invoice_id"]), []).append(row)
    whole = _charges(cloud, rows)
    return BillTotals(
        Charges(whole.own, whole.marketplace, days),
        {name: _charges(cloud, each) for name, each in documents.items()},
    )


def _charges(cloud: Cloud, rows: Sequence[Row]) -> Charges:
    own: dict[ChargeType, Decimal] = {}
    marketplace: dict[ChargeType, Decimal] = {}
    for row in rows:
        kinds = marketplace if _is_marketplace(cloud, str(row["billing_entity"] or "")) else own
        kind = ChargeType(str(row["charge_type"]))
        kinds[kind] = kinds.get(kind, Decimal(0)) + _cost(row)
    return Charges(own, marketplace)


def _is_marketplace(cloud: Cloud, entity: str) -> bool:
    """Whether ``entity`` bills for others: AWS says so, Azure and Google name the seller."""
    name = entity.lower()
    first_party = _FIRST_PARTY.get(cloud)
    if first_party is None:
        return _MARKETPLACE in name
    return bool(name) and not name.startswith(first_party)


def _cost(row: Row) -> Decimal:
    return Decimal(str(row["cost"]))


def _day(row: Row) -> date:
    return date.fromisoformat(str(row["date"])[:10])
