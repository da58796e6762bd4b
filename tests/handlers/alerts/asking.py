"""Asking a rule's question of both engines, and what comes back in few words."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

import pytest

from handlers.alerts import Rule, rules
from handlers.alerts.rules import asked
from handlers.alerts.runner import Cell, Row, Runner
from tests.handlers.alerts.hub_data import moment
from tests.sql.engines import GoogleSqlRunner, Rows, in_duckdb, plain

Engine: TypeAlias = Callable[[Rows], Runner]
engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(in_duckdb, id="duckdb"),
        pytest.param(GoogleSqlRunner, id="googlesql", marks=pytest.mark.slow),
    ],
)
RULES = {rule.id: rule for rule in rules()}
CLOUDS = ("AWS", "Azure", "GCP")


def answers(engine: Engine, rule: str, rows: Rows, now: datetime | None = None) -> list[Row]:
    found = RULES[rule]
    runner = engine(rows)
    answer = runner.rows(asked(found, runner, f"TIMESTAMP '{now or moment(15, 12)}+00'"))
    assert all(tuple(row) == ("time", *found.labels, "value", "usd") for row in answer)
    return [plain(row) for row in answer]


def values(
    engine: Engine, rule: str, rows: Rows, now: datetime | None = None
) -> dict[str, tuple[Cell, bool]]:
    """What was measured of each thing, and whether the rule fires about it."""
    found = RULES[rule]
    return {
        _labels(found, row): (row["value"], found.fires(float(str(row["value"]))))
        for row in answers(engine, rule, rows, now)
    }


def dollars(engine: Engine, rule: str, rows: Rows) -> dict[str, Cell]:
    return {_labels(RULES[rule], row): row["usd"] for row in answers(engine, rule, rows)}


def _labels(rule: Rule, row: Row) -> str:
    return " ".join(str(row[label]) for label in rule.labels if label != "key").strip()


def usd(text: str) -> Decimal:
    return Decimal(text).normalize() + 0
