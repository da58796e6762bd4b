"""The panels of Anomaly Detection, as deployed, on the sample bills: against the table."""

from decimal import Decimal

import duckdb
import pytest

from tests.dashboards.demo import ZERO, Demo
from tests.dashboards.demo_facts import SINCE, UNTIL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_anomalies_are_those_of_the_table_and_one_cause_counts_once(demo: Demo) -> None:
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        told = connection.execute(
            "SELECT date, cloud_provider, series, key, status, actual, expected FROM anomalies"
        ).fetchall()
    told = [row for row in told if SINCE <= row[0] <= UNTIL]
    flagged = [row for row in told if row[4] in {"high", "low", "quiet"}]
    rows = demo.ask("anomalies", "anomaly_table")
    assert len(rows) == min(100, len(flagged)) > 0
    largest: dict[object, Decimal] = {}
    for day, cloud, _, _, status, actual, expected in flagged:
        if status != "quiet":
            off = abs(actual - expected)
            largest[day, cloud] = max(off, largest.get((day, cloud), ZERO))
    (total,) = demo.ask("anomalies", "unexpected")
    assert total == {"anomalies": len(largest), "unexpected_cost": sum(largest.values())}
    band = {row["time"].date(): row["actual"] for row in demo.ask("anomalies", "expected_aws")}
    assert band == {row[0]: row[5] for row in told if row[1] == "AWS" and row[2] == "cloud"}
    model = "claude-sonnet-4.6"
    band = {
        row["time"].date(): row["actual"]
        for row in demo.ask("anomalies", "expected_aws", model_filter=[model])
    }
    assert band == {row[0]: row[5] for row in told if (row[1], row[3]) == ("AWS", model)}
