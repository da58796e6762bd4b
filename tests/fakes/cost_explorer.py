"""AWS Cost Explorer over charges that a test states: strict where the real one is.

It refuses more than two keys to group by, unknown dimensions, an end that is not after the start,
a month too long ago, an unsigned request, and the next page of another request
(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html).
"""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.fakes.aws_billing import SIGNED
from tests.fakes.json_server import Answer, Request, json_server

DIMENSIONS = frozenset({"SERVICE", "USAGE_TYPE", "RECORD_TYPE", "LINKED_ACCOUNT"})
METRICS = frozenset({"UnblendedCost", "NetUnblendedCost", "UsageQuantity"})
MOST_KEYS = 2
KEPT_DAYS = 430
"""Fourteen months, without an extension that costs extra."""


@dataclass(frozen=True)
class Cost:
    """A charge as Cost Explorer keeps it."""

    day: date
    cost: str
    service: str = "Amazon Bedrock"
    usage_type: str = "USE1-NovaPro-input-tokens"
    record_type: str = "Usage"
    quantity: str = "1000"
    unit: str = "N/A"
    account: str = "210987654321"

    def value(self, dimension: str) -> str:
        """What the charge is grouped or filtered by."""
        return {
            "SERVICE": self.service,
            "USAGE_TYPE": self.usage_type,
            "RECORD_TYPE": self.record_type,
            "LINKED_ACCOUNT": self.account,
        }[dimension]


@dataclass
class FakeCostExplorer:
    """The charges of an account. A test changes it as it likes.

    ``page`` is how many groups an answer holds. ``busy`` requests are answered that there are too
    many. Days from ``estimated_from`` on may still change.
    What a test's clients have ``opened`` is closed when the fake is.
    """

    today: date
    costs: list[Cost] = field(default_factory=list[Cost])
    currency: str = "USD"
    page: int = 1000
    busy: int = 0
    estimated_from: date = date.max
    requests: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    address: str = ""
    opened: ExitStack = field(default_factory=ExitStack)


@contextmanager
def fake_cost_explorer(fake: FakeCostExplorer) -> Generator[FakeCostExplorer]:
    """The server, whose address it is told."""
    with json_server(lambda request: _answer(fake, request)) as address, fake.opened:
        fake.address = address
        yield fake


def _answer(fake: FakeCostExplorer, request: Request) -> Answer:
    signed = SIGNED.fullmatch(request.headers.get("authorization", ""))
    if signed is None or (signed["region"], signed["service"]) != ("us-east-1", "ce"):
        return _error("UnrecognizedClientException", "not signed for Cost Explorer")
    operation = request.headers.get("x-amz-target", "")
    if operation != "AWSInsightsIndexService.GetCostAndUsage":
        return _error("UnknownOperationException", operation)
    fake.requests.append(request.body)
    if fake.busy:
        fake.busy -= 1
        return _error("LimitExceededException", "Rate exceeded")
    refusal = _refusal(fake, request.body)
    return _error(*refusal) if refusal else _page(fake, request.body)


def _error(code: str, message: str) -> Answer:
    return Answer(400, {"__type": code, "message": message})


def _refusal(fake: FakeCostExplorer, asked: Mapping[str, Any]) -> tuple[str, str] | None:
    keys = [each["Key"] for each in asked.get("GroupBy", ())]
    start, end = _span(asked)
    if len(keys) > MOST_KEYS:
        return "ValidationException", f"Group by length must be at most {MOST_KEYS}"
    if not set(keys) <= DIMENSIONS or not set(asked["Metrics"]) <= METRICS:
        return "ValidationException", "unknown dimension or metric"
    if asked["Granularity"] != "DAILY" or end <= start:
        return "ValidationException", "Start date (and hour) should be before end date (and hour)"
    if end > fake.today + timedelta(days=1):
        return "ValidationException", "end date is in the future"
    if start < fake.today - timedelta(days=KEPT_DAYS):
        return "ValidationException", "You haven't enabled historical data beyond 14 months"
    token = asked.get("NextPageToken")
    if token and json.loads(token)["of"] != _identity(asked):
        return "InvalidNextTokenException", "the token is of another request"
    return None


def _span(asked: Mapping[str, Any]) -> tuple[date, date]:
    span = asked["TimePeriod"]
    return date.fromisoformat(span["Start"]), date.fromisoformat(span["End"])


def _identity(asked: Mapping[str, Any]) -> str:
    return json.dumps({key: asked[key] for key in sorted(asked) if key != "NextPageToken"})


def _page(fake: FakeCostExplorer, asked: Mapping[str, Any]) -> Answer:
    groups = _groups(fake, asked)
    token = asked.get("NextPageToken")
    start = json.loads(token)["at"] if token else 0
    shown = groups[start : start + fake.page]
    days = sorted({day for day, _, _ in shown})
    body: dict[str, Any] = {
        "GroupDefinitions": asked.get("GroupBy", []),
        "ResultsByTime": [
            {
                "TimePeriod": {"Start": str(day), "End": str(day + timedelta(days=1))},
                "Total": {},
                "Groups": [
                    {"Keys": list(keys), "Metrics": _metrics(fake, costs)}
                    for of, keys, costs in shown
                    if of == day
                ],
                "Estimated": day >= fake.estimated_from,
            }
            for day in days
        ],
        "DimensionValueAttributes": [],
    }
    if start + fake.page < len(groups):
        body["NextPageToken"] = json.dumps({"at": start + fake.page, "of": _identity(asked)})
    return Answer(200, body)


def _groups(
    fake: FakeCostExplorer, asked: Mapping[str, Any]
) -> list[tuple[date, tuple[str, ...], list[Cost]]]:
    """Day, keys and charges of every group; the end of the time is not in it."""
    start, end = _span(asked)
    wanted = asked.get("Filter", {}).get("Dimensions")
    found: dict[tuple[date, tuple[str, ...]], list[Cost]] = {}
    for cost in fake.costs:
        if not start <= cost.day < end:
            continue
        if wanted and cost.value(wanted["Key"]) not in wanted["Values"]:
            continue
        keys = tuple(cost.value(each["Key"]) for each in asked.get("GroupBy", ()))
        found.setdefault((cost.day, keys), []).append(cost)
    return [(day, keys, costs) for (day, keys), costs in sorted(found.items())]


def _metrics(fake: FakeCostExplorer, costs: Sequence[Cost]) -> dict[str, dict[str, str]]:
    units = {cost.unit for cost in costs}
    amount = format(sum(Decimal(cost.cost) for cost in costs), "f")
    quantity = format(sum(Decimal(cost.quantity) for cost in costs), "f")
    return {
        "UnblendedCost": {"Amount": amount, "Unit": fake.currency},
        "UsageQuantity": {"Amount": quantity, "Unit": units.pop() if len(units) == 1 else "N/A"},
    }
