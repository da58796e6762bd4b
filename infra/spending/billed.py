"""What the platform itself cost, as the bills have it: the lines that bear its label."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

from infra.apis.hub import Hub

MONTHS = 3
"""How many are asked for, the running one among them."""


@dataclass(frozen=True)
class Billed:
    """What one service came to in one month (``2026-11``) in USD."""

    month: str
    cloud: str
    service: str
    usd: Decimal


def first_month(today: date) -> date:
    """The first day of the months that are asked for."""
    month = today.year * 12 + today.month - MONTHS
    return date(month // 12, month % 12 + 1, 1)


def billed(hub: Hub, today: date) -> list[Billed]:
    """The platform's own costs of the last months.

    Raises:
        Refused, WarehouseError: BigQuery does not answer; see ``Hub.ask``.
    """
    sql = files("infra.spending").joinpath("billed.sql").read_text(encoding="utf-8")
    return [
        Billed(
            month=str(row["month"]),
            cloud=str(row["cloud_provider"]),
            service=str(row["service"]),
            usd=Decimal(str(row["cost_usd"])),
        )
        for row in hub.ask(sql, {"first": first_month(today).isoformat()})
    ]
