"""What AWS Cost Explorer says was charged: slow to change, coarse, and an opinion of its own.

It takes at most two keys to group by, gives pages, and costs 0.01 USD for each request
(https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html), so
that requests are counted and capped. Amounts are text, and are read as decimals.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol, cast

from handlers.amounts import parse_amount
from handlers.errors import BillError, Place
from handlers.periods import next_period
from handlers.scopes import AwsScope
from handlers.sources.aws.credentials import CONFIG
from handlers.sources.aws.faults import asked

USD_PER_REQUEST = Decimal("0.01")
"""https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"""

DEFAULT_MOST_REQUESTS = 100
"""Of one run: a dollar."""

REGION = "us-east-1"
"""The one that has the endpoint."""

_METRIC = "UnblendedCost"
_QUANTITY = "UsageQuantity"
_NO_UNIT = {"N/A", "NA", ""}


class CostExplorerClient(Protocol):
    """The one request that is made."""

    def get_cost_and_usage(self, **request: object) -> Mapping[str, Any]:
        """One page."""
        ...


class Requests:
    """Counts requests, which cost money, and refuses more than ``most``."""

    def __init__(self, most: int = DEFAULT_MOST_REQUESTS) -> None:
        self._most = most
        self.made = 0

    @property
    def usd(self) -> Decimal:
        """What the requests cost so far."""
        return self.made * USD_PER_REQUEST

    def count(self) -> None:
        """Take the next one into account; BillError when it is one too many."""
        if self.made >= self._most:
            raise BillError(
                Place("Cost Explorer"),
                f"This run has made {self.made} requests ({self.usd} USD), which is its limit.",
                "Ask for fewer months at once. Nothing was changed.",
            )
        self.made += 1

    def add_retries(self, number: int) -> None:
        """Take into account what the client sent again by itself."""
        self.made += number


@dataclass(frozen=True)
class Charge:
    """What a service cost on a day (UTC), by kind of charge and, where asked for, usage type.

    ``record_type`` is Cost Explorer's word (Usage, Tax, Credit, ...). ``quantity`` is in ``unit``,
    which is empty where the service says none. ``estimated``: the figure may still move.
    """

    day: date
    service: str
    record_type: str
    usage_type: str
    amount: Decimal
    currency: str
    estimated: bool
    quantity: Decimal
    unit: str


class CostExplorer:
    """Cost Explorer of the payer account ``payer``; ``today`` (UTC) bounds what can be asked."""

    def __init__(
        self,
        client: CostExplorerClient,
        payer: str,
        requests: Requests,
        today: Callable[[], date],
    ) -> None:
        self._client = client
        self._payer = payer
        self._requests = requests
        self._today = today

    def charged(self, period: date) -> list[Charge]:
        """What each service cost on each day of ``period``, by kind of charge; one query.

        Raises:
            BillError: it can't be asked, or its answer is none.
        """
        return [
            _charge(row, service=row.keys[0], record_type=row.keys[1])
            for row in self._rows(period, ("SERVICE", "RECORD_TYPE"))
        ]

    def itemized(self, period: date) -> list[Charge]:
        """As ``charged``, by usage type too: a query for each kind of charge of the month.

        Raises:
            BillError: it can't be asked, or its answer is none.
        """
        kinds = {row.keys[0] for row in self._rows(period, ("RECORD_TYPE",))}
        return [
            _charge(row, service=row.keys[0], record_type=kind, usage_type=row.keys[1])
            for kind in sorted(kinds)
            for row in self._rows(period, ("SERVICE", "USAGE_TYPE"), kind)
        ]

    def _rows(self, period: date, keys: Sequence[str], record_type: str = "") -> Iterator["_Row"]:
        end = min(next_period(period), self._today() + timedelta(days=1))
        if end <= period:
            return
        request: dict[str, object] = {
            # The end is the first day that is left out.
            "TimePeriod": {"Start": period.isoformat(), "End": end.isoformat()},
            "Granularity": "DAILY",
            "Metrics": [_METRIC, _QUANTITY],
            "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in keys],
        }
        if record_type:
            request["Filter"] = {"Dimensions": {"Key": "RECORD_TYPE", "Values": [record_type]}}
        for page in self._pages(request):
            for result in page["ResultsByTime"]:
                yield from self._rows_of(result, len(keys))

    def _pages(self, request: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
        seen: set[str] = set()
        token: dict[str, str] = {}
        while True:
            self._requests.count()
            page = asked(
                str(self), lambda token=token: self._client.get_cost_and_usage(**request, **token)
            )
            self._requests.add_retries(
                int(page.get("ResponseMetadata", {}).get("RetryAttempts", 0))
            )
            yield page
            following = str(page.get("NextPageToken") or "")
            if not following:
                return
            if following in seen:
                raise self._no_answer("gives the same page again")
            seen.add(following)
            token = {"NextPageToken": following}

    def _rows_of(self, result: Mapping[str, Any], keys: int) -> Iterator["_Row"]:
        day = date.fromisoformat(str(result["TimePeriod"]["Start"])[:10])
        for group in result["Groups"]:
            named = tuple(str(key) for key in group["Keys"])
            if len(named) != keys:
                raise self._no_answer(f"answers with {len(named)} keys where {keys} were asked")
            cost, quantity = group["Metrics"][_METRIC], group["Metrics"][_QUANTITY]
            unit = str(quantity.get("Unit", ""))
            yield _Row(
                day=day,
                keys=named,
                amount=self._amount(cost["Amount"]),
                currency=str(cost["Unit"]),
                estimated=bool(result.get("Estimated")),
                quantity=self._amount(quantity["Amount"]),
                unit="" if unit in _NO_UNIT else unit,
            )

    def _amount(self, text: object) -> Decimal:
        amount = parse_amount(text) if isinstance(text, str) else None
        if amount is None:
            raise self._no_answer(f"answers with '{str(text)[:40]}', which is no amount")
        return amount

    def _no_answer(self, found: str) -> BillError:
        return BillError(
            Place(str(self)), f"It {found}.", "Report this with the month. Nothing was changed."
        )

    def __str__(self) -> str:
        return f"Cost Explorer of {self._payer}"


@dataclass(frozen=True)
class _Row:
    day: date
    keys: tuple[str, ...]
    amount: Decimal
    currency: str
    estimated: bool
    quantity: Decimal
    unit: str


def _charge(row: _Row, *, service: str, record_type: str, usage_type: str = "") -> Charge:
    return Charge(
        day=row.day,
        service=service,
        record_type=record_type,
        usage_type=usage_type,
        amount=row.amount,
        currency=row.currency,
        estimated=row.estimated,
        quantity=row.quantity,
        unit=row.unit,
    )


def cost_explorer(
    scope: AwsScope,
    session: object,
    requests: Requests,
    today: Callable[[], date],
    opened: ExitStack,
) -> CostExplorer:
    """Cost Explorer of the scope's payer account, asked by ``session`` (a ``boto3.Session``).

    What it connects with is closed with ``opened``.

    Raises:
        BillError: the role is of another account, whose costs it would be.
    """
    account = scope.role_arn.split(":")[4]
    if account != scope.id:
        raise BillError(
            Place(f"Cost Explorer of {scope.id}"),
            f"The scope's role is of account {account}, and would see that account's costs.",
            f"Totals need a role in {scope.id} itself: name one in the scope, or leave it out.",
        )
    client = cast("Any", session).client("ce", region_name=REGION, config=CONFIG)
    return CostExplorer(opened.enter_context(closing(client)), scope.id, requests, today)
