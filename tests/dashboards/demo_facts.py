"""The sample bills in a warehouse, and their facts as plain rows to add up without any SQL."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import duckdb
from click.testing import CliRunner

from handlers.alerts.budgets import replace_budgets
from handlers.alerts.laptop import DuckDbRunner
from handlers.anomalies import refresh
from handlers.commands import collect as collect_command
from handlers.sample import write_sample
from handlers.site import load_site
from handlers.warehouses.duckdb import DuckDbWarehouse

Key = TypeVar("Key")

END = date(2026, 11, 20)
SINCE, UNTIL = date(2026, 11, 2), END
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DAYS = 52
CONSUMED = {"usage", "discount"}


@dataclass(frozen=True)
class Fact:
    """A row of llm_costs, as far as panels go."""

    date: date
    cloud: str
    service: str
    sku: str
    model: str
    token_type: str
    usage: Decimal
    unit: str
    cost: Decimal
    customer: str
    key: str
    tier: str
    account: str
    charge: str
    gross: Decimal
    effective: Decimal | None
    rule: str | None


_COLUMNS = (
    "date, cloud_provider, service, sku_description, model, token_type, usage_amount, usage_unit,"
    " cost_usd, customer_id, customer_key, service_tier, account_id, charge_type, gross_cost_usd,"
    " effective_cost_usd, rule_id"
)


def collected(folder: Path) -> Path:
    """Write the sample into ``folder``, collect it, refresh what the hub's job refreshes."""
    sample, path = folder / "sample", folder / "warehouse" / "costs.duckdb"
    write_sample(sample, seed=1, days=DAYS, end=END)
    words = [
        str(sample), "--warehouse", f"duckdb:{path}", "--site", str(sample / "site"),
        "--now", f"{NOW:%Y-%m-%dT%H:%M:%S}",
    ]  # fmt: skip
    result = CliRunner().invoke(collect_command.collect, words)
    assert result.exit_code == 0, result.output
    site = load_site(sample / "site")
    with DuckDbWarehouse(path).open() as connection:
        runner = DuckDbRunner(connection)
        replace_budgets(runner, site.budgets)
        refresh(runner, NOW, site.events)
    return path


def facts(path: Path) -> tuple[Fact, ...]:
    """Every fact."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(f"SELECT {_COLUMNS} FROM llm_costs").fetchall()
    return tuple(Fact(*row) for row in rows)


def complete_through(path: Path) -> dict[str, date]:
    """The last day of each cloud that is complete in all its scopes, from the ledger's rows."""
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT cloud_provider, scope, data_through FROM ledger WHERE status = 'loaded'"
        ).fetchall()
    scopes: dict[tuple[str, str], date] = {}
    for cloud, scope, day in rows:
        scopes[cloud, scope] = max(day, scopes.get((cloud, scope), day))
    last: dict[str, date] = {}
    for (cloud, _), day in scopes.items():
        last[cloud] = min(day, last.get(cloud, day))
    return last


def added(
    rows: Iterable[Fact], key: Callable[[Fact], Key], amount: Callable[[Fact], Decimal]
) -> dict[Key, Decimal]:
    """Amounts added up per key."""
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[key(row)] += amount(row)
    return dict(sums)


def cost(row: Fact) -> Decimal:
    return row.cost


def tokens(row: Fact) -> Decimal:
    return row.usage if row.unit == "tokens" and row.charge == "usage" else Decimal(0)


def between(rows: Iterable[Fact], first: date, last: date) -> list[Fact]:
    return [row for row in rows if first <= row.date <= last]


def days(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
