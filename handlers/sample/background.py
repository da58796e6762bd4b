"""What is not AI, which is most of every bill: machines, storage, networks, notebooks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from handlers.record import UNTAGGED
from handlers.sample.charges import Charge, Kind, Place, Sku
from handlers.sample.days import Days
from handlers.sample.tables import meter_id, other_skus
from handlers.sample.usage import chance, invoice_month, rounded
from handlers.sample.world import Scope

PLATFORM_TAGS = {"managed-by": "ai-cost-monitoring"}
PLATFORM_EVERY = 97

# Tags a careless reader takes for AI, or for a customer of AI.
TAGS: tuple[dict[str, str], ...] = (
    {},
    {"Name": "Bedrock gateway", "env": "prod"},
    {"customer_id": "acme", "project_id": "web"},
    {"env": "dev"},
    {"Name": "gpt-4o proxy", "note": "costs of\nAzure OpenAI are elsewhere"},
    {"tenant": "globex"},
)
SIZES = (35, 80, 100, 145, 210)
NOISE = (930, 1071)
HOURS_OF_DAY = 24


def _resource(scope: Scope, sku: Sku, account: str, number: int) -> str:
    identity = meter_id(scope.name, sku.name, str(number)).replace("-", "")
    if scope.cloud == "Azure":
        return (
            f"/subscriptions/{account}/resourceGroups/rg-web-{number % 9}/providers"
            f"/{sku.service_id}/{sku.operation}/{sku.operation}-{identity[:6]}"
        )
    if scope.cloud == "GCP":
        return f"//cloudresource.googleapis.com/projects/{account}/resources/{identity[:12]}"
    return f"arn:aws:{sku.service_id.lower()}:us-east-1:{account}:resource/{identity[:17]}"


def places(scope: Scope) -> Iterator[tuple[Sku, Place]]:
    """The resources of a scope that are not AI."""
    skus = other_skus(scope.cloud)
    for number in range(scope.background):
        sku = skus[number % len(skus)]
        account = scope.accounts[number % len(scope.accounts)]
        own = number % PLATFORM_EVERY == scope.background % PLATFORM_EVERY // 2
        place = Place(
            account=account,
            group=f"rg-web-{number % 9}" if scope.cloud == "Azure" else "",
            resource=_resource(scope, sku, account, number),
            tags=PLATFORM_TAGS if own else TAGS[number % len(TAGS)],
            customer=UNTAGGED,
            kind=Kind.PLATFORM if own else Kind.OTHER,
        )
        yield sku, place


def other_charges(scope: Scope, days: Days, seed: int) -> Iterator[Charge]:
    """Every charge of a scope that is not AI, a line a day or, in an hourly bill, 24."""
    random = chance(seed, scope.name, "background")
    hourly = scope.cloud == "GCP" or scope.format == "cur1-csv"
    for number, (sku, place) in enumerate(places(scope)):
        size = SIZES[number % len(SIZES)] * (1 if scope.cloud == "GCP" else 10)
        discount = Decimal(sku.description) / 100 if scope.cloud == "GCP" else Decimal(0)
        for day in days:
            promille = size * random.randrange(*NOISE) // 1000
            quantity = rounded(sku.mix * promille / 1000)
            if hourly:
                yield from _hourly(scope, sku, place, day, quantity, discount)
            else:
                usd = quantity * sku.price
                yield Charge(day, 0, invoice_month(scope, day, 0), sku, place, quantity, usd)


def _hourly(
    scope: Scope, sku: Sku, place: Place, day: date, quantity: Decimal, discount: Decimal
) -> Iterator[Charge]:
    each = quantity if scope.cloud == "GCP" else rounded(quantity / HOURS_OF_DAY)
    usd = each * sku.price
    first = Charge(day, 0, invoice_month(scope, day, 0), sku, place, each, usd)
    if discount:
        first = replace(first, credit_usd=-usd * discount)
    for hour in range(HOURS_OF_DAY):
        yield replace(first, hour=hour, period=invoice_month(scope, day, hour))
