"""The sample has spikes that its writer states: each is found, and nothing else is dear."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import RunHandlers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

NOW = "2026-11-21T06:00:00"


def test_every_spike_of_the_sample_is_found_and_the_expected_one_is_quiet(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    warehouse, sample = f"duckdb:{tmp_path / 'costs.duckdb'}", tmp_path / "sample"
    site = ("--site", sample / "site")
    made = run_handlers("sample", sample, "--days", "60", "--end", "2026-11-20", timeout=100)
    assert made.returncode == 0, made.stderr
    done = run_handlers("collect", sample, "--warehouse", warehouse, *site, timeout=100)
    assert done.returncode == 0, done.stderr
    words = ("--warehouse", warehouse, *site, "--now", NOW)
    answer = run_handlers("anomalies", *words, "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    found = list(csv.DictReader(io.StringIO(answer.stdout)))
    with (sample / "truth" / "anomalies.csv").open(encoding="utf-8", newline="") as stream:
        stated = list(csv.DictReader(stream))
    wanted = {(row["date"], row["cloud"], row["customer_id"], row["expected"]) for row in stated}
    assert len(wanted) == 5
    dear = {
        (row["date"], row["cloud"], row["name"], "yes" if row["state"] == "quiet" else "no")
        for row in found
        if row["series"] == "customer" and float(row["actual"]) > float(row["expected"])
    }
    assert dear == wanted
    models = {(row["date"], row["cloud"], row["models"]) for row in stated}
    assert models <= {
        (row["date"], row["cloud"], row["name"]) for row in found if row["series"] == "model"
    }
    # Google is complete through the 19th: its spike of the 16th is no news any more.
    told = run_handlers("alerts", *words, "--format", "json")
    assert told.returncode == 0, told.stderr
    rules = {row["rule"] for row in json.loads(told.stdout)}
    assert "budget_used_up" in rules
    assert "anomaly" not in rules
