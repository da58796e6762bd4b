"""The sample's bills as facts and as a hub to ask: what panels show, and what they should."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards.documents import documents
from dashboards.duckdb_source import Chosen, run
from dashboards.plan import plan
from tests.dashboards.demo_facts import CONSUMED, SINCE, UNTIL, Fact, Key, between
from tests.dashboards.engines import HUB

ZERO = Decimal(0)
CACHE = {"cache_read", "cache_write", "cache_storage"}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Demo:
    """The sample's facts, each cloud's last complete day, and the hub to ask."""

    facts: tuple[Fact, ...]
    last: dict[str, date]
    hub: duckdb.DuckDBPyConnection
    path: Path

    @property
    def chosen(self) -> list[Fact]:
        """The facts of the chosen time."""
        return between(self.facts, SINCE, UNTIL)

    def complete(self, rows: Sequence[Fact]) -> list[Fact]:
        """Usage and discounts of complete days."""
        return [r for r in rows if r.charge in CONSUMED and r.date <= self.last[r.cloud]]

    def ask(self, name: str, panel: str, **filters: Sequence[str]) -> Rows:
        """What the panel shows."""
        of = plan(name)
        shown = json.loads(documents(HUB)[of.uid])["panels"]
        (sql,) = (p["targets"][0]["rawSql"] for p in shown if p["id"] == of.spots[panel].id)
        moments = (datetime(d.year, d.month, d.day, 12, tzinfo=UTC) for d in (SINCE, UNTIL))
        since, until = moments
        answer = run(sql, Chosen(since=since, until=until, filters=filters), self.hub)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def close(found: object, expected: object) -> bool:
    return float(str(found)) == pytest.approx(float(str(expected)), rel=1e-9, abs=1e-6)


def top(sums: Mapping[Key, Decimal], count: int) -> list[tuple[Key, Decimal]]:
    return sorted(sums.items(), key=lambda each: (-each[1], str(each[0])))[:count]


def month(demo: Demo, first: date, shift: int = 0) -> list[Fact]:
    return [r for r in demo.facts if first <= r.date <= demo.last[r.cloud] - timedelta(days=shift)]


def forecast(demo: Demo, rows: Sequence[Fact]) -> Decimal:
    return sum((r.cost * 30 / Decimal(demo.last[r.cloud].day) for r in rows), start=ZERO)


def added_rows(rows: Rows, name: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[name]] = sums.get(row[name], ZERO) + row["cost"]
    return sums
