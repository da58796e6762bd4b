"""Facts of every kind, and what is asked of the view in each dialect."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from handlers.record import COLUMNS, ChargeType, Cloud, Kind, UsageUnit

Row = Mapping[str, object]
COSTS = ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost")


def fact(**cells: object) -> Row:
    """A row of the facts; what is not said is empty, zero or NULL."""
    zeros: Mapping[Kind, object] = {Kind.TEXT: "", Kind.DECIMAL: Decimal(0), Kind.DATE: None}
    usual = {
        "date": date(2026, 12, 31),
        "billing_period": date(2026, 12, 1),
        "usage_unit": "tokens",
        "charge_type": "usage",
        "cloud_provider": "AWS",
    }
    empty = {column.name: None if column.nullable else zeros[column.kind] for column in COLUMNS}
    return {**empty, **usual, **cells}


def every_kind() -> Sequence[Row]:
    """A row of each kind of charge and cloud, some with all that may be NULL, some with none."""
    units = [*UsageUnit]
    rows: list[Row] = []
    for place, kind in enumerate(ChargeType):
        for cloud in Cloud:
            number = len(rows)
            stated = {
                "effective_cost_usd": Decimal(number) / 8,
                "list_cost_usd": Decimal(number) / 4,
                "invoice_id": "I-1",
                "sku_id": f"sku {number}",
                "resource_id": "it's a “name”",
            }
            rows.append(
                fact(
                    date=date(2026, 1 + number % 12, 28),
                    billing_period=date(2026, 1 + number % 12, 1),
                    cloud_provider=cloud.value,
                    charge_type=kind.value,
                    usage_unit=units[place % len(units)].value,
                    usage_amount=Decimal(number) + Decimal("0.000000001"),
                    cost_usd=Decimal(number) - Decimal("2.5"),
                    gross_cost_usd=Decimal(number),
                    region="global" if number % 2 else "eu-west-1",
                    account_id="" if number % 3 else "1234",
                    load_id=f"L{number:02}",
                    **(stated if number % 2 else {}),
                )
            )
    return rows
