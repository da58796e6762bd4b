"""AI consumption: each workload's days become charges."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from handlers.record import ChargeType
from handlers.sample.charges import Charge, Place, Sku
from handlers.sample.days import Days, month_before, month_of
from handlers.sample.tables import ai_families
from handlers.sample.world import Scope, Workload, World

# Monday to Sunday; whole per mille, so that no platform's floating point gets a say.
WEEKDAY_SHARE = (1000, 1040, 1060, 1030, 960, 430, 350)
NOISE = (880, 1121)
QUANTITY = Decimal("0.000001")
PROMILLE = Decimal(1000)

# The hours of an hourly bill that carry a workload; the early ones of a month's first day still
# belong to the month before in Google's books, which are kept in Pacific time.
HOURS = {1: (12,), 2: (5, 17), 3: (3, 11, 19)}


def chance(seed: int, *words: str) -> Random:
    """Chance of its own for what ``words`` name, so that one thing more changes nothing else."""
    return Random("/".join((str(seed), *words)))  # noqa: S311 - bills, not secrets


def invoice_month(scope: Scope, day: date, hour: int) -> date:
    """First day of the month whose invoice a charge is on.

    Google's invoice months start at midnight Pacific time, 07:00 UTC in summer and 08:00 UTC in
    winter: https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables
    """
    midnight = 7 if 4 <= day.month <= 11 else 8
    if scope.cloud == "GCP" and day.day == 1 and hour < midnight:
        return month_before(day)
    return month_of(day)


def rounded(quantity: Decimal) -> Decimal:
    """A quantity with the digits that bills print."""
    return quantity.quantize(QUANTITY, ROUND_HALF_UP)


def _resource(scope: Scope, workload: Workload) -> str:
    if workload.resource:
        return workload.resource
    if scope.cloud == "Azure":
        return (
            f"/subscriptions/{workload.account}/resourceGroups/{workload.group}/providers"
            f"/Microsoft.CognitiveServices/accounts/{workload.name}"
        )
    if scope.cloud == "GCP":
        return f"//aiplatform.googleapis.com/projects/{workload.account}/endpoints/{workload.name}"
    return f"arn:aws:bedrock:us-east-1:{workload.account}:inference-profile/{workload.name}"


def place_of(scope: Scope, workload: Workload, customer: str) -> Place:
    """Where a workload's charges arise."""
    return Place(
        account=workload.account,
        group=workload.group,
        resource=_resource(scope, workload),
        tags=workload.tags,
        customer=customer,
        kind=workload.kind,
        repeat=workload.repeat,
        reservation=workload.reservation,
    )


def spike_factor(world: World, workload: Workload, day: date, days: Days) -> int:
    """How many times the usual a workload consumes on a day."""
    for spike in world.spikes_of(workload):
        if day in spike.dates(days):
            return spike.factor
    return 1


def units_of(world: World, workload: Workload, days: Days, seed: int) -> Iterator[tuple[date, int]]:
    """Per day, the per mille of its usual units that a workload consumes."""
    random = chance(seed, workload.scope, workload.name)
    first = days.named(workload.since)
    last = days.named(workload.until) if workload.until else days.end + timedelta(days=1)
    for number, day in enumerate(days):
        noise = random.randrange(*NOISE)
        if not first <= day < last:
            continue
        if workload.steady:
            yield day, 1000
            continue
        level = WEEKDAY_SHARE[day.weekday()] * (1000 + workload.growth * number) // 1000
        yield day, level * noise // 1000 * spike_factor(world, workload, day, days)


def _hours(scope: Scope, workload: Workload) -> tuple[int, ...]:
    hourly = scope.cloud == "GCP" or scope.format == "cur1-csv"
    return HOURS[workload.hours] if hourly else (0,)


def _charges(
    scope: Scope, workload: Workload, place: Place, sku: Sku, day: date, units: Decimal
) -> Iterator[Charge]:
    hours = _hours(scope, workload)
    quantity = rounded(units * sku.mix / len(hours))
    for hour in hours:
        usd = Decimal(0) if workload.reservation else quantity * sku.price
        charge = Charge(day, hour, invoice_month(scope, day, hour), sku, place, quantity, usd)
        if workload.promotion:
            charge = replace(charge, credit_usd=-usd * workload.promotion / 100)
        yield charge
        if workload.discount:
            yield replace(
                charge,
                usd=-usd * workload.discount / 100,
                charge_type=ChargeType.DISCOUNT,
                note="Enterprise Program Discount",
            )


def workload_charges(
    world: World, scope: Scope, workload: Workload, days: Days, seed: int
) -> Iterator[Charge]:
    """Every charge of a workload, day by day."""
    family = ai_families(scope.cloud)[workload.family]
    before = place_of(scope, workload, workload.customer)
    after = replace(before, customer=workload.then) if workload.then else before
    for day, promille in units_of(world, workload, days, seed):
        place = after if workload.at and day >= days.named(workload.at) else before
        units = workload.units * promille / PROMILLE
        for sku in family:
            yield from _charges(scope, workload, place, sku, day, units)


def ai_charges(world: World, scope: Scope, days: Days, seed: int) -> Iterable[Charge]:
    """Every AI charge of a scope's workloads."""
    for workload in world.workloads:
        if workload.scope == scope.name:
            yield from workload_charges(world, scope, workload, days, seed)
