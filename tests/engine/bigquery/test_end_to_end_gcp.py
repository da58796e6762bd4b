"""Google's export in BigQuery, ``infra run``, a push by HTTP: what the function makes of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from google.cloud import bigquery

from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.scopes import GcpScope, document
from infra.commands import run as command
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.exports import rows_of
from tests.engine.bigquery.functions import Function, around, function, stated
from tests.fakes.google_apis import Dataset
from tests.infra.operator import PROJECT as THEIRS
from tests.infra.operator import Operator, operator

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(280)]

BILLED = "01A2B3-C4D5E6-F7A8B9"
NOVEMBER = date(2026, 11, 1)
"""One month: the emulator never frees what analysing a statement took."""

SCOPES = [document(GcpScope, id=BILLED, table="demo-project.billing.export")]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    write_sample(folder, seed=3, days=10, end=date(2026, 11, 4))
    return folder


@pytest.fixture
def ours(root: Path, emulator: Emulator, sample: Path, tmp_path: Path) -> Iterator[Function]:
    (table,) = (sample / "gcp").glob(f"*_{BILLED.replace('-', '_')}")
    rows = rows_of(table)
    november = [row for row in rows if row["invoice"]["month"] == "202611"]
    others = [row for row in rows if row["invoice"]["month"] != "202611"]
    emulator.load_export([*november, *others[:50]])
    log = tmp_path / "function.log"
    with (
        around(emulator, sample / "site") as near,
        function(root, Cloud.GCP, SCOPES, log, near.reached) as port,
    ):
        yield Function(port, log, near.google, near.store, emulator)


class PubSub:
    """Takes what is published and pushes it to the function when the door waits.

    The emulator answers one question at a time: the door's would wait for the load's end.
    """

    def __init__(self, person: Operator, ours: Function) -> None:
        self.person, self.ours = person, ours
        self.waiting: list[tuple[Mapping[str, object], str]] = []
        person.google.datasets[f"{THEIRS}.multi_cloud_costs"] = Dataset("US")
        person.google.topics = {"aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"}
        person.google.published = self.take
        person.google.asked = self.answer

    def take(self, topic: str, said: Mapping[str, object], number: str) -> None:
        assert topic == "gcp-daily-etl"
        self.waiting.append((said, number))

    def deliver(self, length: timedelta) -> None:
        """Push what waits; what the function wrote is in the log when it has answered."""
        del length
        while self.waiting:
            self.ours.push(*self.waiting.pop(0))
        lines = self.ours.log.read_text(encoding="utf-8").splitlines()
        payloads = [json.loads(line) for line in lines if line.startswith("{")]
        self.person.google.log[:] = [
            {"timestamp": payload["time"], "insertId": f"{count}", "jsonPayload": payload}
            for count, payload in enumerate(payloads)
        ]

    def answer(self, sql: str, values: Mapping[str, str]) -> Sequence[Mapping[str, str | None]]:
        """The hub's own answer to the door's question."""
        asked = bigquery.QueryJobConfig(
            default_dataset=f"{self.ours.emulator.client.project}.costs",
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "STRING", value)
                for name, value in values.items()
            ],
        )
        found = self.ours.emulator.client.query_and_wait(sql, job_config=asked, retry=None)
        return [dict(row) for row in found]


@pytest.fixture
def person(tmp_path: Path, ours: Function, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    folder = tmp_path / "operator"
    folder.mkdir()
    with operator(folder) as someone:
        monkeypatch.setattr(command, "pause", PubSub(someone, ours).deliver)
        yield someone


def test_infra_run_has_the_export_loaded_inside_bigquery_and_a_second_message_changes_nothing(
    ours: Function, person: Operator, sample: Path
) -> None:
    told = person.call("run", "collect", "--cloud", "gcp", "--period", "2026-11")
    assert told.exit_code == 0, told.output + ours.log.read_text()[-4000:]
    assert f"{BILLED} 2026-11 loaded" in told.output
    right = stated(sample, {BILLED}, {NOVEMBER})
    assert len(right) > 2
    assert ours.totals() == right
    assert len(ours.store.names("archive")) == 1
    stands = person.call("status")
    assert stands.exit_code == 0, stands.output
    assert f"loaded  {BILLED}  2026-11  " in stands.output
    assert "UTC  loaded: " in stands.output
    loads = ours.loads()
    status, answer = ours.push({"run": "collect", "cloud": "gcp", "period": "2026-11"})
    assert (status, answer["outcome"]) == (200, "unchanged")
    assert (ours.loads(), ours.totals()) == (loads, right)
