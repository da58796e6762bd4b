"""What Cost Management itself says was charged, per day: what loaded bills are reconciled with.

https://learn.microsoft.com/rest/api/cost-management/query/usage. It groups by two dimensions at
most, so it can't replace a bill. Its ranges include their last day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import cast

from handlers.errors import UsageError
from handlers.sources.azure.faults import AzureUnavailable
from handlers.sources.azure.management import CostManagement, Json

LONGEST_RANGE = 31
"""Days of a daily query; longer ones are cut without a word."""

MOST_PAGES = 2000
"""Of a thousand rows each; more means that the pages lead in a circle."""

_COST = "Cost"
_DAY = "UsageDate"
_CURRENCY = "Currency"
_CHARGE_TYPE = "ChargeType"


class Metric(StrEnum):
    """Which costs; the words are Azure's."""

    ACTUAL = "ActualCost"
    """What is invoiced."""
    AMORTIZED = "AmortizedCost"


class Service(StrEnum):
    """What to call a service; the words are Azure's dimensions."""

    METER_CATEGORY = "MeterCategory"
    """As ``service`` of the bill's lines."""
    SERVICE_NAME = "ServiceName"


@dataclass(frozen=True)
class CostRow:
    """What a day's charges of one type for one service come to, in the bill's currency."""

    day: date
    service: str
    charge_type: str
    cost: Decimal
    currency: str


class CostQuery:
    """Asks about one scope, a resource id."""

    def __init__(
        self, management: CostManagement, scope: str, metric: Metric = Metric.ACTUAL
    ) -> None:
        self._management = management
        self._scope = scope
        self._metric = metric

    def rows(
        self, first: date, last: date, service: Service = Service.METER_CATEGORY
    ) -> Iterator[CostRow]:
        """The charges of the days from ``first`` to ``last``, both included, day by day.

        Raises:
            UsageError: ``last`` is before ``first``.
            AzureRefused: the identity may not ask, or the scope is not known.
            AzureUnavailable: there is no answer, not in time, or not the one that was asked for.
        """
        if last < first:
            raise UsageError(
                f"A range from {first} to {last} has no day: name the first day first."
            )
        for begins, ends in windows(first, last):
            found = [
                row
                for page in self._pages(_question(self._metric, service, begins, ends))
                for row in _rows(page, service)
            ]
            outside = next((row.day for row in found if not begins <= row.day <= ends), None)
            if outside is not None:
                raise AzureUnavailable(
                    f"Azure was asked for {begins} to {ends} and answered with {outside}: nothing"
                    " of it was used."
                )
            yield from sorted(found, key=lambda row: (row.day, row.service, row.charge_type))

    def _pages(self, question: Json) -> Iterator[Json]:
        answer = self._management.post(self._scope, "query", question)
        seen: set[str] = set()
        while True:
            properties = _object(answer.content.get("properties"))
            yield properties
            following = properties.get("nextLink")
            if not isinstance(following, str) or not following:
                return
            if following in seen or len(seen) == MOST_PAGES:
                raise AzureUnavailable(
                    "The pages of Azure's answer lead in a circle: none is used."
                )
            seen.add(following)
            answer = self._management.post_to(following, question)


def windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from ``first`` to ``last`` in ranges that one query may ask about."""
    while first <= last:
        ends = min(last, first + timedelta(days=LONGEST_RANGE - 1))
        yield first, ends
        first = ends + timedelta(days=1)


def _question(metric: Metric, service: Service, first: date, last: date) -> Json:
    return {
        "type": metric.value,
        "timeframe": "Custom",
        # The last second of the last day: in the range whether a day or a moment is compared.
        "timePeriod": {"from": f"{first}T00:00:00+00:00", "to": f"{last}T23:59:59+00:00"},
        "dataset": {
            "granularity": "Daily",
            # The name of the sum is its column's, so that it can't come under another.
            "aggregation": {_COST: {"name": _COST, "function": "Sum"}},
            "grouping": [
                {"type": "Dimension", "name": service.value},
                {"type": "Dimension", "name": _CHARGE_TYPE},
            ],
        },
    }


def _rows(page: Json, service: Service) -> Iterator[CostRow]:
    """The rows of a page, by the names of its columns: their order varies."""
    columns = [str(_object(column).get("name", "")) for column in _list(page.get("columns"))]
    wanted = (_COST, _DAY, service.value, _CHARGE_TYPE, _CURRENCY)
    places = {name.lower(): place for place, name in enumerate(columns)}
    missing = [name for name in wanted if name.lower() not in places]
    rows = [_list(row) for row in _list(page.get("rows"))]
    if missing and rows:
        raise AzureUnavailable(
            f"Azure's answer has no column '{missing[0]}' but {', '.join(columns)}: none of it is"
            " used."
        )
    for row in rows:
        if len(row) != len(columns):
            raise _unreadable(row)
        yield _row(row, {name: row[places[name.lower()]] for name in wanted}, service)


def _row(row: Sequence[object], cells: Mapping[str, object], service: Service) -> CostRow:
    cost = cells[_COST]
    if isinstance(cost, bool) or not isinstance(cost, (int, Decimal)):
        raise _unreadable(row)
    try:
        day = date.fromisoformat(str(cells[_DAY])[:10])
    except ValueError:
        raise _unreadable(row) from None
    return CostRow(
        day=day,
        service=str(cells[service.value] or ""),
        charge_type=str(cells[_CHARGE_TYPE] or ""),
        cost=Decimal(cost),
        currency=str(cells[_CURRENCY] or ""),
    )


def _unreadable(row: Sequence[object]) -> AzureUnavailable:
    shown = ", ".join(map(str, row))[:200]
    return AzureUnavailable(f"Azure's answer has a row that can't be read: {shown}")


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
