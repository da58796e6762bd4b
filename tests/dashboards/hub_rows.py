"""A small hub whose every sum is counted by hand.

AWS has two scopes that are complete through the 14th and the 13th of November, and one that was
given up in August. Google is complete through the 12th. Azure never loaded anything.
"""

from datetime import date, datetime
from decimal import Decimal

from handlers.alerts.hub import key_of
from tests.dashboards.engines import Rows

ACME, GLOBEX, UNTAGGED = (key_of(name) for name in ("acme", "globex", "untagged"))
FIRST, LAST = date(2026, 10, 20), date(2026, 11, 15)
SEP, OCT, NOV = (date(2026, month, 1) for month in (9, 10, 11))


def moment(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour)  # noqa: DTZ001 - the ledger holds UTC without saying so


def load(
    rows: Rows,
    bill: tuple[str, str, date],
    finished: datetime,
    through: date | None = None,
    status: str = "loaded",
) -> None:
    cloud, scope, period = bill
    rows.add(
        "serving_ledger",
        cloud_provider=cloud,
        scope=scope,
        billing_period=period,
        data_through=through,
        started_at=finished,
        finished_at=finished,
        status=status,
    )


# Cloud, day, month of the bill, model, token type, customer, charge, usage, unit, dollars.
COSTS = (
    ("AWS", "11-03", NOV, "claude", "input", ACME, "usage", 1_000_000, "tokens", "10.00"),
    ("AWS", "11-03", NOV, "claude", "output", ACME, "usage", 400_000, "tokens", "20.00"),
    ("AWS", "11-03", NOV, "claude", "input", ACME, "discount", 1_000_000, "tokens", "-1.00"),
    ("AWS", "11-14", NOV, "claude", "output", ACME, "usage", 100_000, "tokens", "5.00"),
    ("AWS", "11-01", NOV, "none", "other", UNTAGGED, "tax", 0, "units", "0.50"),
    ("AWS", "10-25", OCT, "claude", "cache_read", GLOBEX, "usage", 30_000, "tokens", "3.00"),
    ("AWS", "10-05", OCT, "claude", "input", ACME, "usage", 70_000, "tokens", "8.00"),
    ("GCP", "11-12", NOV, "gemini", "input", UNTAGGED, "usage", 2_000_000, "tokens", "4.00"),
    ("GCP", "11-02", NOV, "unknown", "input", UNTAGGED, "usage", 50, "tokens", "6.00"),
    ("GCP", "11-02", NOV, "gemini", "image", GLOBEX, "usage", 9, "images", "2.25"),
    ("GCP", "10-31", NOV, "gemini", "output", GLOBEX, "usage", 100_000, "tokens", "1.00"),
    ("GCP", "10-12", OCT, "gemini", "output", GLOBEX, "usage", 1, "tokens", "7.00"),
    ("GCP", "10-13", OCT, "gemini", "output", GLOBEX, "usage", 1, "tokens", "9.00"),
)


def costs(rows: Rows) -> None:
    for cloud, day, period, model, token_type, customer, charge, usage, unit, dollars in COSTS:
        rows.add(
            "serving_daily_costs",
            cloud_provider=cloud,
            date=date.fromisoformat(f"2026-{day}"),
            billing_period=period,
            model=model,
            token_type=token_type,
            customer_key=customer,
            charge_type=charge,
            usage=Decimal(usage),
            usage_unit=unit,
            cost=Decimal(dollars),
        )


# Cloud, day, SKU, account, model, customer, rule, dollars: what of COSTS has no name.
UNNAMED = (
    ("AWS", "11-01", "Tax", "1111", "none", UNTAGGED, "aws-tax", "0.50"),
    ("GCP", "11-12", "Gemini input", "p1", "gemini", UNTAGGED, "gcp-gemini", "4.00"),
    ("GCP", "11-02", "Opaque", "p1", "unknown", UNTAGGED, None, "3.50"),
    ("GCP", "11-02", "Provisioned any", "p2", "unknown", UNTAGGED, "gcp-any", "2.50"),
)


def unnamed(rows: Rows) -> None:
    for cloud, day, sku, account, model, customer, rule, dollars in UNNAMED:
        rows.add(
            "serving_unnamed_costs",
            cloud_provider=cloud,
            date=date.fromisoformat(f"2026-{day}"),
            billing_period=NOV,
            service="S",
            sku_description=sku,
            account_id=account,
            model=model,
            customer_key=customer,
            rule_id=rule,
            charge_type="usage",
            cost=Decimal(dollars),
        )


def loads(rows: Rows) -> None:
    load(rows, ("AWS", "given-up", date(2026, 8, 1)), moment(2, 3, 9), date(2026, 8, 31))
    load(rows, ("AWS", "a1", OCT), moment(4, 3), date(2026, 10, 31))
    load(rows, ("AWS", "a1", NOV), moment(15, 3), date(2026, 11, 14))
    load(rows, ("AWS", "a2", NOV), moment(14, 3), date(2026, 11, 13))
    load(rows, ("AWS", "a2", NOV), moment(15, 4), status="failed")
    load(rows, ("GCP", "g", OCT), moment(13, 5), date(2026, 10, 31))
    load(rows, ("GCP", "g", NOV), moment(13, 5), date(2026, 11, 12))
    load(rows, ("GCP", "g", OCT), moment(15, 5), status="held")


def names(rows: Rows) -> None:
    for dimension, key, name, period in (
        ("customer", ACME, "Acme before", OCT),
        ("customer", ACME, "O\"Brien\\ & 'Sons'", NOV),
        ("customer", UNTAGGED, "untagged", NOV),
        ("model", "claude", "claude", NOV),
        ("model", "gemini", "gemini", NOV),
        ("model", "gemini", "gemini", OCT),
        ("model", "bad'\\", "bad'\\", NOV),
        ("project", "p", "p", NOV),
    ):
        rows.add(
            "serving_dimensions",
            cloud_provider="AWS",
            scope="a1",
            billing_period=period,
            dimension=dimension,
            key=key,
            name=name,
        )


def hub_rows() -> Rows:
    rows = Rows()
    costs(rows)
    unnamed(rows)
    loads(rows)
    names(rows)
    return rows
