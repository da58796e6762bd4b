"""The statements of a load inside BigQuery: what is written into them and what is bound."""

from datetime import date

import pytest

from handlers.catalog import load_catalog
from handlers.errors import BillError
from handlers.record import Cloud
from handlers.site import Site, site_from
from handlers.sources.gcp.bigquery import (
    OUTPUTS,
    Classification,
    Export,
    Load,
    Partition,
    classification_of,
)
from handlers.warehouses.bigquery.names import TableName

EXPORT = TableName("some-project", "billing", "gcp_billing_export_v1_01A2B3_C4D5E6_F7A8B9")
NEEDED = (
    "billing_account_id", "invoice", "service", "sku", "usage_start_time", "usage_end_time",
    "usage", "cost", "cost_type", "credits", "currency", "export_time",
)  # fmt: skip


def made(site: Site, partition: Partition = Partition.INGESTION) -> Classification:
    load = Load(
        export=Export(EXPORT, NEEDED, partition),
        account="01A2B3-C4D5E6-F7A8B9",
        period=date(2026, 10, 1),
        load_id="L1",
        staging=TableName("some-project", "staging", "attempt"),
    )
    return classification_of(load, load_catalog(Cloud.GCP), site)


def test_what_a_site_says_is_bound_and_never_written_into_a_statement() -> None:
    site = site_from(
        {
            "attribution.toml": b"customer_keys = [\"';drop-key\"]\n[[map]]\nmatch = 'account'\n"
            b'exact = "\';drop-exact"\ncustomer = "\';drop-customer"\n',
            "customers.csv": b"id,aliases,from,to\n';drop-id,';drop-alias,,\n",
            "rates.csv": b"currency,month,rate\nSEK,2026-10,9.45\n",
        }
    )
    steps = made(site)
    assert "drop" not in steps.script
    assert steps.parameters["customer_keys"] == ("';drop-key",)
    assert steps.parameters["map_exacts"] == ["';drop-exact"]
    assert steps.parameters["name_names"] == ["';drop-id", "';drop-alias"]
    assert (steps.parameters["rate_currencies"], steps.parameters["rate_values"]) == (
        ["SEK"],
        ["9.45"],
    )


def test_each_statement_takes_along_what_it_calls_and_binds() -> None:
    steps = made(site_from({}))
    by_name = {each.name: each for each in steps.statements}
    assert set(OUTPUTS) < set(by_name)
    assert by_name["skus"].functions == ()
    assert by_name["skus"].parameters == {}
    called = [text.split("(")[0].removeprefix("CREATE TEMP FUNCTION ") for text in
              by_name["new_daily_costs"].functions + by_name["whole"].functions]  # fmt: skip
    assert called == ["rounded", "rounded_to_18", "shortest", "amount"]
    assert by_name["new_daily_costs"].parameters == {"warehouse": "hub"}
    assert steps.script.count("CREATE TEMP FUNCTION amount(") == 1
    assert steps.table("totals") == TableName("some-project", "staging", "attempt_totals")


@pytest.mark.parametrize(
    ("partition", "column"),
    [(Partition.INGESTION, "_PARTITIONTIME"), (Partition.EXPORT_TIME, "export_time")],
)
def test_only_partitions_that_may_hold_the_month_are_read(
    partition: Partition, column: str
) -> None:
    steps = made(site_from({}), partition)
    reading = [each for each in steps.statements if str(EXPORT) in each.query]
    assert [each.name for each in reading] == ["bill_lines", "left_out", "whole"]
    assert all(
        each.query.count(f"{column} >= TIMESTAMP(@exported_from)")
        == each.query.count(f"FROM {EXPORT}")
        for each in reading
    )
    assert steps.parameters["exported_from"] == "2026-09-26"
    assert steps.parameters["month"] == "202610"


def test_a_table_that_is_no_export_is_refused() -> None:
    columns = [name for name in NEEDED if name != "credits"]
    with pytest.raises(BillError, match=r"credits.*not a billing export.*Name the table"):
        Export(EXPORT, columns)
