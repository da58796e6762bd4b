"""Azure's exports in blob storage, a message by HTTP: what the function makes of it in the hub.

The function runs inside this process, for its login to be a token that the fake of blob storage
takes: that a Google token buys one is shown in tests/handlers/sources/azure/test_credentials.py.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from werkzeug.serving import make_server

from handlers.record import Cloud
from handlers.runtimes import azure_bills
from handlers.runtimes.clients import Reader
from handlers.sample import write_sample
from handlers.scopes import AzureScope, document
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.functions import Function, around, job_environment, stated
from tests.fakes.azure_blobs import FakeBlobs, fake_blobs
from tests.fakes.azure_blobs_http import certificate
from tests.handlers.sources.azure.clouds import CONTAINER, Credential, credential, upload

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
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBlobs]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().certificate))
    with fake_blobs() as made:
        made.tokens.add("valid")
        yield made


@pytest.fixture
def ours(
    root: Path,
    emulator: Emulator,
    sample: Path,
    blobs: FakeBlobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Function]:
    scope = document(
        AzureScope,
        id=f"{ACCOUNT}/{BILLED}/billingProfiles/{BILLED}",
        account_url=blobs.account_url,
        container=CONTAINER,
        prefix="azure-b",
        export="actual",
    )
    monkeypatch.setattr(azure_bills, "credential_of", logged_in)
    with ExitStack() as stack:
        near = stack.enter_context(around(emulator, sample / "site"))
        for name, value in {**job_environment(Cloud.AZURE, [scope]), **near.reached}.items():
            monkeypatch.setenv(name, value)
        source = root / "handlers" / "runtimes" / "google_main.py"
        framework: Any = functions_framework
        app = framework.create_app("handle", str(source))
        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        port = server.server_port
        yield Function(port, tmp_path / "none", near.google, near.store, emulator)
        server.server_close()


def logged_in(_: Reader) -> Credential:
    return credential(*["valid"] * 50)


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
