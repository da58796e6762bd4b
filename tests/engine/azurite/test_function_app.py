"""Exports in blob storage, a message in the queue, Microsoft's worker: what stands there then.

The function is the one that is deployed. Around it are servers of this machine: azurite with the
exports and the archive, the store of the site data, BigQuery's emulator as the hub. Behind the
driver's port is the fake that executes T-SQL.
"""

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from azure.core.credentials import AccessToken, TokenCredential
from azure.storage.blob import ContainerClient

from handlers.archive.blobs import BlobPlace
from handlers.buckets import BucketError
from handlers.native import AzureSettings
from handlers.runtimes import azure_clients
from handlers.runtimes.clients import Scratch
from handlers.runtimes.federated import FederatedHub
from handlers.scopes import AzureScope, document
from handlers.settings import Name
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.azuresql.port import Connect
from tests.engine.bigquery.conftest import emulator, executable
from tests.engine.bigquery.emulator import PROJECT, Emulator, behind_proxy
from tests.engine.bigquery.hub import hub_in
from tests.fakes.azuresql import ADMIN, FakeAzureSql
from tests.fakes.azurite import Azurite, token
from tests.fakes.storage_server import fake_storage
from tests.handlers.native_environments import IDENTITY, of_function_app

pytest.importorskip("azure_functions_runtime")
from tests.runtimes.azure_worker import Worker

__all__ = ["emulator", "executable"]

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(240)]

PROFILE = "QX7K-4M2P-BG7-PGB"
SUBSCRIPTION = "c39d7e64-1a58-4f92-b0e3-86d2a4f1c975"
SCOPES = {
    PROFILE: (f"/providers/Microsoft.Billing/billingAccounts/{PROFILE}/billingProfiles/{PROFILE}",
              "azure-b"),
    SUBSCRIPTION: (f"/subscriptions/{SUBSCRIPTION}", "azure-c"),
}  # fmt: skip
RESTATED = (PROFILE, date(2026, 10, 1))
ARCHIVE = "https://aicostarchive.blob.core.windows.net/archive/loads"
MONTHS = json.dumps({"run": "collect", "period": "2026-10..2026-11"})

Totals = dict[tuple[str, date, str], Decimal]


@dataclass(frozen=True)
class Token:
    """A managed identity that the emulator believes."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return AccessToken(token(), 4_000_000_000)

    def close(self) -> None:
        """It has nothing to close."""


@dataclass(frozen=True)
class World:
    """The worker and everything around it."""

    worker: Worker
    sample: Path
    container: ContainerClient
    archive: ContainerClient
    sql: FakeAzureSql
    emulator: Emulator
    lines: Callable[[], list[dict[str, Any]]]

    def upload(self, *, later: bool) -> None:
        """The runs that Azure wrote first, or the one that restates a month."""
        folder = self.sample / "azure"
        restating = newest_run(folder)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (path.parent == restating) == later:
                self.container.upload_blob(path.relative_to(folder).as_posix(), path.read_bytes())

    def totals(self) -> Totals:
        """What the warehouse says, per scope, period and customer, to the cent."""
        rows = self.sql.rows(
            "SELECT scope, billing_period, customer_id, sum(cost_usd) FROM dbo.llm_consumption"
            " GROUP BY ALL"
        )
        return {(row[0], row[1], row[2]): cents(row[3]) for row in rows}

    def published(self) -> Totals:
        """What the hub says of the same, per customer's key."""
        rows = self.emulator.run(
            "SELECT scope, billing_period, customer_key, SUM(cost) AS cost FROM costs.daily_costs"
            " WHERE warehouse = 'azuresql' GROUP BY scope, billing_period, customer_key"
        )
        return {
            (row["scope"], row["billing_period"], row["customer_key"]): cents(row["cost"])
            for row in rows
        }


def newest_run(folder: Path) -> Path:
    """The folder of the run that was submitted last for the month that is restated."""
    manifests = (folder / "azure-b").glob("*/20261001-*/*/manifest.json")
    return max(
        manifests, key=lambda path: json.loads(path.read_text())["runInfo"]["submittedTime"]
    ).parent


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def by_key(totals: Mapping[tuple[str, date, str], Decimal]) -> Totals:
    return {
        (scope, period, hashlib.sha256(customer.encode()).hexdigest()[:16]): cost
        for (scope, period, customer), cost in totals.items()
    }


def stated(sample: Path) -> Totals:
    """What the sample's writer added up before any file was read."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    with (sample / "truth" / "totals.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["scope"] in SCOPES:
                period = date.fromisoformat(f"{row['billing_period']}-01")
                found[row["scope"], period, row["customer_id"]] += Decimal(row["cost_usd_exact"])
    return {key: cents(cost) for key, cost in found.items()}


def environment(azurite: Azurite, container: ContainerClient) -> dict[str, str]:
    scopes = [
        document(
            AzureScope,
            id=scope_id,
            account_url=azurite.account_url,
            container=container.container_name,
            prefix=prefix,
            export="actual",
        )
        for scope_id, prefix in SCOPES.values()
    ]
    return {
        **of_function_app(scopes),
        Name.PROJECT: PROJECT,
        Name.DATASET: "costs",
        Name.STAGING_DATASET: "staging",
        Name.ARCHIVE: ARCHIVE,
        Name.SITE: "gs://site/company",
    }


def connecting(
    sql: FakeAzureSql, _settings: AzureSettings, client_id: str, _scratch: Scratch
) -> Connect:
    return sql.connecting("ai-cost-collector" if client_id == IDENTITY else ADMIN)


def archive_in(azurite: Azurite, place: str, credential: TokenCredential) -> BlobPlace:
    assert place == ARCHIVE
    archive = ContainerClient(azurite.account_url, "archive", credential=credential)
    return BlobPlace(archive, "loads/")


@pytest.fixture
def world(
    root: Path,
    azurite: Azurite,
    emulator: Emulator,
    ten_days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[World]:
    with hub_in(emulator, tmp_path / "hub") as hub:
        hub.warehouse.migrate()
    with ExitStack() as stack:
        container = stack.enter_context(azurite.container("functionapp"))
        stack.callback(container.delete_container)
        archive = stack.enter_context(azurite.container("archive"))
        stack.callback(archive.delete_container)
        store = stack.enter_context(fake_storage("site"))
        for path in (ten_days / "site").rglob("*.*"):
            name = path.relative_to(ten_days / "site").as_posix()
            store.put("site", f"company/{name}", path.read_bytes())
        sql = FakeAzureSql()
        stack.callback(sql.close)
        for name, value in environment(azurite, container).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        address = stack.enter_context(behind_proxy(emulator))
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", address)
        clients = partial(
            azure_clients.RuntimeClients,
            connecting=partial(connecting, sql),
            identity=lambda _: Token(),
            place=partial(archive_in, azurite),
        )
        monkeypatch.setattr(azure_clients, "RuntimeClients", clients)
        app = tmp_path / "app"
        app.mkdir()
        shutil.copy(root / "handlers" / "runtimes" / "azure_main.py", app / "function_app.py")
        Worker.looked_for_in(monkeypatch, app)
        caplog.set_level("INFO", logger="handlers")

        def lines() -> list[dict[str, Any]]:
            said = [record.getMessage() for record in caplog.records if record.name == "handlers"]
            return [json.loads(text) for text in said if text.startswith("{")]

        yield World(Worker.started(app), ten_days, container, archive, sql, emulator, lines)


def away(*_: object) -> NoReturn:
    raise BucketError("gs://site: the hub is away.")


class AwayHub:
    """A hub that does not answer."""

    def replace(self, *_: object) -> NoReturn:
        raise Undecided("BigQuery did not answer.")

    add = replace


def away_hub(_: FederatedHub) -> AwayHub:
    return AwayHub()


def test_messages_load_the_exports_once_follow_a_restatement_and_reach_the_hub(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.upload(later=False)
    assert "run the command migrate" in world.worker.queue("command", MONTHS).error
    assert world.worker.queue("command", '{"run": "migrate"}').error == ""
    assert world.worker.queue("command", MONTHS).error == ""
    first, right = world.totals(), stated(world.sample)
    assert first.keys() == right.keys()
    assert {key[:2] for key in right if first[key] != right[key]} == {RESTATED}
    assert world.published() == by_key(first)
    kept = list(world.archive.list_blob_names())
    assert sum(name.startswith("loads/azure/") for name in kept) == 4
    assert sum(name.startswith("loads/site/") for name in kept) == 1

    ledger = world.sql.rows("SELECT count(*) FROM dbo.ledger")
    assert world.worker.queue("command", MONTHS).error == ""
    assert world.lines()[-1]["outcome"] == "unchanged"
    assert world.sql.rows("SELECT count(*) FROM dbo.ledger") == ledger

    world.upload(later=True)
    with monkeypatch.context() as patch:
        patch.setattr(FederatedHub, "bucket", away)
        patch.setattr(FederatedHub, "publications", away_hub)
        assert world.worker.queue("command", MONTHS).error == ""
    said = world.lines()[-1]
    assert (said["loaded"], said["unchanged"]) == (1, 3)
    assert said["unpublished"] == 1
    warning = [each for each in world.lines() if each["severity"] == "WARNING"][-1]
    assert (warning["step"], warning["unpublished"]) == ("published", 1)
    assert world.totals() == right
    assert world.published() == by_key(first)

    assert world.worker.queue("command", MONTHS).error == ""
    assert (world.lines()[-1]["outcome"], world.lines()[-1]["published"]) == ("unchanged", 1)
    assert world.published() == by_key(right)
