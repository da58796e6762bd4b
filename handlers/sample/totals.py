"""What a right collector must find in the bills, summed line by line from what the files print."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext

from handlers.record import UNKNOWN, ChargeType
from handlers.sample.bills import Bill, Printed, plain_text, site_rate
from handlers.sample.charges import ZERO, Charge, Kind
from handlers.sample.tables import ai_families
from handlers.sample.world import Spike, Workload, World

TWENTY_DIGITS = Decimal(1).scaleb(-20)
PRECISION = 60

Table = list[tuple[str, ...]]
PrintedLine = tuple[Charge, Printed]


@dataclass
class Sum:
    """A running total of printed lines."""

    lines: int = 0
    cost: Decimal = ZERO
    usd: Decimal = ZERO
    credits: Decimal = ZERO
    effective: Decimal = ZERO

    def add(self, printed: Printed) -> None:
        """Take in one line."""
        self.lines += 1
        self.cost += printed.cost
        self.usd += printed.usd or ZERO
        self.credits += printed.credits
        self.effective += printed.effective or ZERO


@dataclass
class Sums:
    """Totals per key, made when first asked for."""

    by: dict[tuple[str, ...], Sum] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, ...]) -> Sum:
        return self.by.setdefault(key, Sum())

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], Sum]]:
        return iter(sorted(self.by.items()))


def divided(amount: Decimal, rate: Decimal) -> Decimal:
    """``amount / rate`` with twenty decimals."""
    with localcontext(prec=PRECISION):
        return (amount / rate).quantize(TWENTY_DIGITS, ROUND_HALF_UP)


@dataclass
class Truth:
    """Collects the tables of ``truth/`` while the bills are written."""

    world: World
    totals: Sums = field(default_factory=Sums)
    unknown: Sums = field(default_factory=Sums)
    effective: Sums = field(default_factory=Sums)
    scopes: Table = field(default_factory=list)
    superseded: Table = field(default_factory=list)
    anomalies: Table = field(default_factory=list)
    lines: int = 0
    ai_lines: int = 0

    def usd(self, bill: Bill, total: Sum) -> Decimal:
        """The USD of a total, by the bill's own column or rate, or else by the site's."""
        scope = bill.scope
        if scope.usd == "column":
            return total.usd
        if scope.usd == "rates":
            return divided(
                total.cost, site_rate(self.world, scope.currency, bill.period, bill.days)
            )
        return divided(total.cost, bill.rate)

    def take(self, bill: Bill, path: str, lines: Iterable[PrintedLine]) -> None:
        """Take in the current version of one bill."""
        printed = list(lines)
        everything, ai, platform = Sum(), Sum(), Sum()
        totals, unknown = Sums(), Sums()
        for charge, amounts in printed:
            everything.add(amounts)
            kind = charge.place.kind
            if kind is Kind.PLATFORM:
                platform.add(amounts)
            if kind is Kind.AI:
                ai.add(amounts)
                totals[_key(charge)].add(amounts)
            if kind is Kind.LEFT_OUT or (kind is Kind.AI and charge.sku.token_type == UNKNOWN):
                counted = "yes" if kind is Kind.AI else "no"
                unknown[(charge.sku.service, charge.sku.name, counted)].add(amounts)
        self._keep(bill, totals, unknown)
        self._scope(bill, path, everything, ai, platform)
        self.anomalies.extend(self._spikes(bill, printed))
        self.lines += everything.lines
        self.ai_lines += ai.lines

    def _keep(self, bill: Bill, totals: Sums, unknown: Sums) -> None:
        head = (bill.scope.cloud, bill.scope.id, f"{bill.period:%Y-%m}")
        for key, total in totals:
            total.usd = self.usd(bill, total)
            self.totals.by[*head, *key, bill.scope.currency] = total
            if bill.scope.format.startswith("azure-focus"):
                own = self.effective[(*head, *key[1:], bill.scope.currency)]
                own.lines += total.lines
                own.effective += total.effective
        for key, total in unknown:
            total.usd = self.usd(bill, total)
            self.unknown.by[*head, *key, bill.scope.currency] = total

    def _scope(self, bill: Bill, path: str, everything: Sum, ai: Sum, platform: Sum) -> None:
        self.scopes.append((
            bill.scope.cloud, bill.scope.id, f"{bill.period:%Y-%m}", bill.scope.format, path,
            str(everything.lines), plain_text(everything.cost), str(ai.lines),
            plain_text(ai.cost), plain_text(platform.cost), bill.scope.currency,
            str(platform.lines), plain_text(everything.credits),
        ))  # fmt: skip
        if bill.superseded and bill.scope.format in {"cur2-csv", "cur1-csv", "azure-mca"}:
            old, old_ai = Sum(), Sum()
            for charge in bill.superseded:
                amounts = bill.printed(charge)
                old.add(amounts)
                if charge.place.kind is Kind.AI:
                    old_ai.add(amounts)
            self.superseded.append((
                bill.scope.cloud, bill.scope.id, f"{bill.period:%Y-%m}", str(old.lines),
                plain_text(old.cost), str(old_ai.lines), plain_text(old_ai.cost),
                bill.scope.currency,
            ))  # fmt: skip

    def _spikes(self, bill: Bill, printed: list[PrintedLine]) -> Iterator[tuple[str, ...]]:
        for workload in self.world.workloads:
            for spike in self.world.spikes_of(workload):
                if workload.scope == bill.scope.name:
                    yield from self._spike(bill, workload, spike, printed)

    def _spike(
        self, bill: Bill, workload: Workload, spike: Spike, printed: list[PrintedLine]
    ) -> Iterator[tuple[str, ...]]:
        models = {sku.model for sku in ai_families(bill.scope.cloud)[workload.family]}
        for day in spike.dates(bill.days):
            total = Sum()
            for charge, amounts in printed:
                if charge.day == day and _is_of(charge, workload, models):
                    total.add(amounts)
            if total.lines:
                usd = self.usd(bill, total)
                yield (
                    f"{day}", bill.scope.cloud, bill.scope.id, workload.customer,
                    "|".join(sorted(models)), str(spike.factor),
                    plain_text(divided(usd, Decimal(spike.factor))), plain_text(usd),
                    "yes" if spike.expected else "no",
                )  # fmt: skip

    def tables(self) -> Mapping[str, tuple[tuple[str, ...], Table]]:
        """File name to header and rows."""
        return {
            "totals.csv": (TOTALS, [(*key[:-1], str(total.lines), key[-1], plain_text(total.cost),
                                     plain_text(total.usd)) for key, total in self.totals]),
            "unknown.csv": (UNKNOWN_COLUMNS, [
                (*key[:-1], str(total.lines), key[-1], plain_text(total.cost),
                 plain_text(total.usd)) for key, total in self.unknown]),
            "effective.csv": (EFFECTIVE, [
                (*key[:-1], str(total.lines), key[-1], plain_text(total.effective))
                for key, total in self.effective]),
            "scopes.csv": (SCOPES, self.scopes),
            "superseded.csv": (SUPERSEDED, self.superseded),
            "anomalies.csv": (ANOMALIES, sorted(self.anomalies)),
        }  # fmt: skip


TOTALS = (
    "cloud", "scope", "billing_period", "customer_id", "model", "token_type", "charge_type",
    "lines", "billing_currency", "billing_cost", "cost_usd_exact",
)  # fmt: skip
UNKNOWN_COLUMNS = (
    "cloud", "scope", "billing_period", "service", "sku", "in_ai_totals", "lines",
    "billing_currency", "billing_cost", "cost_usd_exact",
)  # fmt: skip
EFFECTIVE = (
    "cloud", "scope", "billing_period", "model", "token_type", "charge_type", "lines",
    "billing_currency", "effective_cost",
)  # fmt: skip
SCOPES = (
    "cloud", "scope", "billing_period", "format", "current_version_path", "all_lines", "all_cost",
    "ai_lines", "ai_cost", "platform_cost", "currency", "platform_lines", "nested_credits",
)  # fmt: skip
SUPERSEDED = (
    "cloud", "scope", "billing_period", "all_lines", "all_cost", "ai_lines", "ai_cost", "currency",
)  # fmt: skip
ANOMALIES = (
    "date", "cloud", "scope", "customer_id", "models", "factor", "usual_usd", "actual_usd",
    "expected",
)  # fmt: skip


def _key(charge: Charge) -> tuple[str, ...]:
    return charge.place.customer, charge.sku.model, charge.sku.token_type, charge.charge_type


def _is_of(charge: Charge, workload: Workload, models: set[str]) -> bool:
    return (
        charge.place.customer == workload.customer
        and charge.place.account == workload.account
        and charge.place.tags == workload.tags
        and charge.charge_type is ChargeType.USAGE
        and charge.sku.model in models
    )
