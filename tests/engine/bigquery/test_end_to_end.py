"""Bills in S3, a message by HTTP, the function's own process: what stands in the hub afterwards.

Everything that the function reaches is a server of this machine: S3 and STS (moto), the store of
the archive and the site data, the metadata server, BigQuery's emulator.
"""

import csv
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.record import Cloud
from handlers.sample import write_sample
from tests.engine.bigquery.aws import PAYERS, NearAws, aws_nearby, scopes
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.functions import Function, around, function, stated

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(280)]

RESTATED = ("444455556666", date(2026, 10, 1))
MONTHS = {"run": "collect", "period": "2026-10..2026-11"}


@dataclass(frozen=True)
class World:
    """The sample, S3, and the function."""

    sample: Path
    aws: NearAws
    function: Function

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
        self.aws.upload(self.sample / "aws")
        for kind in ("data", "metadata"):
            shutil.move(aside / kind / newer, export / kind / month)
        shutil.copy(aside / manifest.name, manifest)


@pytest.fixture
def world(root: Path, emulator: Emulator, tmp_path: Path) -> Iterator[World]:
    sample = tmp_path / "sample"
    write_sample(sample, seed=3, days=10, end=date(2026, 11, 5))
    log = tmp_path / "function.log"
    with ExitStack() as stack:
        aws = stack.enter_context(aws_nearby())
        near = stack.enter_context(around(emulator, sample / "site"))
        reached = {**near.reached, **aws.reached}
        port = stack.enter_context(function(root, Cloud.AWS, scopes(), log, reached))
        yield World(sample, aws, Function(port, log, near.google, near.store, emulator))


def test_messages_load_the_bills_in_s3_once_follow_a_restatement_and_reconcile(
    world: World,
) -> None:
    world.upload_as_before_the_restatement()
    ours = world.function
    status, answer = ours.push(MONTHS)
    assert (status, answer.get("error")) == (200, None), ours.log.read_text()[-4000:]
    assert (answer["outcome"], answer["loaded"]) == ("loaded", 2)
    first, right = ours.totals(), stated(world.sample, PAYERS)
    assert first.keys() == right.keys()
    assert {key[:2] for key in right if first[key] != right[key]} == {RESTATED}
    assert len(ours.store.names("archive")) == 2

    loads = ours.loads()
    status, answer = ours.push(MONTHS)
    assert (status, answer["outcome"], answer["unchanged"]) == (200, "unchanged", 2)
    assert ours.loads() == loads

    world.aws.upload(world.sample / "aws")
    status, answer = ours.push(MONTHS)
    assert (status, answer["loaded"], answer["unchanged"]) == (200, 1, 1)
    assert ours.totals() == right

    status, answer = ours.push({"run": "reconcile"})
    billed, invoiced = invoices(world.sample)
    assert (status, answer["compared"], answer["unexplained"]) == (200, 1 + len(invoiced), 2)
    found = ours.emulator.run(
        "SELECT invoice_id, source, stated, difference FROM costs.reconciliation"
        " WHERE charge_type IS NULL AND date IS NULL"
    )
    assert {row["source"] for row in found} == {"invoice"}
    stated_by = {row["invoice_id"]: row["stated"] for row in found}
    assert stated_by == {**invoiced, None: sum(invoiced.values())}
    differs = {row["invoice_id"]: row["difference"] for row in found}
    for invoice, amount in invoiced.items():
        assert abs(differs[invoice] - (amount - billed[invoice])) < Decimal("0.00000001")
    assert abs(differs[None] - sum(differs[each] for each in invoiced)) < Decimal("0.00000001")


def invoices(sample: Path) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """What the payer's documents of October bill, and what was invoiced: one is wrong."""
    with (sample / "truth" / "invoices.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["scope"] in PAYERS]
    billed = {row["invoice_id"]: Decimal(row["billed"]) for row in rows}
    return billed, {row["invoice_id"]: Decimal(row["invoiced"]) for row in rows}
