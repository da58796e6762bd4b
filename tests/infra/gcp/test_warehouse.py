import re

import pytest

from handlers.record import COLUMNS
from infra.recording import Recorded, Recording
from tests.infra.gcp.hub import DATASET, PROJECT, STAGING, one, schema

TABLE, DATASETS = "gcp:bigquery/table:Table", "gcp:bigquery/dataset:Dataset"
FACTS = ("aws_llm_costs", "azure_llm_costs", "gcp_llm_costs")
TYPES = {"date": "DATE", "text": "STRING", "decimal": "NUMERIC"}
NAMED = re.compile(rf"`{PROJECT}\.{DATASET}\.(\w+)`")


def tables(recording: Recording) -> list[Recorded]:
    return [t for t in recording.of_type(TABLE) if "view" not in t.inputs and "export" not in t.urn]


def views(recording: Recording) -> list[Recorded]:
    return [table for table in recording.of_type(TABLE) if "view" in table.inputs]


@pytest.mark.parametrize("cloud", FACTS)
def test_a_table_of_facts_has_the_columns_of_the_record(either: Recording, cloud: str) -> None:
    columns = schema(one(either, TABLE, f"warehouse-{cloud}"))
    assert [(column["name"], column["type"], column["mode"]) for column in columns] == [
        (column.name, TYPES[column.kind], "NULLABLE" if column.nullable else "REQUIRED")
        for column in COLUMNS
    ]


@pytest.mark.parametrize("cloud", FACTS)
def test_facts_are_partitioned_by_month_of_invoice_and_clustered_by_date_and_model(
    either: Recording, cloud: str
) -> None:
    inputs = one(either, TABLE, f"warehouse-{cloud}").inputs
    assert inputs["timePartitioning"] == {"type": "MONTH", "field": "billing_period"}
    assert inputs["clusterings"] == ["date", "model"]


def test_the_tables_that_people_and_dashboards_read_are_there(either: Recording) -> None:
    names = {table.inputs["tableId"] for table in either.of_type(TABLE)}
    assert names >= {
        *FACTS, "unified_costs", "ledger", "load_digests", "daily_costs", "hourly_costs",
        "dimensions", "platform_costs", "schema_version", "serving_cut", "serving_daily_costs",
        "serving_hourly_costs",
    }  # fmt: skip


def test_every_table_is_protected_and_outlives_the_stack(either: Recording) -> None:
    assert len(tables(either)) > 10
    for table in tables(either):
        assert table.protect, table.name
        assert table.retain_on_delete, table.name
        assert table.inputs["deletionProtection"] is True, table.name


def test_a_view_can_be_made_anew(either: Recording) -> None:
    for view in views(either):
        assert not view.protect
        assert view.inputs["deletionProtection"] is False
        assert view.inputs["view"]["useLegacySql"] is False


def test_a_view_comes_after_all_that_its_query_names(either: Recording) -> None:
    urns = {table.inputs["tableId"]: table.urn for table in either.of_type(TABLE)}
    assert len(views(either)) > 4
    for view in views(either):
        named = set(NAMED.findall(view.inputs["view"]["query"]))
        assert named, view.name
        assert {urns[name] for name in named} <= set(view.dependencies), view.name


def test_the_dataset_of_costs_is_protected_and_outlives_the_stack(either: Recording) -> None:
    dataset = one(either, DATASETS, "warehouse-dataset")
    assert dataset.inputs["datasetId"] == DATASET
    assert dataset.inputs["location"] == "EU"
    assert dataset.protect
    assert dataset.retain_on_delete
    assert dataset.inputs["deleteContentsOnDestroy"] is False
    assert "defaultTableExpirationMs" not in dataset.inputs
    assert "defaultPartitionExpirationMs" not in dataset.inputs


def test_what_is_staged_goes_by_itself_after_three_days(either: Recording) -> None:
    staging = one(either, DATASETS, "warehouse-staging")
    assert staging.inputs["datasetId"] == STAGING
    assert staging.inputs["location"] == "EU"
    assert staging.inputs["defaultTableExpirationMs"] == 3 * 24 * 3600 * 1000
    assert not staging.protect


def test_access_to_data_is_granted_by_members_of_a_dataset_alone(either: Recording) -> None:
    for dataset in either.of_type(DATASETS):
        assert "accesses" not in dataset.inputs
    assert either.of_type("gcp:bigquery/iamMember:IamMember") == []


def test_who_writes_rows_can_neither_make_nor_alter_nor_drop_a_table(either: Recording) -> None:
    [role] = either.of_type("gcp:projects/iAMCustomRole:IAMCustomRole")
    permissions = set(role.inputs["permissions"])
    assert permissions >= {"bigquery.tables.getData", "bigquery.tables.updateData"}
    assert not permissions & {
        "bigquery.tables.create",
        "bigquery.tables.update",
        "bigquery.tables.delete",
        "bigquery.datasets.update",
        "bigquery.datasets.delete",
        "bigquery.tables.setIamPolicy",
    }
    assert not [permission for permission in permissions if "*" in permission]
