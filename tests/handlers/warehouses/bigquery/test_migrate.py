"""The live tables against the record: what is missing or otherwise is named, on both sides."""

import pytest

from handlers.errors import WarehouseError
from tests.fakes.bigquery_server import FakeBigQuery
from tests.handlers.warehouses.bigquery.hubs import Collector


def change(fake: FakeBigQuery, table: str, column: str, **changed: object) -> None:
    place = f"costs.{table}"
    fake.engine.schemas[place] = [
        {**each, **changed} if each["name"] == column else each
        for each in fake.engine.schemas[place]
    ]


def test_tables_as_the_record_has_them_get_their_rows_for_locks_and_version_once(
    fake: FakeBigQuery, ours: Collector
) -> None:
    for _ in range(2):
        ours.warehouse.migrate()
    locks = fake.engine.rows("SELECT cloud_provider FROM costs.load_lock ORDER BY 1")
    assert [row["cloud_provider"] for row in locks] == ["AWS", "Azure", "GCP"]
    assert len(fake.engine.rows("SELECT version FROM costs.schema_version")) == 1


def test_every_difference_is_named_before_anything_is_written(
    fake: FakeBigQuery, ours: Collector
) -> None:
    fake.engine.drop("costs.daily_costs")
    change(fake, "aws_llm_costs", "cost_usd", type="FLOAT")
    change(fake, "ledger", "error", name="errors")
    with pytest.raises(WarehouseError) as caught:
        ours.warehouse.migrate()
    said = str(caught.value)
    for part in (
        "missing there: table daily_costs",
        "missing there: ledger.error",
        "aws_llm_costs.cost_usd is FLOAT",
        "and NUMERIC",
        "pulumi up",
    ):
        assert part in said
    assert fake.engine.rows("SELECT * FROM costs.load_lock") == []


def test_columns_that_others_added_are_left_alone_unless_a_load_would_have_to_fill_them(
    fake: FakeBigQuery, ours: Collector
) -> None:
    place = "costs.gcp_llm_costs"
    added = {"name": "note", "type": "STRING", "mode": "NULLABLE"}
    fake.engine.schemas[place].append(added)
    ours.warehouse.migrate()
    assert ours.warehouse.compare().more == ("gcp_llm_costs.note",)
    change(fake, "gcp_llm_costs", "note", mode="REQUIRED")
    with pytest.raises(WarehouseError, match="note is REQUIRED there and unknown here"):
        ours.warehouse.migrate()
