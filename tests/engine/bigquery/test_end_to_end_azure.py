"""Azure's exports in blob storage, a message by HTTP, the function's own process: what it makes.

Everything that the function reaches is a server of this machine: the metadata server, whose token
Microsoft Entra's fake trades for one of the identity, blob storage that takes this token alone, the
store of the archive and the site data, BigQuery's emulator.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.scopes import AzureScope, document
from tests.engine.bigquery.azure import blobs_of_the_identity, entra_nearby
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.functions import Function, around, function, stated
from tests.fakes.azure_blobs import FakeBlobs
from tests.handlers.sources.azure.clouds import CONTAINER, upload

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(280)]

BILLED = "QX7K-4M2P-BG7-PGB"
RESTATED = (BILLED, date(2026, 10, 1))
ACCOUNT = "/providers/Microsoft.Billing/billingAccounts"
MONTHS = {"run": "collect", "cloud": "azure", "period": "2026-10..2026-11"}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    write_sample(folder, seed=3, days=10, end=date(2026, 11, 5))
    return folder


@pytest.fixture
def blobs() -> Iterator[FakeBlobs]:
    with blobs_of_the_identity() as made:
        yield made


@pytest.fixture
def ours(
    root: Path, emulator: Emulator, sample: Path, blobs: FakeBlobs, tmp_path: Path
) -> Iterator[Function]:
    scope = document(
        AzureScope,
        id=f"{ACCOUNT}/{BILLED}/billingProfiles/{BILLED}",
        account_url=blobs.account_url,
        container=CONTAINER,
        prefix="azure-b",
        export="actual",
    )
    log = tmp_path / "function.log"
    with ExitStack() as stack:
        near = stack.enter_context(around(emulator, sample / "site"))
        reached = {**near.reached, **stack.enter_context(entra_nearby())}
        port = stack.enter_context(function(root, Cloud.AZURE, [scope], log, reached))
        yield Function(port, log, near.google, near.store, emulator)


def submitted(run: Path) -> str:
    content = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return str(content["runInfo"]["submittedTime"])


def test_messages_load_the_exports_once_and_follow_a_restatement_of_one_month(
    ours: Function, sample: Path, blobs: FakeBlobs, tmp_path: Path
) -> None:
    def put(name: str, content: bytes) -> None:
        blobs.put(CONTAINER, name, content)

    export = sample / "azure" / "azure-b" / "azure-b-actualcost"
    _, newer = sorted((export / "20261001-20261031").iterdir(), key=submitted)
    aside = newer.rename(tmp_path / newer.name)
    upload(sample / "azure", put)
    status, answer = ours.push(MONTHS)
    assert (status, answer.get("error")) == (200, None)
    assert (answer["outcome"], answer["loaded"]) == ("loaded", 2)
    first, right = ours.totals(), stated(sample, {BILLED})
    assert {key[:2] for key in right if first.get(key) != right[key]} == {RESTATED}

    loads = ours.loads()
    status, answer = ours.push(MONTHS)
    assert (status, answer["outcome"], answer["unchanged"]) == (200, "unchanged", 2)
    assert (ours.loads(), ours.totals()) == (loads, first)

    aside.rename(newer)
    upload(sample / "azure", put)
    status, answer = ours.push(MONTHS)
    assert (status, answer["loaded"], answer["unchanged"]) == (200, 1, 1)
    assert ours.totals() == right
