"""Azure's Cost Management, as much of it as a reader of bills asks for; strict where it is.

It refuses what the real one refuses, and more loudly: a token that is not there or expired (401),
another API version (400), more than two groupings or aggregations, a daily range of more than 31
days (the real one cuts it without a word), a report of a period that is not one month. The order of
a query's columns changes with each page. Anything else is 501.
https://learn.microsoft.com/rest/api/cost-management
"""

import json
import random
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from tests.fakes.azure_blobs_http import Faults, Reply, Seen, tls_server

VERSION = "2025-03-01"
PAGE = 2
"""Rows of a page of a query; few, so that answers have pages."""

_REPORTS = "generateCostDetailsReport"
_RESULTS = "costDetailsOperationResults"
_DIMENSIONS = {"MeterCategory", "ServiceName", "ChargeType", "MeterSubCategory", "PublisherType"}


@dataclass(frozen=True)
class Charge:
    """What a day costs; ``cost`` is written into the answer as it stands here."""

    day: date
    service: str
    charge_type: str
    cost: str
    currency: str = "EUR"


@dataclass
class Report:
    """How the making of a report goes: ``steps`` answers of 202, then ``status``.

    ``links`` are signed addresses with the sizes that the manifest states.
    """

    status: str = "Completed"
    links: Sequence[tuple[str, int]] = ()
    steps: int = 1
    retry_after: int | None = 7
    error: Mapping[str, str] | None = None
    blob_count: int | None = None


@dataclass
class FakeCostManagement:
    """Charges and reports by scope; ``tokens`` are those that hold now."""

    url: str
    faults: Faults
    tokens: set[str] = field(default_factory=set[str])
    charges: dict[str, list[Charge]] = field(default_factory=dict[str, list[Charge]])
    reports: dict[tuple[str, str], Report] = field(default_factory=dict[Any, Report])
    making: list[Report] = field(default_factory=list[Report])
    shuffle: random.Random = field(default_factory=lambda: random.Random(7))
    elsewhere: str = ""
    """Where ``nextLink`` and ``Location`` lead to, instead of here."""

    def answer(self, request: Seen) -> Reply:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return _error(401, "ExpiredAuthenticationToken", "The token has expired.", challenge)
        if request.query.get("api-version") != VERSION:
            return _error(400, "InvalidApiVersionParameter", "Which version?")
        scope, slash, operation = request.path.partition("/providers/Microsoft.CostManagement/")
        if not slash:
            return Reply(501)
        if request.method == "POST" and operation == "query":
            return self._queried(scope, request)
        if request.method == "POST" and operation == _REPORTS:
            return self._ordered(scope, json.loads(request.body))
        if request.method == "GET" and operation.startswith(_RESULTS + "/"):
            return self._made(scope, int(operation.rpartition("/")[2]))
        return Reply(501)

    def _queried(self, scope: str, request: Seen) -> Reply:
        if scope not in self.charges:
            return _error(404, "SubscriptionNotFound", "There is no such scope.")
        body = json.loads(request.body)
        refused = _refused(body)
        if refused:
            return _error(400, "BadRequest", refused)
        names = [each["name"] for each in body["dataset"]["grouping"]]
        first = date.fromisoformat(body["timePeriod"]["from"][:10])
        last = date.fromisoformat(body["timePeriod"]["to"][:10])
        found = [charge for charge in self.charges[scope] if first <= charge.day <= last]
        start = int(request.query.get("$skiptoken", "0"))
        columns = ["Cost", "UsageDate", *names, "Currency"]
        self.shuffle.shuffle(columns)
        rows = ", ".join(
            f"[{', '.join(_cell(charge, name) for name in columns)}]"
            for charge in found[start : start + PAGE]
        )
        link = (
            f'"{self.elsewhere or self.url}{request.path}?api-version={VERSION}'
            f'&$skiptoken={start + PAGE}"'
            if start + PAGE < len(found)
            else "null"
        )
        described = json.dumps([{"name": name, "type": "String"} for name in columns])
        text = f'{{"properties": {{"nextLink": {link}, "columns": {described}, "rows": [{rows}]}}}}'
        return Reply(200, text.encode(), {"Content-Type": "application/json"})

    def _ordered(self, scope: str, body: Mapping[str, Any]) -> Reply:
        month = _month(body)
        if month is None or body.get("metric") not in ("ActualCost", "AmortizedCost"):
            return _error(400, "BadRequest", "One month, and which costs.")
        if (scope, month) not in self.reports:
            return Reply(204)
        self.making.append(self.reports[scope, month])
        return self._accepted(scope, len(self.making) - 1)

    def _accepted(self, scope: str, number: int) -> Reply:
        location = (
            f"{self.elsewhere or self.url}{scope}/providers/Microsoft.CostManagement/{_RESULTS}"
            f"/{number}?api-version={VERSION}"
        )
        wait = self.making[number].retry_after
        headers = {"Location": location} | ({} if wait is None else {"Retry-After": str(wait)})
        return Reply(202, b"", headers)

    def _made(self, scope: str, number: int) -> Reply:
        report = self.making[number]
        report.steps -= 1
        if report.steps > 0:
            return self._accepted(scope, number)
        content: dict[str, Any] = {"id": str(number), "status": report.status}
        if report.status == "Completed":
            count = len(report.links) if report.blob_count is None else report.blob_count
            content |= {
                "manifest": {
                    "manifestVersion": "2022-05-01",
                    "dataFormat": "Csv",
                    "blobCount": count,
                    "byteCount": sum(size for _, size in report.links),
                    "compressData": False,
                    "blobs": [{"blobLink": url, "byteCount": n} for url, n in report.links],
                },
                "validTill": "2026-11-21T03:19:57.4923235Z",
            }
        if report.error is not None:
            content["error"] = dict(report.error)
        return Reply(200, json.dumps(content).encode(), {"Content-Type": "application/json"})


def _refused(body: Mapping[str, Any]) -> str:
    dataset = body.get("dataset", {})
    grouping = dataset.get("grouping", [])
    if body.get("timeframe") != "Custom" or dataset.get("granularity") != "Daily":
        return "This fake knows daily questions about a range."
    if len(grouping) > 2 or len(dataset.get("aggregation", {})) > 2:
        return "At most two groupings and two aggregations."
    if any(each["type"] not in ("Dimension", "TagKey") for each in grouping):
        return "A grouping is a Dimension or a TagKey."
    if any(each["name"] not in _DIMENSIONS for each in grouping):
        return "There is no such dimension."
    first = date.fromisoformat(body["timePeriod"]["from"][:10])
    last = date.fromisoformat(body["timePeriod"]["to"][:10])
    if not 0 <= (last - first).days <= 30:
        return "A daily range is 31 days at most, the last one included."
    return ""


def _cell(charge: Charge, name: str) -> str:
    if name == "Cost":
        return str(Decimal(charge.cost))
    if name == "UsageDate":
        return f"{charge.day:%Y%m%d}"
    words = {"ChargeType": charge.charge_type, "Currency": charge.currency}
    return json.dumps(words.get(name, charge.service))


def _month(body: Mapping[str, Any]) -> str | None:
    """The month asked for as YYYY-MM; None when it is none, or is asked for in several ways."""
    ways = [name for name in ("billingPeriod", "timePeriod", "invoiceId") if name in body]
    if ways == ["billingPeriod"]:
        return f"{body['billingPeriod'][:4]}-{body['billingPeriod'][4:]}"
    if ways != ["timePeriod"]:
        return None
    first = date.fromisoformat(body["timePeriod"]["start"])
    last = date.fromisoformat(body["timePeriod"]["end"])
    same_month = (first.year, first.month) == (last.year, last.month)
    return f"{first:%Y-%m}" if same_month and first.day == 1 and first <= last else None


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    text = json.dumps({"error": {"code": code, "message": message}})
    return Reply(status, text.encode(), {"Content-Type": "application/json", **(headers or {})})


@contextmanager
def fake_cost_management() -> Generator[FakeCostManagement]:
    """Cost Management on a free port of this machine, without charges and reports."""
    fake = FakeCostManagement("", Faults())
    with tls_server(fake.answer, fake.faults) as fake.url:
        yield fake
