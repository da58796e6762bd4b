import json
from functools import partial

import pytest

from infra.recording import Recording
from tests.infra.gcp.hub import EXPORT, build_hub, one, recorded, schema

TABLE = "gcp:bigquery/table:Table"


@pytest.fixture(scope="module", params=[True, False], ids=["preview", "up"])
def waiting(request: pytest.FixtureRequest) -> Recording:
    return recorded(partial(build_hub, table=None), preview=request.param)


def stand_ins(recording: Recording) -> list[str]:
    return [table.name for table in recording.of_type(TABLE) if table.name.startswith("export-")]


def tables_read(recording: Recording) -> dict[str, str]:
    function = one(recording, "gcp:cloudfunctionsv2/function:Function", "gcp-daily-etl-function")
    return json.loads(function.inputs["serviceConfig"]["environmentVariables"]["COST_SCOPES"])


def test_an_empty_table_stands_in_for_an_export_that_is_not_switched_on(waiting: Recording) -> None:
    table = one(waiting, TABLE, "export-stand-in")
    assert table.inputs["tableId"] == "billing_export_stand_in"
    assert table.inputs["datasetId"] == "multi_cloud_costs"


def test_the_empty_table_has_the_columns_that_google_documents(waiting: Recording) -> None:
    columns = {column["name"]: column for column in schema(one(waiting, TABLE, "export-stand-in"))}
    assert columns.keys() >= {
        "billing_account_id", "service", "sku", "usage_start_time", "usage_end_time", "project",
        "labels", "system_labels", "location", "cost", "currency", "currency_conversion_rate",
        "usage", "credits", "invoice", "cost_type", "export_time", "resource",
    }  # fmt: skip
    assert columns["credits"]["mode"] == "REPEATED"
    assert {field["name"] for field in columns["invoice"]["fields"]} >= {"month"}


def test_the_empty_table_is_partitioned_by_time_of_loading_as_google_s_is(
    waiting: Recording,
) -> None:
    partitioning = one(waiting, TABLE, "export-stand-in").inputs["timePartitioning"]
    assert partitioning == {"type": "DAY"}


def test_the_empty_table_may_go_when_the_real_one_is_known(waiting: Recording) -> None:
    table = one(waiting, TABLE, "export-stand-in")
    assert not table.protect
    assert table.inputs["deletionProtection"] is False


def test_once_the_real_table_is_known_nothing_stands_in_for_it(either: Recording) -> None:
    assert stand_ins(either) == []


def test_the_job_reads_the_real_table_once_it_is_known_and_the_empty_one_before() -> None:
    known, unknown = recorded(), recorded(partial(build_hub, table=None))
    assert tables_read(known) == {"01E214-63C8A3-9E57E3": EXPORT}
    assert tables_read(unknown) == {
        "01E214-63C8A3-9E57E3": "demo-costs.multi_cloud_costs.billing_export_stand_in"
    }


def test_before_there_is_an_export_no_one_is_granted_a_dataset_of_others(
    waiting: Recording,
) -> None:
    grants = waiting.of_type("gcp:bigquery/datasetIamMember:DatasetIamMember")
    assert {grant.inputs["project"] for grant in grants} == {"demo-costs"}
