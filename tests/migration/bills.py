"""The clouds of the demo: bills that grow each day, are restated, and whose sums are known.

What a bill comes to is added up here from what is written into it, before anything reads it, so
that it can be held against what people are served at the other end.
"""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from handlers.periods import last_day, period_of
from handlers.record import UNTAGGED, Cloud
from tests.handlers.load.bills import COMPUTE, NOVA, SONNET, AwsBill, Line, write_bill
from tests.handlers.sources.azure.bills import SUBSCRIPTION, ea_bytes, export

CUSTOMERS = ("acme", "globex", "initech", "umbrella", "wayne", "zürich 日本", UNTAGGED)
"""Who uses the clouds; the last is nobody who is named."""

SCOPES = {Cloud.AWS: "111122223333", Cloud.AZURE: f"/subscriptions/{SUBSCRIPTION}"}
FIRST_MONTH = date(2026, 8, 1)
DAYS_OF_HISTORY = (3, 17, 28)
"""The days of a month before the migration on which anything was used: history is small."""

Bill = tuple[Cloud, date]
CustomerDay = tuple[str, date]
Costs = Mapping[CustomerDay, Decimal]


@dataclass(frozen=True)
class Version:
    """A version of a bill: what it says that each customer's use cost on each day, in USD."""

    costs: Costs = field(default_factory=lambda: MappingProxyType({}))
    number: int = 0


@dataclass
class Clouds:
    """Both clouds' exports below ``folder``; ``since`` is the day from which every day is used."""

    folder: Path
    since: date
    newest: dict[Bill, Version] = field(default_factory=dict[Bill, Version])
    _changes: dict[Bill, int] = field(default_factory=lambda: defaultdict(int))

    def write(self, cloud: Cloud, period: date, now: datetime) -> Version:
        """The cloud writes the newest version of a bill: every day up to yesterday."""
        bill = (cloud, period)
        made = dict(_used(bill, self._days(period, now.date()), self._changes[bill]))
        version = Version(MappingProxyType(made), self._version(bill) + 1)
        self.newest[bill] = version
        place = self.folder / cloud.lower() / f"{period:%Y-%m}"
        # What a folder holds is listed by each run; the clouds list a prefix, and only the newest.
        shutil.rmtree(place, ignore_errors=True)
        (_write_aws if cloud is Cloud.AWS else _write_azure)(place, period, made, now)
        return version

    def restate(self, cloud: Cloud, period: date, now: datetime) -> Version:
        """The same with another cost of a day that was billed before."""
        self._changes[cloud, period] += 1
        return self.write(cloud, period, now)

    def bills(self) -> Iterator[Bill]:
        """Those that were written, oldest first."""
        yield from sorted(self.newest, key=lambda bill: (bill[1], bill[0]))

    def _version(self, bill: Bill) -> int:
        return self.newest[bill].number if bill in self.newest else 0

    def _days(self, period: date, today: date) -> list[date]:
        last = min(last_day(period), today - timedelta(days=1))
        every = [period + timedelta(days=n) for n in range((last - period).days + 1)]
        return [day for day in every if day >= self.since or day.day in DAYS_OF_HISTORY]


def _used(bill: Bill, days: list[date], changes: int) -> Iterator[tuple[CustomerDay, Decimal]]:
    """Three customers a day, in turn; a restatement is about the first day."""
    cloud, _ = bill
    for day in days:
        turn = day.toordinal() + (cloud is Cloud.AZURE)
        for place in range(3):
            customer = CUSTOMERS[(turn + 2 * place) % len(CUSTOMERS)]
            drawn = sha256(f"{cloud} {day} {customer}".encode()).digest()
            cost = Decimal(int.from_bytes(drawn[:3])) / 1_000_000
            yield (customer, day), cost + (changes if day == days[0] else 0)


def _write_aws(place: Path, period: date, costs: Costs, now: datetime) -> None:
    models = (SONNET, NOVA)
    lines = [
        Line(
            day,
            f"{cost:f}",
            models[number % 2],
            quantity="12.5",
            tags={} if customer == UNTAGGED else {"customer": customer},
        )
        for number, ((customer, day), cost) in enumerate(costs.items())
    ]
    machines = Line(period, "7.25", "BoxUsage:m5.large", product=COMPUTE, unit="Hrs")
    write_bill(place, AwsBill(SCOPES[Cloud.AWS], period, [*lines, machines], now))


def _write_azure(place: Path, period: date, costs: Costs, now: datetime) -> None:
    lines = [
        {
            "Date": f"{day:%m/%d/%Y}",
            "CostInBillingCurrency": f"{cost:f}",
            "BillingCurrencyCode": "USD",
            "ResourceGroup": "rg-shared",
            "Tags": "" if customer == UNTAGGED else f'"customer": "{customer}"',
        }
        for (customer, day), cost in costs.items()
    ]
    export(
        ea_bytes(*lines),
        rows=len(lines),
        period=f"{period:%Y%m%d}-{last_day(period):%Y%m%d}",
        resource=SCOPES[Cloud.AZURE],
        submitted=f"{now:%Y-%m-%dT%H:%M:%S}.0000000Z",
    ).write(place)


def current_period(now: datetime) -> date:
    """The month that is being used at ``now``."""
    return period_of(now.date())
