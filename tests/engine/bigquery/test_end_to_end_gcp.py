"""Google's export in BigQuery, a message by HTTP: what the function makes of it in the hub."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.scopes import GcpScope, document
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.exports import rows_of
from tests.engine.bigquery.functions import Function, around, function, stated

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


def test_a_message_loads_the_export_inside_bigquery_and_a_second_one_changes_nothing(
    ours: Function, sample: Path
) -> None:
    message = {"run": "collect", "cloud": "gcp", "period": "2026-11"}
    status, answer = ours.push(message)
    assert (status, answer.get("error")) == (200, None), ours.log.read_text()[-4000:]
    assert (answer["outcome"], answer["loaded"]) == ("loaded", 1)
    right = stated(sample, {BILLED}, {NOVEMBER})
    assert len(right) > 2
    assert ours.totals() == right
    assert len(ours.store.names("archive")) == 1
    loads = ours.loads()
    status, answer = ours.push(message)
    assert (status, answer["outcome"]) == (200, "unchanged")
    assert (ours.loads(), ours.totals()) == (loads, right)
