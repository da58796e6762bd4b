"""Bills in S3, a message by HTTP, the function's own process: what stands in the hub afterwards.

Everything that the function reaches is a server of this machine: S3 and STS (moto), the store of
the archive and the site data, the metadata server, BigQuery's emulator.
"""

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
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.scopes import AwsScope, document
from handlers.settings import Name
from handlers.warehouses.bigquery import tables, views
from tests.engine.bigquery.emulator import PROJECT, Emulator, behind_proxy
from tests.fakes.metadata import FakeGoogle, fake_google
from tests.fakes.storage_server import FakeStorage, fake_storage
from tests.handlers.environments import ACCOUNT, AUDIENCE, of_job
from tests.runtimes.pushes import headers, push

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(280)]

PAYERS = {"444455556666": ("aws-b", "cur2")}
"""One: the emulator never frees what analysing a statement took, and dies of many loads."""

RESTATED = ("444455556666", date(2026, 10, 1))
MONTHS = {"run": "collect", "period": "2026-10..2026-11"}

Totals = dict[tuple[str, date, str], Decimal]


@dataclass(frozen=True)
class World:
    """The function's process and everything around it."""

    sample: Path
    s3: Any
    store: FakeStorage
    google: FakeGoogle
    emulator: Emulator
    port: int
    log: Path

    def push(self, message: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        token = self.google.token_behind_cloud_run(AUDIENCE)
        try:
            connection.request("POST", "/", push(message), headers(token))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def upload(self, folder: Path) -> None:
        """Into each payer's bucket, under the names that its manifests give."""
        for payer, (prefix, _) in PAYERS.items():
            for path in sorted((folder / prefix).rglob("*.*")):
                if path.is_file():
                    key = path.relative_to(folder).as_posix()
                    self.s3.upload_file(str(path), bucket_of(payer), key)

    def upload_as_before_the_restatement(self) -> None:
        """Everything as it lay in the bucket before one payer's month was written anew."""
        export = self.sample / "aws" / "aws-b" / "aws-b-cur2"
        month = f"BILLING_PERIOD={RESTATED[1]:%Y-%m}"
        older, newer = sorted(path.name for path in (export / "data" / month).iterdir())
        aside = self.sample / "aside"
        for kind in ("data", "metadata"):
            (aside / kind).mkdir(parents=True)
            shutil.move(export / kind / month / newer, aside / kind)
        manifest = export / "metadata" / month / "aws-b-cur2-Manifest.json"
        shutil.move(manifest, aside)
        shutil.copy(export / "metadata" / month / older / manifest.name, manifest)
        self.upload(self.sample / "aws")
        for kind in ("data", "metadata"):
            shutil.move(aside / kind / newer, export / kind / month)
        shutil.copy(aside / manifest.name, manifest)

    def totals(self) -> Totals:
        """What the hub's view says, per scope, period and customer, to the cent."""
        rows = self.emulator.run(
            "SELECT scope, billing_period, customer_id, SUM(cost_usd) AS cost"
            " FROM costs.unified_costs GROUP BY scope, billing_period, customer_id"
        )
        return {
            (row["scope"], row["billing_period"], row["customer_id"]): cents(row["cost"])
            for row in rows
        }


def bucket_of(payer: str) -> str:
    return f"billing-{payer}"


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


def stated(sample: Path) -> Totals:
    """The same, as the sample's writer added it up before any file was read."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    with (sample / "truth" / "totals.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["scope"] in PAYERS:
                period = date.fromisoformat(f"{row['billing_period']}-01")
                key = (row["scope"], period, row["customer_id"])
                found[key] += Decimal(row["cost_usd_exact"])
    return {key: cents(cost) for key, cost in found.items()}


def environment(root: Path, port: int, **reached: str) -> dict[str, str]:
    scopes = [
        document(
            AwsScope,
            id=payer,
            role_arn=f"arn:aws:iam::999900001111:role/reader-of-{payer}",
            region="us-east-1",
            bucket=bucket_of(payer),
            prefix=prefix,
            export=export,
        )
        for payer, (prefix, export) in PAYERS.items()
    ]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        "PORT": str(port),
        "NO_PROXY": "127.0.0.1",
        **of_job(Cloud.AWS, scopes),
        Name.PROJECT: PROJECT,
        Name.DATASET: "costs",
        Name.STAGING_DATASET: "staging",
        Name.ARCHIVE: "gs://archive/loads",
        Name.SITE: "gs://site/company",
        **reached,
    }


@contextmanager
def function(root: Path, environ: dict[str, str], log: Path) -> Generator[None]:
    """Google's functions-framework with the file that the bundle has as main.py."""
    source = str(root / "handlers" / "runtimes" / "google_main.py")
    framework = Path(sys.executable).with_name("functions-framework")
    port = environ["PORT"]
    command = [framework, "--source", source, "--target", "handle", "--host", "127.0.0.1"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as process,
    ):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield
        process.terminate()


@pytest.fixture
def world(root: Path, emulator: Emulator, tmp_path: Path) -> Iterator[World]:
    sample = tmp_path / "sample"
    write_sample(sample, seed=3, days=10, end=date(2026, 11, 5))
    for table in tables():
        emulator.create("costs", table)
    for view in views():
        emulator.run(f"CREATE VIEW costs.{view.name} AS {view.sql(PROJECT, 'costs')}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    log = tmp_path / "function.log"
    with ExitStack() as stack:
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        moto.start()
        stack.callback(moto.stop)
        host, moto_port = moto.get_host_and_port()
        aws = f"http://{host}:{moto_port}"
        aws_sdk: Any = boto3
        s3 = aws_sdk.client(
            "s3",
            endpoint_url=aws,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        stack.callback(s3.close)
        for payer in PAYERS:
            s3.create_bucket(Bucket=bucket_of(payer))
        store = stack.enter_context(fake_storage("archive", "site"))
        store.retained.add("archive")
        for path in (sample / "site").rglob("*.*"):
            name = path.relative_to(sample / "site").as_posix()
            store.put("site", f"company/{name}", path.read_bytes())
        google = stack.enter_context(fake_google(email=ACCOUNT))
        bigquery = stack.enter_context(behind_proxy(emulator))
        reached = {
            "AWS_ENDPOINT_URL": aws,
            "STORAGE_EMULATOR_HOST": store.url,
            "BIGQUERY_EMULATOR_HOST": bigquery,
            "GCE_METADATA_HOST": google.host,
        }
        stack.enter_context(function(root, environment(root, port, **reached), log))
        yield World(sample, s3, store, google, emulator, port, log)


def test_messages_load_the_bills_in_s3_once_follow_a_restatement_and_reconcile(
    world: World,
) -> None:
    world.upload_as_before_the_restatement()
    status, answer = world.push(MONTHS)
    assert (status, answer.get("error")) == (200, None), world.log.read_text()[-4000:]
    assert (answer["outcome"], answer["loaded"]) == ("loaded", 2)
    first, right = world.totals(), stated(world.sample)
    assert first.keys() == right.keys()
    assert {key[:2] for key in right if first[key] != right[key]} == {RESTATED}
    assert len(world.store.names("archive")) == 2

    rows = world.emulator.run("SELECT COUNT(*) AS n FROM costs.ledger")
    status, answer = world.push(MONTHS)
    assert (status, answer["outcome"], answer["unchanged"]) == (200, "unchanged", 2)
    assert world.emulator.run("SELECT COUNT(*) AS n FROM costs.ledger") == rows

    world.upload(world.sample / "aws")
    status, answer = world.push(MONTHS)
    assert (status, answer["loaded"], answer["unchanged"]) == (200, 1, 1)
    assert world.totals() == right

    status, answer = world.push({"run": "reconcile"})
    assert (status, answer["compared"], answer["unexplained"]) == (200, 1, 1)
    [whole] = world.emulator.run(
        "SELECT source, stated, difference FROM costs.reconciliation WHERE charge_type IS NULL"
    )
    billed, invoiced = invoices(world.sample)
    assert (whole["source"], whole["stated"]) == ("invoice", invoiced)
    assert abs(whole["difference"] - (invoiced - billed)) < Decimal("0.00000001")


def invoices(sample: Path) -> tuple[Decimal, Decimal]:
    """What the payer's documents of October bill, and what was invoiced: one is wrong."""
    with (sample / "truth" / "invoices.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["scope"] in PAYERS]
    billed, invoiced = (
        sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in ("billed", "invoiced")
    )
    return billed, invoiced
