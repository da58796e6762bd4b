"""The hub's own job: what it does with the bills that the other jobs have loaded."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from handlers.alerts.runner import Runner
from handlers.messages import Command, Run, parse
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.runtimes.comparing import parity
from handlers.runtimes.jobs import Job, Outcome
from handlers.runtimes.log import Log
from handlers.runtimes.watching import alerts, anomalies
from handlers.settings import RuntimeSettings
from handlers.tables import DIGESTS, LEDGER
from tests.fakes.duckdb_hub import DuckDbHub
from tests.handlers.environments import GRAFANA, of_job
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import query
from tests.handlers.runtimes.local import LocalClients, LocalJob

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def hub_job(clients: LocalClients, lines: list[str]) -> Job:
    def made(_settings: RuntimeSettings, _scratch: Scratch) -> LocalClients:
        return clients

    settings = RuntimeSettings.from_environment(of_job(None))
    return Job(settings, Log(lines.append, lambda: NOW), lambda: NOW, lambda: 500.0, made)


@pytest.fixture
def loaded(tmp_path: Path) -> LocalJob:
    """Fifty-two days of 100 USD in AWS, then one of 900."""
    job = LocalJob(tmp_path)
    for month, days in ((OCTOBER, 31), (NOVEMBER, 22)):
        lines = [Line(month + timedelta(days=day), "100") for day in range(days)]
        if month == NOVEMBER:
            lines[-1] = Line(date(2026, 11, 22), "900")
        written = datetime(2026, 11, 24, tzinfo=UTC)
        write_bill(tmp_path / "bills", AwsBill("111122223333", month, lines, written))
    job.run(run="collect", period="2026-10..2026-11")
    return job


def test_the_day_is_compared_and_what_fires_is_told_once(loaded: LocalJob) -> None:
    lines: list[str] = []
    job = hub_job(loaded.clients, lines)
    assert anomalies(Command(Run.DAILY), job).outcome is Outcome.DONE
    found = query(
        loaded.warehouse,
        "SELECT date, actual FROM anomalies WHERE status = 'high' AND series = 'cloud'",
    )
    assert [(day, int(actual)) for day, actual in found] == [(date(2026, 11, 22), 900)]

    first = alerts(Command(Run.ALERTS), job)
    said = {each["alert"]: each for each in map(json.loads, lines) if "alert" in each}
    assert said["anomaly"]["severity"] == "WARNING"
    assert (
        "AWS cost 800.00 USD more than expected in a day, since 2026-11-22"
        in said["anomaly"]["message"]
    )
    shown = f"{GRAFANA}/d/anomaly-detection?viewPanel=6&var-cloud_filter=AWS&var-model_filter="
    assert said["anomaly"]["link"].startswith(shown)
    assert first.details["new"] == first.details["firing"]

    lines.clear()
    again = alerts(Command(Run.ALERTS), job)
    assert (again.details["firing"], again.details["new"]) == (first.details["firing"], 0)
    assert {json.loads(line)["severity"] for line in lines} == {"INFO"}


def test_before_the_first_bill_there_is_nothing_to_compare(tmp_path: Path) -> None:
    report = anomalies(Command(Run.DAILY), hub_job(LocalClients(tmp_path), []))
    assert report.outcome is Outcome.NO_DATA


@dataclass(frozen=True)
class TwoPaths(LocalClients):
    """Clients whose hub is the given one."""

    hub: DuckDbHub | None = None

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        del connection
        assert self.hub is not None
        return self.hub


def test_a_path_that_differs_is_an_error_in_the_log_and_the_comparison_is_kept(
    tmp_path: Path,
) -> None:
    hub = DuckDbHub.empty()
    bill = {"cloud_provider": "Azure", "scope": "/subscriptions/1", "billing_period": NOVEMBER}
    for warehouse, rows in (("hub", 2), ("azuresql", 1)):
        hub.add(LEDGER, warehouse=warehouse, load_id="L1", status="loaded", **bill)
        hub.add(DIGESTS, warehouse=warehouse, load_id="L1", model="gpt-5", rows=rows, **bill)
    lines: list[str] = []
    job = hub_job(TwoPaths(tmp_path, hub=hub), lines)

    report = parity(parse({"run": "parity"}), job)
    assert report.details["different"] == 1
    (told,) = map(json.loads, lines)
    assert told["severity"] == "ERROR"
    assert told["message"] == (
        "Azure /subscriptions/1 2026-11: the paths differ in 1 groups of load L1"
    )
    kept = f"SELECT count(*) AS n FROM {hub.words()['parity']}"
    assert hub.rows(kept)[0]["n"] == 2

    parity(parse({"run": "parity", "period": "2026-11"}), job)
    assert hub.rows(kept)[0]["n"] == 2, "a comparison of chosen months is not the day's"
    report = parity(parse({"run": "parity", "cloud": Cloud.AWS.lower()}), job)
    assert report.outcome is Outcome.NO_DATA
    hub.connection.close()
