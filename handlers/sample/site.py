"""The site data that goes with the sample bills: who the customers are, what was invoiced."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from handlers.sample.aws import invoice_id as aws_invoice_id
from handlers.sample.azure import invoice_id as other_invoice_id
from handlers.sample.bills import Bill, month_rate, plain_text
from handlers.sample.charges import Charge
from handlers.sample.days import Days, month_before, month_of
from handlers.sample.files import write_bytes, write_table
from handlers.sample.totals import PrintedLine
from handlers.sample.world import AttributionMap, World

CENT = Decimal("0.01")
DISPUTED = Decimal("12.50")
"""How much more than the bill says one invoice asks for."""

CUSTOMER_KEYS = ("customer_id", "customer", "customerid", "tenant")
PROJECT_KEYS = ("project_id", "project")

BUDGETS = (
    ("total", "", "*", "115000"),
    ("cloud", "AWS", "*", "62000"),
    ("cloud", "Azure", "*", "40000"),
    ("cloud", "GCP", "*", "20000"),
    ("customer", "acme", "*", "16000"),
    ("customer", "globex", "*", "6000"),
    ("model", "claude-sonnet-4.6", "*", "14000"),
)

Invoice = tuple[str, str, str, str, str, Decimal]


def invoices_of(bill: Bill, lines: Iterable[PrintedLine]) -> list[Invoice]:
    """The documents of a closed month and what the bill's lines say they add up to."""
    if not bill.closed:
        return []
    sums: dict[str, Decimal] = {}
    for charge, printed in lines:
        document = _document(bill, charge)
        sums[document] = sums.get(document, Decimal(0)) + printed.cost
    scope = bill.scope
    month = f"{bill.period:%Y-%m}"
    return [
        (scope.cloud, scope.id, month, document, scope.currency, amount)
        for document, amount in sorted(sums.items())
    ]


def _document(bill: Bill, charge: Charge) -> str:
    if bill.scope.cloud == "AWS":
        return aws_invoice_id(bill, charge.sku.seller)
    return other_invoice_id(bill)


def _invoiced(invoices: Iterable[Invoice]) -> list[tuple[Invoice, Decimal]]:
    """Each invoice with the amount it asks for; the first in rupees asks for too much."""
    asked: list[tuple[Invoice, Decimal]] = []
    disputed = False
    for invoice in invoices:
        amount = invoice[5].quantize(CENT, ROUND_HALF_UP)
        if invoice[4] == "INR" and not disputed:
            amount += DISPUTED
            disputed = True
        asked.append((invoice, amount))
    return asked


def _quoted(text: str) -> str:
    return f"'{text}'"


def _map(entry: AttributionMap, days: Days) -> str:
    fields: dict[str, str] = {"match": _quoted(entry.match)}
    for name, value in (
        ("exact", entry.exact),
        ("regex", entry.regex),
        ("customer", entry.customer),
        ("cloud", entry.cloud),
    ):
        if value:
            fields[name] = _quoted(value)
    if entry.since:
        fields["from"] = f"{days.named(entry.since)}"
    if entry.until:
        fields["to"] = f"{days.named(entry.until) - timedelta(days=1)}"
    return "\n[[map]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def _attribution(world: World, days: Days) -> str:
    keys = ", ".join(map(_quoted, CUSTOMER_KEYS))
    projects = ", ".join(map(_quoted, PROJECT_KEYS))
    maps = "".join(_map(entry, days) for entry in world.maps)
    return f"customer_keys = [{keys}]\nproject_keys = [{projects}]\n{maps}"


def _rates(world: World, days: Days) -> list[tuple[str, str, str]]:
    months: list[date] = []
    month = month_before(month_of(days.end))
    while month >= month_before(month_before(days.start)):
        months.append(month)
        month = month_before(month)
    return [
        (currency, f"{month:%Y-%m}", plain_text(month_rate(rates, month)))
        for currency, rates in sorted(world.site_rates.items())
        for month in reversed(months)
    ]


def _customers(world: World, days: Days) -> list[tuple[str, ...]]:
    def named(name: str, shift: int = 0) -> str:
        return f"{days.named(name) - timedelta(days=shift)}" if name else ""

    return [
        (one.id, one.name, "|".join(one.aliases), named(one.since), named(one.until, 1))
        for one in world.customers
    ]


def _events(world: World, days: Days) -> list[tuple[str, ...]]:
    clouds = {scope.name: scope.cloud for scope in world.scopes}
    events: list[tuple[str, ...]] = []
    for workload in world.workloads:
        for spike in world.spikes_of(workload):
            first, last = min(spike.dates(days)), max(spike.dates(days))
            if spike.expected:
                cloud = clouds[workload.scope]
                events.append((f"{first}", cloud, "", workload.customer, spike.expected, f"{last}"))
    return events


def write_site(folder: Path, world: World, days: Days, invoices: Iterable[Invoice]) -> None:
    """Write ``site/`` and ``truth/invoices.csv``."""
    site = folder / "site"
    write_bytes(site / "attribution.toml", _attribution(world, days).encode())
    invoiced = _invoiced(invoices)
    tables: Mapping[str, tuple[tuple[str, ...], list[tuple[str, ...]]]] = {
        "customers.csv": (("id", "name", "aliases", "from", "to"), _customers(world, days)),
        "budgets.csv": (("scope", "id", "month", "amount_usd"), list(BUDGETS)),
        "rates.csv": (("currency", "month", "rate"), list(_rates(world, days))),
        "invoices.csv": (
            ("cloud", "scope", "billing_period", "invoice_id", "currency", "amount"),
            [(*invoice[:5], plain_text(amount)) for invoice, amount in invoiced],
        ),
        "events.csv": (
            ("date", "cloud", "model", "customer", "note", "until"),
            _events(world, days),
        ),
    }
    for name, (header, rows) in tables.items():
        write_table(site / name, header, rows)
    write_table(
        folder / "truth" / "invoices.csv",
        ("cloud", "scope", "billing_period", "invoice_id", "currency", "billed", "invoiced"),
        [
            (*invoice[:5], plain_text(invoice[5]), plain_text(amount))
            for invoice, amount in invoiced
        ],
    )
