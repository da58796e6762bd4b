"""The lines that make bills hard: tax, credits, refunds, corrections, reservations."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from handlers.record import UNTAGGED, ChargeType
from handlers.sample.charges import ZERO, Charge, Kind, Place, Sku
from handlers.sample.days import Days, month_of
from handlers.sample.tables import ai_families
from handlers.sample.usage import rounded
from handlers.sample.world import Scope, World

TAX_SHARE = Decimal("0.18")
RESERVED_UNITS = 15
RESERVED_PRICE = Decimal("2652")
"""USD for one provisioned throughput unit for a year."""
DAYS_OF_YEAR = 365
USED_SHARE = (Decimal("0.82"), Decimal("0.55"))
"""Of the reserved units: on a working day, at the weekend."""

Bill = Iterable[Charge]


def _nowhere(account: str, customer: str, kind: Kind = Kind.AI, tags: str = "") -> Place:
    named = {"customer_id": tags} if tags else {}
    return Place(account, "", "", named, customer, kind)


def _other(cloud: str, service: str, name: str, description: str) -> Sku:
    one = Decimal(1)
    return Sku(service, service, "", name, "", description, "", "", one, one, one, "", "", cloud)


def tax(world: World, days: Days, charges: Bill) -> Iterator[Charge]:
    """AWS: a tax line per account and usage type of every closed month, on its first day.

    It carries no tags, so only a map of the account can name its customer.
    """
    sums: dict[tuple[date, str, Sku], Decimal] = {}
    for charge in charges:
        taxed = charge.place.kind is Kind.AI and charge.charge_type is ChargeType.USAGE
        if taxed and charge.period < month_of(days.end):
            key = (charge.period, charge.place.account, charge.sku)
            sums[key] = sums.get(key, ZERO) + charge.usd
    for (period, account, sku), usd in sums.items():
        place = _nowhere(account, world.account_customer(account, period, days))
        yield Charge(
            period, 0, period, sku, place, Decimal(1), usd * TAX_SHARE, ChargeType.TAX,
            note=f"Tax for product code {sku.service_id} usage type {sku.name}",
        )  # fmt: skip


def aws_extras(scope: Scope, days: Days) -> Iterator[Charge]:
    """AWS: a promotional credit, a refund, a support fee and a tax that is not AI's."""
    families = ai_families("AWS")
    account, period = scope.accounts[0], days.restated
    nova, sonnet = families["nova-pro"][0], families["sonnet-4.6"][1]
    day = max(days.start, period) + timedelta(days=1)
    nobody = _nowhere(account, UNTAGGED)
    yield Charge(
        day, 0, month_of(day), nova, nobody, Decimal(1), Decimal("-125.5"), ChargeType.CREDIT,
        note="AWS Activate credit",
    )  # fmt: skip
    yield Charge(
        day, 0, month_of(day), sonnet, _nowhere(account, "acme", tags="acme"), Decimal(-2),
        Decimal("-33"), ChargeType.REFUND, note="Refund for duplicated responses",
    )  # fmt: skip
    other = replace(nobody, kind=Kind.OTHER)
    for month in days.months:
        support = _other("AWS", "AWS Support (Business)", "Dollar", "10% of monthly AWS usage")
        yield Charge(
            month, 0, month, support, other, Decimal(1), Decimal("100"), ChargeType.FEE,
            note='AWS Support\nfee, "Business" plan',
        )  # fmt: skip
        compute = _other("AWS", "AmazonEC2", "BoxUsage:m6i.large", "")
        yield Charge(
            month, 0, month, compute, other, Decimal(1), Decimal("41.07"), ChargeType.TAX,
            note="Tax for product code AmazonEC2 usage type BoxUsage:m6i.large",
        )  # fmt: skip


def azure_extras(scope: Scope, days: Days) -> Iterator[Charge]:
    """Azure: a reservation paid up front, a refund, a rounding line."""
    families = ai_families("Azure")
    account = scope.accounts[0]
    if scope.format in {"azure-ea", "azure-focus-1.2"}:
        yield from _purchase(families["ptu-reservation"][0], account, days)
    if scope.format == "azure-focus-1.2":
        yield from _amortised(families["ptu-regional"][0], account, days)
    if scope.format == "azure-ea":
        day = max(days.start, days.restated)
        place = _nowhere(account, "cust001", tags="cust001")
        yield Charge(
            day, 0, month_of(day), families["gpt-4.1"][1], place, Decimal(-100), Decimal("-0.8"),
            ChargeType.REFUND,
        )  # fmt: skip
    if scope.format == "azure-mca":
        day = days.restated if days.restated >= days.start else days.start
        rounding = _other("Microsoft", "", "Rounding", "")
        place = _nowhere(account, UNTAGGED, Kind.OTHER)
        yield Charge(
            day, 0, month_of(day), rounding, place, Decimal(1), Decimal("0.0031"),
            ChargeType.ADJUSTMENT,
        )  # fmt: skip


RESERVATION = "6b0c1d74-0e2f-4c61-8a55-9d3e7f2b4a18"


def _purchase(sku: Sku, account: str, days: Days) -> Iterator[Charge]:
    day = days.named("purchase")
    place = replace(_nowhere(account, UNTAGGED), reservation=RESERVATION)
    yield Charge(
        day, 0, month_of(day), sku, place, Decimal(RESERVED_UNITS),
        RESERVED_UNITS * RESERVED_PRICE, ChargeType.PURCHASE, effective_usd=ZERO,
    )  # fmt: skip


def _amortised(sku: Sku, account: str, days: Days) -> Iterator[Charge]:
    hour_price = RESERVED_PRICE / (DAYS_OF_YEAR * 24)
    resource = (
        f"/subscriptions/{account}/resourceGroups/rg-americas/providers"
        "/Microsoft.CognitiveServices/accounts/americas-reserved"
    )
    used = Place(
        account, "rg-americas", resource, {"customer_id": "GLX"}, "globex", Kind.AI,
        reservation=RESERVATION,
    )  # fmt: skip
    idle = replace(_nowhere(account, UNTAGGED), reservation=RESERVATION)
    for day in days:
        if day < days.named("purchase"):
            continue
        hours = Decimal(RESERVED_UNITS * 24)
        busy = rounded(hours * USED_SHARE[day.weekday() >= 5])
        period = month_of(day)
        yield Charge(
            day, 0, period, sku, used, busy, ZERO, effective_usd=busy * hour_price
        )  # fmt: skip
        yield Charge(
            day, 0, period, sku, idle, hours - busy, ZERO, ChargeType.IDLE,
            effective_usd=(hours - busy) * hour_price,
        )  # fmt: skip


def gcp_extras(scope: Scope, days: Days, charges: Bill) -> Iterator[Charge]:
    """Google: usage invoiced a month late, a corrected label, a goodwill credit, tax, rounding.

    Google never rewrites a row: what was wrong is negated and booked again, later. An adjustment
    for goodwill is a credit issued to the customer, says
    https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage.
    """
    account = scope.accounts[0]
    month = days.restated
    sample = [
        charge
        for charge in charges
        if charge.place.kind is Kind.AI and charge.period == month and not charge.credit_usd
    ]
    late = sample[-1]
    following = days.months[-1]
    yield replace(late, period=following, late=9, quantity=late.quantity * 2, usd=late.usd * 2)
    wrong = sample[0]
    correction = {"charge_type": ChargeType.ADJUSTMENT, "late": 12}
    right = replace(wrong.place, tags={"customer_id": "initech"}, customer="initech")
    yield replace(
        wrong, quantity=-wrong.quantity, usd=-wrong.usd, note="COMPLETE_NEGATION", **correction
    )
    yield replace(wrong, place=right, note="COMPLETE_NEGATION_WITH_REMONETIZATION", **correction)
    yield Charge(
        wrong.day, 12, month, wrong.sku, wrong.place, ZERO, Decimal("-4.25"),
        ChargeType.CREDIT, note="MANUAL_ADJUSTMENT", late=15,
    )  # fmt: skip
    nobody = _nowhere("", UNTAGGED, Kind.OTHER)
    last = max(charge.day for charge in sample)
    tax_sku = _other("GOOGLE", "Invoice", "Tax", "")
    rounding = _other("GOOGLE", "Invoice", "Rounding error", "")
    yield Charge(
        last, 0, month, tax_sku, nobody, Decimal(1), Decimal("61.2"), ChargeType.TAX, late=4
    )
    yield Charge(
        last, 0, month, rounding, nobody, Decimal(1), Decimal("-0.003"), ChargeType.ADJUSTMENT,
        late=4,
    )  # fmt: skip
    support = _other("GOOGLE", "Support", "Enhanced Support", "")
    yield Charge(
        last, 0, month, support, _nowhere(account, UNTAGGED, Kind.OTHER), Decimal(1),
        Decimal("100"), late=4,
    )  # fmt: skip
