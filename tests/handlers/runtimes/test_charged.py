"""What BigQuery bills for each job of a run is a line of the run's own log."""

import json
from datetime import UTC, datetime

import pytest

from handlers.record import Cloud
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.google_clients import clients_of, hub_warehouse
from handlers.runtimes.jobs import Job
from handlers.runtimes.log import Log
from handlers.settings import Hub, RuntimeSettings
from tests.fakes.bigquery_engine import PROJECT
from tests.fakes.bigquery_server import LOCATION, fake_bigquery
from tests.handlers.environments import of_job

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.slow
def test_each_job_of_bigquery_is_a_line_with_its_id_and_the_bytes_it_was_billed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    log = Log(lines.append, lambda: NOW).bound(run="collect", message_id="9001")
    settings = RuntimeSettings.from_environment(of_job(Cloud.AWS))
    job = Job(settings, log, lambda: NOW, lambda: 60.0, clients_of)
    with fake_bigquery() as fake:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", fake.url)
        with own_scratch(job.clock, job.remaining, job.tell) as scratch:
            hub_warehouse(Hub(PROJECT, LOCATION, "costs", "staging"), scratch).loaded()
        billed = fake.engine.bytes_of_a_query
    (line,) = map(json.loads, lines)
    assert line.pop("job_id").startswith("loaded_")
    assert line == {
        "severity": "INFO",
        "message": f"BigQuery: loaded: {billed} bytes billed",
        "time": NOW.isoformat(),
        "run": "collect",
        "message_id": "9001",
        "step": "charged",
        "bytes_billed": billed,
    }
