"""The hub's schemas: from the record and the tables, and from nothing else."""

import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from handlers.errors import WarehouseError
from handlers.record import COLUMNS, Cloud, Kind
from handlers.tables import HUB_TABLES, PLATFORM, PUBLISHED_TO_HUB, TABLES, Table
from handlers.warehouses.bigquery import FACT_TABLES, billing_export_schema, tables, views
from handlers.warehouses.bigquery.names import TableName, dataset_of

MADE = {table.name: table for table in tables()}


def fields(name: str) -> list[dict[str, Any]]:
    return json.loads(MADE[name].schema_json)


@pytest.mark.parametrize("name", FACT_TABLES.values())
def test_the_facts_of_each_cloud_have_the_records_columns_limits_and_meanings(name: str) -> None:
    kinds = {Kind.DATE: "DATE", Kind.TEXT: "STRING", Kind.DECIMAL: "NUMERIC"}
    found = [
        (f["name"], f["type"], f["mode"], f["description"], int(f.get("maxLength", 0)))
        for f in fields(name)
    ]
    assert found == [
        (c.name, kinds[c.kind], "NULLABLE" if c.nullable else "REQUIRED", c.meaning, c.limit)
        for c in COLUMNS
    ]
    table = MADE[name]
    assert (table.partition_field, table.partition_type) == ("billing_period", "MONTH")
    assert table.cluster == ("date", "model")


def test_the_hub_has_every_table_and_a_table_of_facts_for_each_cloud() -> None:
    others = {table.name for table in (*TABLES, *HUB_TABLES)} - {"llm_costs"}
    assert set(MADE) == others | set(FACT_TABLES.values())
    assert set(FACT_TABLES) == set(Cloud)


@pytest.mark.parametrize("table", PUBLISHED_TO_HUB, ids=lambda table: table.name)
def test_what_two_paths_may_fill_says_whose_load_a_row_is(table: Table) -> None:
    names = [field["name"] for field in fields(table.name)]
    warehouse = fields(table.name)[names.index("warehouse")]
    if table is PLATFORM:
        # It was there before without it: BigQuery adds a column last, and none that is required.
        assert (warehouse["mode"], names[-1]) == ("NULLABLE", "warehouse")
    else:
        assert warehouse["mode"] == "REQUIRED"


def test_every_column_says_what_it_means() -> None:
    assert [
        (name, field["name"]) for name in MADE for field in fields(name) if not field["description"]
    ] == []


def test_the_same_record_gives_the_same_text() -> None:
    assert [table.schema_json for table in tables()] == [t.schema_json for t in MADE.values()]
    assert billing_export_schema() == billing_export_schema()


def test_partitions_and_clusters_are_columns() -> None:
    for table in tables():
        names = {field["name"] for field in fields(table.name)}
        assert {*table.cluster, table.partition_field} - {None} <= names
        assert len(table.cluster) <= 4


def test_the_stand_in_for_the_export_has_every_column_that_is_read() -> None:
    read = tomllib.loads(files("handlers.sources.gcp").joinpath("columns.toml").read_text("utf-8"))
    made = {field["name"]: field for field in json.loads(billing_export_schema())}
    assert {*read["needed"], *read["optional"]} <= set(made)
    assert [f["name"] for f in made["usage"]["fields"]] == [
        "amount", "unit", "amount_in_pricing_units", "pricing_unit",
    ]  # fmt: skip
    assert (made["credits"]["mode"], made["cost"]["type"]) == ("REPEATED", "FLOAT")
    labels = next(f for f in made["project"]["fields"] if f["name"] == "labels")
    assert [f["name"] for f in labels["fields"]] == ["key", "value"]


def test_a_view_comes_after_what_it_depends_on() -> None:
    known = set(MADE)
    for view in views():
        assert set(view.depends_on) <= known
        sql = view.sql("some-project", "costs")
        assert all(f"`some-project.costs.{name}`" in sql for name in view.depends_on)
        known.add(view.name)


@pytest.mark.parametrize(
    ("project", "dataset"),
    [("p`; DROP TABLE x; --", "costs"), ("some-project", "costs.x"), ("", "costs"),
     ("Some-Project", "costs"), ("some-project", "co`sts"), ("some-project", "")],
)  # fmt: skip
def test_what_is_no_name_never_reaches_a_statement(project: str, dataset: str) -> None:
    for view in views():
        with pytest.raises(WarehouseError, match="is not a"):
            view.sql(project, dataset)


def test_names_are_told_apart() -> None:
    name = TableName.parse("example.com:some-project.costs.gcp_billing_export_v1_0A")
    assert (name.project, name.dataset) == ("example.com:some-project", "costs")
    assert dataset_of("some-project", "costs") == "some-project.costs"
    with pytest.raises(WarehouseError, match=r"project\.dataset\.table"):
        TableName.parse("costs.table")
