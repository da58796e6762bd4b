"""Google's billing export in each state; what a table is called is Google's documentation."""

from datetime import timedelta

import pytest

from infra.doctor.finding import Level
from tests.fakes.google_apis import Dataset
from tests.infra.operator import ACCOUNT, NOW, PROJECT, SUFFIX, Operator

STANDARD = f"gcp_billing_export_v1_{SUFFIX}"
DETAILED = f"gcp_billing_export_resource_v1_{SUFFIX}"
CLICKS = f"Console > Billing > {ACCOUNT} > Billing export > BigQuery export"


def table(hours: float = 3) -> dict[str, object]:
    return {"lastModifiedTime": str(int((NOW - timedelta(hours=hours)).timestamp() * 1000))}


def put(person: Operator, dataset: str, location: str, *tables: str, hours: float = 3) -> None:
    person.google.datasets[dataset] = Dataset(location, {name: table(hours) for name in tables})


def configure(person: Operator, name: str) -> None:
    person.config["gcp_scopes"] = [{"id": ACCOUNT, "table": name}]


def test_a_missing_export_comes_with_the_clicks_and_the_dataset_to_make(person: Operator) -> None:
    found = person.one("billing export")
    assert found.name == "billing-export.missing"
    assert found.level is Level.PROBLEM
    assert CLICKS in found.remedy
    assert f"bq --location=US mk --dataset {PROJECT}:billing_export" in found.remedy


def test_a_dataset_for_it_without_a_table_is_awaited(person: Operator) -> None:
    put(person, f"{PROJECT}.billing_export", "US")
    found = person.one("billing export")
    assert found.name == "billing-export.awaited"
    assert CLICKS in found.remedy


def test_a_table_that_is_not_configured_comes_with_the_command(person: Operator) -> None:
    put(person, f"{PROJECT}.billing_export", "US", STANDARD, DETAILED)
    found = person.one("billing export")
    assert found.name == "billing-export.not-configured"
    assert (
        f"pulumi config set --path 'gcp_scopes[0].table' {PROJECT}.billing_export.{DETAILED}"
        in found.remedy
    )


def test_the_command_names_the_scopes_own_place_in_the_list(person: Operator) -> None:
    other = "02E214-63C8A3-9E57E3"
    person.config["gcp_scopes"] = [{"id": other}, {"id": ACCOUNT}]
    put(person, f"{PROJECT}.billing_export", "US", DETAILED)
    first, second = person.examined("billing export")

    assert (first.name, second.name) == ("billing-export.awaited", "billing-export.not-configured")
    assert "gcp_scopes[1].table" in second.remedy


def test_the_export_of_another_account_is_not_taken_for_it(person: Operator) -> None:
    put(person, f"{PROJECT}.costs", "US", "gcp_billing_export_v1_02E214_63C8A3_9E57E3")
    assert person.one("billing export").name == "billing-export.missing"


def test_a_table_in_another_location_is_detected_and_explained(person: Operator) -> None:
    put(person, f"{PROJECT}.billing", "europe-west1", DETAILED)
    found = person.one("billing export")
    assert found.name == "billing-export.location"
    assert found.level is Level.PROBLEM
    assert "europe-west1" in found.found
    assert "bigquery_location" in found.found
    assert "pulumi config set bigquery_location europe-west1" in found.remedy
    assert "bq --location=US mk" in found.remedy


def test_of_two_tables_the_one_in_the_right_location_counts(person: Operator) -> None:
    put(person, f"{PROJECT}.a_billing", "EU", DETAILED)
    put(person, f"{PROJECT}.b_billing", "US", STANDARD)
    found = person.one("billing export")
    assert found.name == "billing-export.not-configured"
    assert f"b_billing.{STANDARD}" in found.remedy


def test_a_table_beyond_the_first_page_is_found(person: Operator) -> None:
    many = [f"a_{number:04}" for number in range(1500)]
    put(person, f"{PROJECT}.billing", "US", *many, DETAILED)
    assert person.one("billing export").name == "billing-export.not-configured"


@pytest.mark.parametrize(
    ("name", "hours", "expected"),
    [
        (DETAILED, 3, "ok"),
        (STANDARD, 3, "standard"),
        (DETAILED, 47.9, "ok"),
        (DETAILED, 48.1, "stale"),
    ],
)
def test_a_configured_table_is_judged_by_its_last_write(
    person: Operator, name: str, hours: float, expected: str
) -> None:
    put(person, "acme-billing.billing", "US", name, hours=hours)
    configure(person, f"acme-billing.billing.{name}")
    assert person.one("billing export").name == f"billing-export.{expected}"


def test_a_configured_table_in_another_location_is_a_problem(person: Operator) -> None:
    person.config["bigquery_location"] = "EU"
    put(person, "acme-billing.billing", "US", DETAILED)
    configure(person, f"acme-billing.billing.{DETAILED}")
    assert person.one("billing export").name == "billing-export.location"


def test_a_configured_table_that_is_gone_is_a_problem(person: Operator) -> None:
    configure(person, f"acme-billing.billing.{DETAILED}")
    found = person.one("billing export")
    assert found.name == "billing-export.gone"
    assert CLICKS in found.remedy


def test_a_table_that_the_login_may_not_see_is_not_checked(person: Operator) -> None:
    configure(person, f"acme-billing.billing.{DETAILED}")
    person.google.refused = {"bigquery"}
    assert person.one("billing export").name == "billing-export.other-project"


def test_without_google_in_clouds_no_export_is_looked_for(person: Operator) -> None:
    person.config["clouds"] = ["aws"]
    assert person.examined("billing export") == []
