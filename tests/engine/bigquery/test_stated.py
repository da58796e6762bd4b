"""What Google's export itself adds up to, against the sample's writer and the files' readers."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.reconcile import SaidBy
from handlers.runtimes.google_bills import statements_of
from handlers.scopes import GcpScope
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.exports import rows_of
from tests.engine.bigquery.hub import hub_in

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

ACCOUNT = "0A1B2C-3D4E5F-6A7B8C"
OCTOBER = date(2026, 10, 1)


def test_an_invoice_month_adds_up_to_what_its_writer_says_and_was_loaded(
    emulator: Emulator, ten_days: Path, tmp_path: Path
) -> None:
    export = emulator.load_export(
        rows_of(ten_days / "gcp" / f"gcp_billing_export_v1_{ACCOUNT.replace('-', '_')}")
    )
    with hub_in(emulator, tmp_path / "work") as hub:
        scope = GcpScope(id=ACCOUNT, table=str(export).strip("`"))
        [said] = statements_of(hub.warehouse.jobs, [scope], [OCTOBER]).statements
    with (ten_days / "truth" / "scopes.csv").open(newline="", encoding="utf-8") as stream:
        [right] = [
            row
            for row in csv.DictReader(stream)
            if (row["scope"], row["billing_period"]) == (ACCOUNT, "2026-10")
        ]
    assert (said.scope, said.said_by, said.currency) == (
        ACCOUNT,
        SaidBy.BILLING_EXPORT,
        right["currency"],
    )
    assert abs(said.total - Decimal(right["all_cost"])) < Decimal("0.000001")
