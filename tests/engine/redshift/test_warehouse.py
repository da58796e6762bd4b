"""Bills loaded into Redshift stand there as they do in the embedded warehouse."""

from pathlib import Path

import pytest

from handlers.ledger import Status
from handlers.load.load import Outcome
from handlers.record import Cloud
from handlers.tables import FACTS, LOADED
from tests.engine.bigquery.exports import comparable, dollars
from tests.engine.redshift.native import Native
from tests.handlers.load.runs import collect, ledger, query

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]


def test_a_bill_in_redshift_is_the_bill_in_duckdb_row_by_row(
    native: Native, ten_days: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "costs.duckdb"
    collect(ten_days / "aws", warehouse, ten_days / "site")
    outcomes = native.load(ten_days / "aws", ten_days / "site")
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
    again = native.load(ten_days / "aws", ten_days / "site")
    assert {each.outcome for each in again} == {Outcome.UNCHANGED}
    assert native.staged() == []
