"""A job's function as Google runs it, over an emulated hub, and what is right there afterwards."""

import csv
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from handlers.record import Cloud
from handlers.settings import Name
from handlers.warehouses.bigquery import tables, views
from tests.engine.bigquery.emulator import PROJECT, Emulator, behind_proxy
from tests.fakes.metadata import FakeGoogle, fake_google
from tests.fakes.storage_server import FakeStorage, fake_storage
from tests.handlers.environments import ACCOUNT, AUDIENCE, of_job
from tests.runtimes.pushes import NUMBER, headers, push

Totals = dict[tuple[str, date, str], Decimal]
"""USD by scope, period and customer, to the cent."""


@dataclass(frozen=True)
class Function:
    """A function that listens on ``port``, and what its pushes are signed by."""

    port: int
    log: Path
    google: FakeGoogle
    store: FakeStorage
    emulator: Emulator

    def push(
        self, message: Mapping[str, object], number: str = NUMBER
    ) -> tuple[int, dict[str, Any]]:
        """The answer to a message as Pub/Sub pushes it, over HTTP."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        token = self.google.token_behind_cloud_run(AUDIENCE)
        try:
            connection.request("POST", "/", push(message, number=number), headers(token))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def totals(self) -> Totals:
        """What the hub's view says."""
        rows = self.emulator.run(
            "SELECT scope, billing_period, customer_id, SUM(cost_usd) AS cost"
            " FROM costs.unified_costs GROUP BY scope, billing_period, customer_id"
        )
        return {
            (row["scope"], row["billing_period"], row["customer_id"]): cents(row["cost"])
            for row in rows
        }

    def loads(self) -> int:
        """How many rows the ledger has."""
        (row,) = self.emulator.run("SELECT COUNT(*) AS n FROM costs.ledger")
        return int(row["n"])


def cents(amount: Decimal) -> Decimal:
    """To the cent."""
    return amount.quantize(Decimal("0.01"))


def stated(sample: Path, scopes: Collection[str], periods: Collection[date] = ()) -> Totals:
    """The same, as the sample's writer added it up before any file was read."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    with (sample / "truth" / "totals.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            period = date.fromisoformat(f"{row['billing_period']}-01")
            if row["scope"] in scopes and (not periods or period in periods):
                key = (row["scope"], period, row["customer_id"])
                found[key] += Decimal(row["cost_usd_exact"])
    return {key: cents(cost) for key, cost in found.items()}


def job_environment(cloud: Cloud, scopes: list[dict[str, str]]) -> dict[str, str]:
    """A job's environment, whose hub is the emulator's project."""
    return {
        **of_job(cloud, scopes),
        Name.PROJECT: PROJECT,
        Name.DATASET: "costs",
        Name.STAGING_DATASET: "staging",
        Name.ARCHIVE: "gs://archive/loads",
        Name.SITE: "gs://site/company",
    }


@dataclass(frozen=True)
class Around:
    """What a function reaches on this machine; ``reached`` leads its clients there."""

    google: FakeGoogle
    store: FakeStorage
    reached: Mapping[str, str]


@contextmanager
def around(emulator: Emulator, site: Path) -> Generator[Around]:
    """The hub's tables and views, the store with the site data, the metadata server."""
    for table in tables():
        emulator.create("costs", table)
    for view in views():
        emulator.run(f"CREATE VIEW costs.{view.name} AS {view.sql(PROJECT, 'costs')}")
    with ExitStack() as stack:
        store = stack.enter_context(fake_storage("archive", "site"))
        store.retained.add("archive")
        for path in site.rglob("*.*"):
            name = path.relative_to(site).as_posix()
            store.put("site", f"company/{name}", path.read_bytes())
        google = stack.enter_context(fake_google(email=ACCOUNT))
        reached = {
            "STORAGE_EMULATOR_HOST": store.url,
            "BIGQUERY_EMULATOR_HOST": stack.enter_context(behind_proxy(emulator)),
            "GCE_METADATA_HOST": google.host,
        }
        yield Around(google, store, reached)


@contextmanager
def function(
    root: Path, cloud: Cloud, scopes: list[dict[str, str]], log: Path, reached: Mapping[str, str]
) -> Generator[int]:
    """Google's functions-framework with the file that the bundle has as main.py; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        "PORT": str(port),
        "NO_PROXY": "127.0.0.1",
        **job_environment(cloud, scopes),
        **reached,
    }
    # In a folder of its own, as in the bundle: what lies beside it can be imported by its name.
    source = Path(shutil.copy(root / "handlers" / "runtimes" / "google_main.py", _new(log)))
    framework = Path(sys.executable).with_name("functions-framework")
    command = [framework, "--source", source, "--target", "handle", "--host", "127.0.0.1"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process,
    ):
        try:
            for _ in _until(time.monotonic() + 30):
                if process.poll() is not None:
                    break
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _new(log: Path) -> Path:
    """Where the function's main.py is to lie, beside its log."""
    folder = log.with_suffix("")
    folder.mkdir()
    return folder / "main.py"


def _until(deadline: float) -> Iterator[None]:
    while time.monotonic() < deadline:
        yield
