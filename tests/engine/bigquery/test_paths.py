"""What clouds' own warehouses published, as the hub itself gives it to a reconciliation."""

from decimal import Decimal
from pathlib import Path

import pytest

from handlers.alerts.bigquery import BigQueryRunner
from handlers.alerts.hub import Hub as Names
from handlers.reconcile.paths import paths_of
from tests.engine.bigquery.emulator import PROJECT, Emulator
from tests.engine.bigquery.hub import hub_in

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


def test_the_newest_load_of_each_published_bill_is_read_from_the_ledger(
    emulator: Emulator, tmp_path: Path
) -> None:
    with hub_in(emulator, tmp_path) as hub:
        for warehouse, hour, total in (("redshift", 3, "8"), ("redshift", 4, "9"), ("hub", 5, "7")):
            emulator.run(
                "INSERT INTO costs.ledger (warehouse, load_id, cloud_provider, scope,"
                " billing_period, source_version, rule_digest, site_digest, started_at,"
                " finished_at, status, source_total)"
                f" VALUES ('{warehouse}', 'L{hour}', 'AWS', '111122223333', DATE '2026-10-01', 'v',"
                f" 'r', 's', TIMESTAMP '2026-11-20 0{hour}:00:00+00',"
                f" TIMESTAMP '2026-11-20 0{hour}:00:00+00', 'loaded', NUMERIC '{total}')"
            )
        names = Names(project=PROJECT, dataset="costs", location="US")
        own, redshift, azure = paths_of(BigQueryRunner(hub.warehouse.jobs, names), [])
    assert (own.loads, azure.loads) == ([], [])
    assert [(row.load_id, row.source_total) for row in redshift.loads] == [("L4", Decimal(9))]
