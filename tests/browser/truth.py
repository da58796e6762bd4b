"""What the sample's stated totals say: added up here, without a line of the collector's code."""

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

END = date(2026, 11, 20)
DAYS = 75
"""From 7 September on."""
WHOLE = "from=2026-09-01&to=2026-11-30"
"""A time that holds all of the sample."""

HOSTILE = {"wayne": "'); DROP TABLE llm_costs; --", "stark": 'O"Brien\\'}
"""Customers of the sample, and what the site calls them for these tests."""


@dataclass(frozen=True)
class Line:
    """A row of ``truth/totals.csv``."""

    cloud: str
    customer: str
    model: str
    cost: Decimal


@dataclass(frozen=True)
class Truth:
    """The stated totals."""

    lines: tuple[Line, ...]

    def total(self, wanted: Callable[[Line], bool] = lambda _: True) -> Decimal:
        """What is paid for the lines that are wanted."""
        return sum((line.cost for line in self.lines if wanted(line)), Decimal(0))

    def by(self, name: Callable[[Line], str]) -> dict[str, Decimal]:
        """What is paid for each name, the dearest first."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            sums[name(line)] += line.cost
        return dict(sorted(sums.items(), key=lambda pair: -pair[1]))


def rename_customers(customers: Path) -> None:
    """Give customers of the site data their hostile names; what the bills say is an alias then."""
    with customers.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if name := HOSTILE.get(row["id"]):
            row |= {"id": name, "aliases": f"{row['aliases']}|{row['id']}"}
    with customers.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_truth(folder: Path) -> Truth:
    """The totals that stand beside the sample's bills."""
    with (folder / "totals.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return Truth(
        tuple(
            Line(
                row["cloud"],
                HOSTILE.get(row["customer_id"], row["customer_id"]),
                row["model"],
                Decimal(row["cost_usd_exact"]),
            )
            for row in rows
        )
    )


def to_the_cent(amount: Decimal) -> str:
    """As the page shows the whole of it."""
    return f"${amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"
