"""``infra doctor`` as an operator calls it: what it writes, its exit code, what it never does."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.azure_manager import OWNER
from tests.fakes.google_apis import CLIENT_SECRET, REFRESH_TOKEN, Dataset
from tests.fakes.google_apis import TOKEN as GOOGLE_TOKEN
from tests.fakes.grafana_api import TOKEN as GRAFANA_TOKEN
from tests.fakes.pulumi_cli import put_pulumi
from tests.infra.operator import (
    ACCESS_KEY_SECRET,
    ACCOUNT,
    PROJECT,
    SUBSCRIPTION,
    SUFFIX,
    TENANT,
    Operator,
    operator,
)

TABLE = f"gcp_billing_export_resource_v1_{SUFFIX}"
STATE = f"{PROJECT}-pulumi-state"


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    """Somebody with a healthy environment of Google and Azure, and no AWS."""
    with operator(tmp_path) as someone:
        put_pulumi(someone.programs, url=f"gs://{STATE}", token=GRAFANA_TOKEN)
        google = someone.google
        google.buckets[STATE] = {
            "versioning": {"enabled": True},
            "iamConfiguration": {"publicAccessPrevention": "enforced"},
        }
        written = str(int(datetime.now(UTC).timestamp() * 1000))
        google.datasets[f"{PROJECT}.billing"] = Dataset(
            "US", {TABLE: {"lastModifiedTime": written}}
        )
        table = f"{PROJECT}.billing.{TABLE}"
        someone.config |= {
            "clouds": ["azure", "gcp"],
            "gcp_scopes": [{"id": ACCOUNT, "table": table}],
        }
        someone.extra = {"secretsprovider": f"gcpkms://projects/{PROJECT}/key"}
        scope = f"/subscriptions/{SUBSCRIPTION}"
        someone.azure.roles[scope] = [OWNER]
        someone.azure.subscriptions[scope] = {
            "tenantId": TENANT,
            "state": "Enabled",
            "subscriptionPolicies": {"quotaId": "PayAsYouGo_2014-09-01"},
        }
        yield someone


def levels(person: Operator) -> dict[str, str]:
    """The worst level of each check."""
    worst = ["problem", "warning", "not checked", "ok"]
    found: dict[str, str] = {}
    for one in json.loads(person.call("doctor", "--json").stdout):
        before = found.get(one["check"], "ok")
        found[one["check"]] = min(before, one["level"], key=worst.index)
    return found


def test_a_healthy_environment_ends_with_exit_code_0(person: Operator) -> None:
    answer = person.call("doctor")
    assert answer.exit_code == 0, answer.output
    assert "problem    " not in answer.output
    assert "0 problem" in answer.output.splitlines()[-1]
    found = levels(person)
    for check in ("pulumi-cli", "state", "google-login", "billing-export", "azure-rights"):
        assert found[check] == "ok"


def test_one_problem_ends_with_exit_code_1_and_its_remedy(person: Operator) -> None:
    person.google.datasets.clear()
    answer = person.call("doctor")
    assert answer.exit_code == 1
    text = answer.output
    assert f"problem      Billing export of {ACCOUNT}: The configuration names" in text
    assert f"do:      Console > Billing > {ACCOUNT} > Billing export" in text
    assert "1 problem" in text.splitlines()[-1]


def test_json_says_the_same_for_programs(person: Operator) -> None:
    text, answer = person.call("doctor"), person.call("doctor", "--json")
    assert answer.exit_code == 0
    findings = json.loads(answer.stdout)
    keys = {"check", "state", "level", "about", "found", "allowed", "remedy"}
    assert all(set(one) == keys for one in findings)
    counts = Counter(one["level"] for one in findings)
    for level, count in counts.items():
        assert f"{count} {level}" in text.output.splitlines()[-1]


def test_a_missing_login_of_one_cloud_keeps_no_other_from_being_checked(person: Operator) -> None:
    healthy = levels(person)
    (person.programs / "az").unlink()
    without_azure = levels(person)
    assert without_azure["azure-login"] == "problem"
    assert {check: level for check, level in without_azure.items() if level == "problem"} == {
        "azure-login": "problem"
    }
    for check, level in healthy.items():
        if not check.startswith("azure"):
            assert without_azure.get(check) == level or check == "check"

    person.google.expired = True
    without_both = levels(person)
    assert without_both["google-login"] == "problem"
    assert without_both["grafana-token"] == healthy["grafana-token"]


def test_no_secret_is_shown_in_any_form(person: Operator) -> None:
    person.config["clouds"] = ["aws", "azure", "gcp"]
    person.environment |= {
        "AWS_ACCESS_KEY_ID": "fakeaccess",
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY_SECRET,
    }
    secrets = (
        GOOGLE_TOKEN, REFRESH_TOKEN, CLIENT_SECRET, GRAFANA_TOKEN, ACCESS_KEY_SECRET,
        person.azure.token,
    )  # fmt: skip
    for arguments in ((), ("--json",)):
        answer = person.call("doctor", *arguments)
        assert answer.output
        for secret in secrets:
            assert secret not in answer.output + answer.stderr


def test_nothing_is_changed(person: Operator) -> None:
    person.call("doctor")
    questions = {"/v1/oauthtoken", f"/v1/projects/{PROJECT}:testIamPermissions"}
    google = {one.path for one in person.google.requests if one.method != "GET"}
    assert google <= questions
    assert all(one.method == "GET" for one in person.azure.requests)
    assert person.google.messages == []


def test_what_the_stack_does_not_set_is_told_once_for_each_cloud(person: Operator) -> None:
    for key in ("azure_subscription", "azure_scopes", "grafana_url"):
        del person.config[key]
    answer = person.call("doctor")
    assert answer.output.count("azure_subscription is not set") == 1
    assert "pulumi config set --type string 'grafana_url' 'VALUE'" in answer.output
    assert "set --path --type string 'azure_scopes[0].id' 'VALUE'" in answer.output
    assert answer.exit_code == 0


def test_a_login_is_sent_to_no_address_that_is_not_safe(person: Operator) -> None:
    person.address["bigquery"] = "http://bigquery.example.com"
    answer = person.call("doctor")
    assert answer.exit_code == 1
    assert "would send a login" in answer.stderr
    assert person.google.requests == []


def test_mistakes_in_the_configuration_come_first(person: Operator) -> None:
    person.config["gcp_region"] = "atlantis"
    answer = person.call("doctor")
    assert answer.exit_code == 1
    assert "gcp_region" in answer.stderr
