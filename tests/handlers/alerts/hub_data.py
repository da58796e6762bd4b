"""A small hub whose every sum is counted by hand.

AWS has two scopes that are complete through the 14th and the 13th of November, and one that was
given up in August. Google is complete through the 12th. Azure never loaded anything.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from handlers.alerts.hub import key_of
from handlers.alerts.runner import Cell
from tests.sql.engines import Rows

ACME, GLOBEX, UNTAGGED = (key_of(name) for name in ("acme", "globex", "untagged"))
AUG, OCT, NOV = (date(2026, month, 1) for month in (8, 10, 11))


def moment(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour)  # noqa: DTZ001 - the ledger holds UTC without saying so


# Cloud, day, model, customer, charge, dollars.
COSTS = (
    ("AWS", (11, 3), "claude", ACME, "usage", "10.00"),
    ("AWS", (11, 3), "claude", ACME, "usage", "20.00"),
    ("AWS", (11, 3), "claude", ACME, "discount", "-1.00"),
    ("AWS", (11, 14), "claude", ACME, "usage", "5.00"),
    ("AWS", (11, 1), "none", UNTAGGED, "tax", "0.50"),
    ("AWS", (10, 25), "claude", GLOBEX, "usage", "3.00"),
    ("AWS", (10, 5), "claude", ACME, "usage", "8.00"),
    ("GCP", (11, 12), "gemini", UNTAGGED, "usage", "4.00"),
    ("GCP", (11, 2), "unknown", UNTAGGED, "usage", "6.00"),
    ("GCP", (11, 2), "gemini", GLOBEX, "usage", "2.25"),
    ("GCP", (10, 12), "gemini", GLOBEX, "usage", "7.00"),
)


def hub_rows() -> Rows:
    rows = Rows()
    for cloud, (month, day), model, customer, charge, dollars in COSTS:
        rows.cost(
            cloud,
            date(2026, month, day),
            dollars,
            model=model,
            customer_key=customer,
            charge_type=charge,
        )
    rows.load(("AWS", "given-up", AUG), moment(2, 3, 9), date(2026, 8, 31))
    rows.load(("AWS", "a1", OCT), moment(4, 3), date(2026, 10, 31))
    rows.load(("AWS", "a1", NOV), moment(15, 3), date(2026, 11, 14))
    rows.load(("AWS", "a2", NOV), moment(14, 3), date(2026, 11, 13))
    rows.load(("AWS", "a2", NOV), moment(15, 4), None, "failed")
    rows.load(("GCP", "g", OCT), moment(13, 5), date(2026, 10, 31))
    rows.load(("GCP", "g", NOV), moment(13, 5), date(2026, 11, 12))
    rows.load(("GCP", "g", OCT), moment(15, 5), None, "held", cost_usd=7)
    return rows


def budget(rows: Rows, limits: str, key: str, amount: str, month: date | None = None) -> None:
    rows.add(
        "budgets",
        limits=limits,
        key=key,
        name={ACME: "acme", GLOBEX: "globex"}.get(key, key),
        month=month,
        amount_usd=Decimal(amount),
    )


def unnamed(rows: Rows, cloud: str, day: int, amount: str, **cells: Cell) -> None:
    said: dict[str, Cell] = {
        "cloud_provider": cloud,
        "date": date(2026, 11, day),
        "billing_period": NOV,
        "charge_type": "usage",
        "cost": Decimal(amount),
    }
    rows.add("unnamed_costs", **{**said, **cells})


HOSTILE = "O'Brien\\ \"x\"'); DROP TABLE daily_costs; --"


def anomaly(
    rows: Rows, series: tuple[str, str, str], day: date, amounts: tuple[str, str], status: str
) -> None:
    cloud, kind, key = series
    rows.add(
        "anomalies",
        cloud_provider=cloud,
        series=kind,
        key=key,
        date=day,
        actual=Decimal(amounts[0]),
        expected=Decimal(amounts[1]),
        status=status,
    )


def anomalous() -> Rows:
    """AWS, complete through the 13th, costs 300 a day: 250 of it acme's, on claude."""
    rows = hub_rows()
    for back in range(28):
        day = date(2026, 11, 13) - timedelta(days=back)
        anomaly(rows, ("AWS", "cloud", "AWS"), day, ("300", "300"), "normal")
    rows.add("dimensions", dimension="customer", key=ACME, name="before", billing_period=OCT)
    rows.add("dimensions", dimension="customer", key=ACME, name=HOSTILE, billing_period=NOV)
    return rows


def priced(rows: Rows, model: str, tokens: int, amount: str, **cells: Cell) -> None:
    rows.cost("AWS", date(2026, 11, 12), amount, model=model, usage=tokens, **cells)


def compared(rows: Rows, difference: str, **cells: Cell) -> None:
    said: dict[str, Cell] = {
        "cloud_provider": "AWS",
        "scope": "a1",
        "billing_period": OCT,
        "source": "cost_explorer",
        "stated": Decimal(10_000),
        "difference": Decimal(difference),
        "difference_usd": Decimal(difference),
        "checked_at": moment(15, 5),
    }
    rows.add("reconciliation", **{**said, **cells})
