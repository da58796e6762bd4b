"""The SQL's answer against numpy's, row for row, and what each engine makes of the same text."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from handlers.alerts.runner import Cell, Row
from handlers.anomalies import definition
from handlers.anomalies.refresh import question
from handlers.record import Cloud
from handlers.site.events import Event
from tests.handlers.anomalies.independent import Judged, Series
from tests.sql.engines import GoogleSqlRunner, Rows, in_duckdb, plain

FIRST = date(2026, 3, 1)
NOW = datetime(2026, 8, 1, 5, tzinfo=UTC)
Costs = Mapping[tuple[str, str, str], Mapping[date, Decimal]]


def days_of(count: int, since: date = FIRST) -> list[date]:
    return [since + timedelta(days=n) for n in range(count)]


def drawn(seed: int, days: Sequence[date], sizes: Sequence[float]) -> Rows:
    """Costs of two models and two customers on each cloud, with jumps, gaps and a late start."""
    random = np.random.default_rng(seed)
    rows = Rows()
    for cloud in ("AWS", "GCP"):
        for number, size in enumerate(sizes):
            model, customer = f"model-{number % 2}", f"key-{number % 3}"
            begins = 0 if number < 3 else 50
            for n, day in enumerate(days):
                if n < begins or (cloud == "GCP" and day.month == 5):
                    continue
                jump = random.choice([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 0.1, 0])
                week = 0.4 if day.weekday() >= 5 else 1.0
                cost = size * week * jump * float(np.exp(random.normal(0, 0.15))) * 1.004**n
                if cost:
                    dollars = str(round(cost, 9))
                    rows.cost(cloud, day, dollars, model=model, customer_key=customer)
            rows.cost(cloud, days[40], "-0.75", model=model, charge_type="discount")
            rows.cost(cloud, days[41], "900", model=model, charge_type="tax")
    return rows


def bills(rows: Rows, days: Sequence[date], through: Mapping[str, date]) -> None:
    for cloud in ("AWS", "GCP"):
        for month in sorted({day.replace(day=1) for day in days}):
            if (cloud, month.month) != ("GCP", 5):
                at = datetime(2026, 8, 1, 3, tzinfo=UTC).replace(tzinfo=None)
                last = min(through[cloud], (month + timedelta(days=31)).replace(day=1))
                rows.load((cloud, "s", month), at, last)


def by_series(rows: Rows) -> Costs:
    found: dict[tuple[str, str, str], dict[date, Decimal]] = {}
    for row in rows.of["daily_costs"]:
        if row["charge_type"] not in ("usage", "discount"):
            continue
        cloud, day = str(row["cloud_provider"]), row["date"]
        assert isinstance(day, date)
        for kind, key in (("cloud", cloud), ("model", row["model"]), ("customer", "")):
            name = str(row["customer_key"]) if kind == "customer" else str(key)
            days = found.setdefault((cloud, kind, name), {})
            days[day] = days.get(day, Decimal(0)) + Decimal(str(row["cost"]))
    return found


def expected_of(
    rows: Rows, known: Mapping[str, Sequence[date]], days: Sequence[date]
) -> dict[tuple[str, str, str, date], tuple[Decimal, Judged]]:
    found: dict[tuple[str, str, str, date], tuple[Decimal, Judged]] = {}
    for (cloud, kind, key), costs in by_series(rows).items():
        judged = Series(definition(), costs, set(known[cloud])).judged(days)
        for day, said in judged.items():
            found[cloud, kind, key, day] = (costs.get(day, Decimal(0)), said)
    return found


def found_by(answer: Sequence[Row]) -> dict[tuple[str, str, str, date], Row]:
    made: dict[tuple[str, str, str, date], Row] = {}
    for row in answer:
        day = row["date"]
        assert isinstance(day, date)
        made[str(row["cloud_provider"]), str(row["series"]), str(row["key"]), day] = row
    assert len(made) == len(answer)
    return made


def close(found: Cell, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is None and wanted is None
    return abs(float(str(found)) - wanted) <= 2e-6 + 1e-9 * abs(wanted)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_is_what_numpy_makes_of_the_same_costs(seed: int) -> None:
    days = days_of(140)
    rows = drawn(seed, days, [40.0, 900.0, 3.0, 150.0])
    through = {"AWS": days[-3], "GCP": days[-1]}
    bills(rows, days, through)
    known = {
        "AWS": [day for day in days if day <= through["AWS"]],
        "GCP": [day for day in days if day.month != 5],
    }
    answer = in_duckdb(rows).rows(question(in_duckdb(rows), (days[0], days[-1]), NOW))
    expected = expected_of(rows, known, days)
    found = found_by(answer)
    assert set(found) == set(expected)
    for key, (actual, said) in expected.items():
        row = found[key]
        assert (key, row["status"], row["actual"]) == (key, said.status, actual)
        for name in ("expected", "lower", "upper", "score"):
            assert close(row[name], getattr(said, name)), (key, name, row[name], said)
    counted = [said.status for _, said in expected.values()]
    assert {"normal", "learning", "high", "low", "quiet"} == set(counted)


def small() -> tuple[Rows, list[date]]:
    """A series of 40 days with a spike, a drop and an incomplete day at the end."""
    days = days_of(40, date(2026, 6, 1))
    rows = Rows()
    for n, day in enumerate(days):
        by = {32: Decimal(4), 33: Decimal(4), 37: Decimal("0.1")}.get(n, Decimal(1))
        cost = (Decimal(60) if day.weekday() >= 5 else Decimal(100)) + n % 5
        rows.cost("AWS", day, cost * by, customer_key="acme")
        rows.cost("AWS", day, Decimal(3), model="small", customer_key="globex")
    for month in (date(2026, 6, 1), date(2026, 7, 1)):
        at = datetime(2026, 7, 11, 3, tzinfo=UTC).replace(tzinfo=None)
        rows.load(("AWS", "s", month), at, days[-2])
    return rows, days


@pytest.mark.slow
def test_googlesql_and_duckdb_make_the_same_of_one_text() -> None:
    rows, days = small()
    hostile = Event(days[33], days[33], Cloud.AWS, "", "", 'O\'Brien\\ "launch"; DROP TABLE')
    answers: list[list[dict[str, Cell]]] = []
    for runner in (in_duckdb(rows), GoogleSqlRunner(rows)):
        sql = question(runner, (days[28], days[-1]), NOW, [hostile])
        answer = [plain(row) for row in runner.rows(sql)]
        answers.append(sorted(answer, key=lambda row: (row["date"], row["series"], row["key"])))
    assert answers[0] == answers[1]
    assert {row["status"] for row in answers[0]} >= {"normal", "high", "low", "quiet"}
    assert {row["event"] for row in answers[0]} == {None, 'O\'Brien\\ "launch"; DROP TABLE'}
