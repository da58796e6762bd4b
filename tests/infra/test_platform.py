"""Phase 1 as a whole, recorded: what must hold for every resource, in preview and in up."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
import yaml

from infra.bundles import Planned, Runtime
from infra.platform import build
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.policies.secrecy import keeps
from infra.recording import Recording, record
from infra.settings import SECRETS, Settings

pytestmark = pytest.mark.slow

SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
TOKEN = "glsa-of-tests"
OWN = {
    "gcp_project": "demo-costs",
    "gcp_scopes": '[{"id": "01E214-63C8A3-9E57E3"}]',
    "aws_scopes": '[{"id": "111122223333"}, {"id": "444455556666"}]',
    "azure_subscription": SUBSCRIPTION,
    "azure_tenant": "00000000-0000-4000-8000-00000000000b",
    "azure_storage_account": "democosts",
    "azure_scopes": json.dumps([{"id": f"/subscriptions/{SUBSCRIPTION}"}]),
    "grafana_url": "https://grafana.example.com",
    "grafana_token": TOKEN,
    "notify": '["mailto:platform@example.com"]',
}


OWN_GRAFANA = {"grafana": "cloud-run", "grafana_viewers": '["group:finops@example.com"]'}
KEY = "gcp:serviceaccount/key:Key"


def bundle_of(runtime: Runtime) -> Planned:
    return Planned(Path(f"/nowhere/{runtime}-0.zip"), "0")


def recorded(root: Path, changes: Mapping[str, str], *, preview: bool) -> Recording:
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    defaults = {
        key: entry["default"] if isinstance(entry["default"], str) else json.dumps(entry["default"])
        for key, entry in project["config"].items()
        if "default" in entry
    }

    def program() -> None:
        build(Settings.load(), bundle_of=bundle_of, today=date(2026, 11, 24))

    return record(program, {**defaults, **OWN, **changes}, secrets=SECRETS, preview=preview)


@pytest.fixture(scope="module", params=[True, False], ids=["preview", "up"])
def phase1(request: pytest.FixtureRequest) -> Recording:
    return recorded(request.config.rootpath, {}, preview=request.param)


def test_every_resource_stands_in_a_component_and_names_its_provider(phase1: Recording) -> None:
    for resource in phase1.resources:
        if resource.custom and not resource.is_provider:
            assert "ai-cost-monitoring:" in resource.parent, resource.urn
            assert resource.provider, resource.urn
            assert "::default" not in resource.provider, resource.urn


@pytest.mark.parametrize("changes", [{}, OWN_GRAFANA], ids=["external", "cloud-run"])
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_no_policy_is_broken(root: Path, changes: Mapping[str, str], preview: bool) -> None:
    graph = as_registered(
        recorded(root, changes, preview=preview).resources, {"managed-by": "ai-cost-monitoring"}
    )
    assert [str(violation) for violation in check(graph, [*POLICIES, keeps([TOKEN])])] == []


def test_an_external_grafana_gets_folder_source_dashboards_and_rules(phase1: Recording) -> None:
    packages = {r.type.partition(":")[0] for r in phase1.resources if r.custom}
    assert "grafana" in packages
    for token in ("grafana:oss/folder:Folder", "grafana:oss/dataSource:DataSource"):
        assert len(phase1.of_type(token)) == 1, token
    assert phase1.of_type("grafana:oss/dashboard:Dashboard")
    assert phase1.of_type("grafana:alerting/ruleGroup:RuleGroup")
    assert not phase1.of_type("gcp:cloudrunv2/service:Service")


def test_a_grafana_in_google_cloud_needs_no_key(root: Path) -> None:
    by_key = recorded(root, {}, preview=False)
    by_metadata = recorded(root, {"grafana_access": "metadata"}, preview=False)
    assert len(by_key.of_type(KEY)) == 1
    assert not by_metadata.of_type(KEY)


def test_our_own_grafana_asks_for_no_other_and_no_key(root: Path) -> None:
    own = recorded(root, OWN_GRAFANA, preview=False)
    assert not [r for r in own.resources if r.type.startswith(("grafana:", "pulumi:providers:gra"))]
    assert not own.of_type(KEY)
    [service] = own.of_type("gcp:cloudrunv2/service:Service")
    assert service.inputs["template"]["serviceAccount"].startswith("grafana-reader@")
    assert own.outputs["grafana"] == "https://ai-cost-grafana-123456789012.us-central1.run.app"


def hub_environment(found: Recording) -> Mapping[str, str]:
    (job,) = (
        each
        for each in found.of_type("gcp:cloudfunctionsv2/function:Function")
        if each.inputs["name"] == "hub-daily"
    )
    return job.inputs["serviceConfig"]["environmentVariables"]


def test_alerts_reach_people_whoever_evaluates_the_rules(root: Path) -> None:
    policies = "gcp:monitoring/alertPolicy:AlertPolicy"
    rules = "grafana:alerting/ruleGroup:RuleGroup"
    elsewhere = recorded(root, {}, preview=False)
    own = recorded(root, {**OWN_GRAFANA, "docs_url": "https://code.example.com"}, preview=False)
    channels = {
        f"{each.name}-id"
        for each in own.of_type("gcp:monitoring/notificationChannel:NotificationChannel")
    }
    assert elsewhere.of_type(rules)
    assert not own.of_type(rules)
    more = {each.name for each in own.of_type(policies)} - {
        each.name for each in elsewhere.of_type(policies)
    }
    assert more == {"alerts-policy"}
    (policy,) = (each for each in own.of_type(policies) if each.name in more)
    assert set(policy.inputs["notificationChannels"]) == channels
    assert "(https://code.example.com/$" in policy.inputs["documentation"]["content"]
    assert hub_environment(elsewhere)["COST_GRAFANA_URL"] == OWN["grafana_url"]
    assert hub_environment(own)["COST_GRAFANA_URL"] == own.outputs["grafana"]


def test_every_component_says_what_it_gives_last(phase1: Recording) -> None:
    components = {r.urn for r in phase1.resources if not r.custom}
    assert components <= phase1.registered_outputs


def test_there_is_one_job_for_each_cloud_and_one_of_the_hub(phase1: Recording) -> None:
    jobs = phase1.of_type("gcp:cloudscheduler/job:Job")
    assert {(job.inputs["name"], job.inputs["schedule"]) for job in jobs} == {
        ("aws-daily-etl", "0 3 * * *"),
        ("azure-daily-etl", "0 4 * * *"),
        ("gcp-daily-etl", "0 5 * * *"),
        ("hub-daily", "0 6 * * *"),
    }
    assert {job.inputs["timeZone"] for job in jobs} == {"Etc/UTC"}


def test_the_token_stands_in_no_resource_in_clear(phase1: Recording) -> None:
    for resource in phase1.resources:
        if TOKEN in json.dumps(resource.inputs):
            assert resource.is_provider, resource.urn


def test_each_payer_account_has_a_login_a_bucket_an_export_and_a_role_of_its_own(
    phase1: Recording,
) -> None:
    for token in (
        "pulumi:providers:aws",
        "aws:s3/bucket:Bucket",
        "aws:bcmdata/export:Export",
        "aws:iam/role:Role",
    ):
        assert len(phase1.of_type(token)) == 2, token


def test_no_two_resources_of_a_type_have_the_same_urn(phase1: Recording) -> None:
    urns = [resource.urn for resource in phase1.resources]
    assert len(urns) == len(set(urns))


@pytest.mark.parametrize("clouds", [["gcp"], ["aws"], ["azure"], ["aws", "gcp"]])
def test_any_subset_of_clouds_is_a_subset_of_the_resources(root: Path, clouds: list[str]) -> None:
    every = {r.urn for r in recorded(root, {}, preview=False).resources}
    some = recorded(root, {"clouds": json.dumps(clouds)}, preview=False)
    assert {r.urn for r in some.resources} < every
    packages = {r.type.partition(":")[0] for r in some.resources if r.custom}
    assert ("aws" in packages, "azure-native" in packages) == ("aws" in clouds, "azure" in clouds)


def test_what_is_adopted_is_not_made(root: Path) -> None:
    adopt = {
        "bucket": "theirs",
        "bucket_region": "eu-west-1",
        "export": "daily",
        "export_prefix": "exports",
        "collector_role": "arn:aws:iam::111122223333:role/reads-bills",
    }
    scopes = json.dumps([{"id": "111122223333", "adopt": adopt}])
    made = recorded(root, {"aws_scopes": scopes}, preview=False)
    assert not [r for r in made.resources if r.type.startswith("aws:")]
    [function] = [
        r
        for r in made.of_type("gcp:cloudfunctionsv2/function:Function")
        if r.inputs["name"] == "aws-daily-etl"
    ]
    [scope] = json.loads(function.inputs["serviceConfig"]["environmentVariables"]["COST_SCOPES"])
    assert scope == {
        "id": "111122223333",
        "role_arn": "arn:aws:iam::111122223333:role/reads-bills",
        "region": "eu-west-1",
        "bucket": "theirs",
        "prefix": "exports",
        "export": "cur2",
    }
