"""Bills loaded into Redshift stand there as they do in the embedded warehouse."""

from datetime import date
from pathlib import Path

import pytest

from handlers.ledger import Status
from handlers.load.load import Outcome
from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.tables import FACTS, LOADED
from tests.engine.bigquery.exports import comparable, dollars
from tests.engine.redshift.native import Native
from tests.handlers.load.runs import collect, ledger, query

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bills") / "sample"
    write_sample(folder, seed=3, days=10, end=date(2026, 11, 5))
    return folder


def test_a_bill_in_redshift_is_the_bill_in_duckdb_row_by_row(
    native: Native, bills: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "costs.duckdb"
    collect(bills / "aws", warehouse, bills / "site")
    outcomes = native.load(bills / "aws", bills / "site")
    assert {each.outcome for each in outcomes} == {Outcome.LOADED}
    for table in LOADED:
        names = ", ".join(table.names)
        theirs = [
            dict(zip(table.names, row, strict=True))
            for row in query(warehouse, f"SELECT {names} FROM {table.name}")
        ]
        ours = native.rows(table)
        assert comparable(ours) == comparable(theirs), table.name
        if table is FACTS:
            assert theirs
            assert dollars(ours) == dollars(theirs) > 0
    mine = native.warehouse()
    for row in ledger(warehouse):
        (found,) = mine.history(row.cloud_provider, row.scope, row.billing_period)
        assert (found.status, found.load_id) == (Status.LOADED, row.load_id)
        assert (found.source_total, found.cost_usd) == (row.source_total, row.cost_usd)
        costs = mine.costs(row.cloud_provider, row.scope, row.billing_period)
        assert sum(costs.values()) == row.cost_usd
        assert (row.scope, row.scope) not in mine.accounts(Cloud.AZURE, row.billing_period)
    assert {row.load_id for row in mine.loaded()} == {row.load_id for row in ledger(warehouse)}
    again = native.load(bills / "aws", bills / "site")
    assert {each.outcome for each in again} == {Outcome.UNCHANGED}
    assert native.staged() == []
