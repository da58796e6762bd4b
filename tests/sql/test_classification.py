"""The rendered classification of Google's bill through GoogleSQL's own analyzer and evaluator."""

import json
from datetime import date
from decimal import Decimal

import pytest

from handlers.catalog import load_catalog
from handlers.lines import LINE_NAMES
from handlers.load.inside_aside import set_aside_sql
from handlers.record import Cloud
from handlers.site import site_from
from handlers.sources.gcp.bigquery import (
    OUTPUTS,
    Classification,
    Export,
    Load,
    Partition,
    bills_sql,
    classification_of,
    separation_of,
)
from handlers.sources.gcp.bigquery.functions import functions
from handlers.warehouses.bigquery import billing_export_schema, tables
from handlers.warehouses.bigquery.names import TableName
from tests.handlers.test_amounts import GOLDEN
from tests.sql.googlesql import GoogleSql, create_from_schema, create_table

pytestmark = pytest.mark.slow

EXPORT = TableName("some-project", "billing", "gcp_billing_export_v1_01A2B3_C4D5E6_F7A8B9")
COLUMNS = [field["name"] for field in json.loads(billing_export_schema())]


def load_of(export: Export, attempt: str = "attempt") -> Load:
    return Load(
        export=export,
        account="01A2B3-C4D5E6-F7A8B9",
        period=date(2026, 10, 1),
        load_id="L1",
        staging=TableName("some-project", "staging", attempt),
    )


def classification(
    columns: list[str], partition: Partition = Partition.INGESTION
) -> Classification:
    load = load_of(Export(EXPORT, columns, partition))
    return classification_of(load, load_catalog(Cloud.GCP), site_from({}))


def project(*left_out: str) -> GoogleSql:
    """A project with the export, of which some columns are left out, as Google makes it."""
    made = GoogleSql()
    fields = [each for each in json.loads(billing_export_schema()) if each["name"] not in left_out]
    name = str(EXPORT).strip("`")
    made.create(create_from_schema(name, json.dumps(fields)))
    made.add_column(name, "_PARTITIONTIME", "TIMESTAMP")
    for text in functions().values():
        made.create(text)
    return made


def staged(googlesql: GoogleSql, steps: Classification) -> dict[str, dict[str, str]]:
    return {each.name: googlesql.create(each.create, each.parameters) for each in steps.statements}


def test_what_is_staged_has_the_columns_and_types_of_the_hubs_tables() -> None:
    googlesql = project()
    made = staged(googlesql, classification(COLUMNS))
    hub = {
        table.name: googlesql.create(create_table(f"p.d.{table.name}", table)) for table in tables()
    }
    hub["llm_costs"] = hub["gcp_llm_costs"]
    # Of the hub's own rows it is empty: only what other clouds publish says where it is from.
    assert hub["platform_costs"].pop("warehouse") == "STRING"
    for name in OUTPUTS:
        assert made[name] == hub[name.removeprefix("new_")], name
    assert set(LINE_NAMES) <= set(made["bill_lines"])


def test_the_export_without_its_newer_columns_and_in_other_partitions_is_understood() -> None:
    newer = ("resource", "tags", "seller_name", "cost_at_list", "adjustment_info", "system_labels")
    columns = [name for name in COLUMNS if name not in newer]
    for partition in Partition:
        made = staged(project(*newer), classification(columns, partition))
        assert len(made) == len(classification(columns).statements)


def test_what_is_understood_of_a_bill_is_classified_like_an_export_and_the_rest_is_told() -> None:
    rules, site, googlesql = load_catalog(Cloud.GCP), site_from({}), project("tags")
    export = Export(EXPORT, [name for name in COLUMNS if name != "tags"])
    steps = separation_of(load_of(export), rules, site)
    made = staged(googlesql, steps)
    assert made["faulty"] == {"row_id": "STRING", "fault": "STRING", "cost": "BIGNUMERIC"}
    told = googlesql.create(f"CREATE TABLE told AS {set_aside_sql(steps)}")
    assert told == {
        "line": "STRING",
        "fault": "STRING",
        "cost": "BIGNUMERIC",
        "readable": "BIGNUMERIC",
    }
    rest = export.copied_to(steps.table("understood"))
    assert rest.origin == export.origin
    again = classification_of(load_of(rest, "rest"), rules, site)
    assert staged(googlesql, again).keys() >= set(OUTPUTS)


@pytest.mark.parametrize("column", ["sku", "credits", "usage_end_time", "invoice"])
def test_a_column_that_the_export_has_not_is_refused(column: str) -> None:
    with pytest.raises(Exception, match=f"(?s){column}"):
        staged(project(column), classification(COLUMNS))


def test_the_versions_of_bills_can_be_asked_for() -> None:
    *_, query = bills_sql(Export(EXPORT, COLUMNS)).split(";\n\n")
    found = project().create(f"CREATE TABLE x AS {query}", {"exported_from": "2026-01-01"})
    assert found == {
        "account": "STRING",
        "month": "STRING",
        "line_count": "INT64",
        "cost": "BIGNUMERIC",
        "exported_at": "TIMESTAMP",
    }


def body(name: str) -> str:
    """What the function returns, as an expression over its arguments."""
    return functions()[name].split(" AS (", 1)[1].rsplit(")", 1)[0]


def evaluated(rows: str, expression: str) -> list[str]:
    return GoogleSql().evaluate(f"SELECT CAST({expression} AS STRING) FROM ({rows})")


def rounded(expression: str) -> str:
    return f"(SELECT {body('rounded')} FROM (SELECT {expression} AS value))"


def test_a_cost_is_converted_to_the_nano_dollar_as_it_is_by_hand() -> None:
    quotient = body("usd").strip().removeprefix("rounded(").removesuffix(")")
    for cost, rate, usd in GOLDEN:
        one = f"SELECT CAST('{cost}' AS NUMERIC) AS amount, CAST('{rate}' AS NUMERIC) AS rate"
        assert Decimal(evaluated(one, rounded(quotient))[0]) == Decimal(usd), (cost, rate)


DOUBLES = (0.1, 0.1 + 0.2, 1e-7 / 3, 0.1234567890123456, 123456789.12345679, -2.5e-10, 5e15, 0.0)


@pytest.mark.parametrize("value", DOUBLES)
def test_a_double_is_read_as_the_shortest_decimal_that_it_can_be(value: float) -> None:
    (found,) = evaluated(f"SELECT CAST('{value!r}' AS FLOAT64) AS value", body("shortest"))
    assert Decimal(found) == Decimal(repr(value))


def test_what_is_not_a_number_is_no_amount() -> None:
    for text in ("nan", "inf", "-inf"):
        rows = f"SELECT CAST('{text}' AS FLOAT64) AS value"
        inner = f"COALESCE(CAST(SAFE_CAST({body('shortest')} AS BIGNUMERIC) AS STRING), 'none')"
        assert evaluated(rows, inner) == ["none"]


@pytest.mark.parametrize(
    ("text", "left"), [("\u3000\u00a0\tacme \n", "acme"), ("\x85 \u2028", "nothing")]
)
def test_white_space_is_trimmed_as_for_files(text: str, left: str) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in text)
    rows = f"SELECT '{escaped}' AS value"
    assert evaluated(rows, f"COALESCE({body('trimmed')}, 'nothing')") == [left]
