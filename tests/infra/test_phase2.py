"""Phase 2 as a whole, recorded: what must hold for every resource, in preview and in up."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from handlers.native import AwsSettings, AzureSettings
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.policies.secrecy import keeps
from infra.reading import ConfigError
from infra.recording import Recorded, Recording
from infra.stages import Stage, keys_of
from infra.updates import Change, unlisted, unused
from tests.infra.test_platform import OWN_GRAFANA, TOKEN, recorded

pytestmark = pytest.mark.slow

HOME, OTHER = "111122223333", "444455556666"
SECRET = "client-secret-of-tests"
READER = "00000000-0000-4000-8000-0000000000aa"
DETAIL = {
    "aws_account": HOME,
    "grafana_sql_client_id": READER,
    "grafana_sql_client_secret": SECRET,
    "grafana_private_connect": "pdc-acme",
}
DASHBOARD = "grafana:oss/dashboard:Dashboard"
PRIVATE = {"azure_sql_route": "private-endpoint"}


def in_stage(
    root: Path, stage: Stage, changes: Mapping[str, str] | None = None, *, preview: bool = False
) -> Recording:
    keys = {key: json.dumps(value) for key, value in keys_of(stage, ["acme"]).items()}
    return recorded(root, {**DETAIL, **keys, **(changes or {})}, preview=preview)


@pytest.fixture(scope="module")
def single(request: pytest.FixtureRequest) -> Recording:
    return in_stage(request.config.rootpath, Stage.SINGLE)


@pytest.fixture(scope="module")
def dual(request: pytest.FixtureRequest) -> Recording:
    return in_stage(request.config.rootpath, Stage.DUAL)


@pytest.fixture(scope="module")
def native(request: pytest.FixtureRequest) -> Recording:
    return in_stage(request.config.rootpath, Stage.NATIVE)


@pytest.mark.parametrize("changes", [{}, PRIVATE, OWN_GRAFANA], ids=["vnet", "private", "own"])
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "up"])
def test_no_policy_is_broken_in_phase_2(
    root: Path, changes: Mapping[str, str], preview: bool
) -> None:
    recording = in_stage(root, Stage.DUAL, changes, preview=preview)
    graph = as_registered(recording.resources, {"managed-by": "ai-cost-monitoring"})
    violations = check(graph, [*POLICIES, keeps([TOKEN, SECRET])])
    assert [str(violation) for violation in violations] == []


def test_every_resource_of_phase_2_stands_in_a_component_that_says_what_it_gives(
    dual: Recording,
) -> None:
    for resource in dual.resources:
        if not resource.custom:
            assert resource.urn in dual.registered_outputs, resource.urn
        elif not resource.is_provider:
            assert "ai-cost-monitoring:" in resource.parent, resource.urn
            assert "::default" not in resource.provider, resource.urn


def test_phase_1_is_a_part_of_phase_2_with_the_same_inputs(
    single: Recording, dual: Recording
) -> None:
    before, after = by_urn(single), by_urn(dual)
    assert before.keys() < after.keys()
    for urn, resource in before.items():
        assert after[urn].inputs == resource.inputs, urn
        assert after[urn].protect == resource.protect, urn


@pytest.mark.parametrize("stage", [Stage.PILOT, Stage.ALL])
def test_moving_customers_changes_no_resource(root: Path, dual: Recording, stage: Stage) -> None:
    moved, before = by_urn(in_stage(root, stage)), by_urn(dual)
    assert {u: r.inputs for u, r in moved.items()} == {u: r.inputs for u, r in before.items()}


def test_the_native_stage_changes_what_is_listed_and_keeps_all_that_is_protected(
    dual: Recording, native: Recording
) -> None:
    before, after = by_urn(dual), by_urn(native)
    changes = [Change("delete", before[urn].name) for urn in before.keys() - after.keys()]
    changes += [
        Change("update", before[urn].name)
        for urn in before.keys() & after.keys()
        if before[urn].inputs != after[urn].inputs
    ]
    assert unlisted(changes, Stage.ALL, Stage.NATIVE) == set()
    assert unused(changes, Stage.ALL, Stage.NATIVE) == []
    assert {urn for urn, one in before.items() if one.protect} <= after.keys()


def test_both_collectors_can_read_the_environment_that_they_get(dual: Recording) -> None:
    [function] = dual.of_type("aws:lambda/function:Function")
    aws = AwsSettings.from_environment(function.inputs["environment"]["variables"])
    assert [scope.id for scope in aws.runtime.scopes] == [HOME, OTHER]
    assert aws.runtime.archive == f"s3://ai-cost-archive-{HOME}"
    [app] = dual.of_type("azure-native:web:WebApp")
    pairs = {one["name"]: one["value"] for one in app.inputs["siteConfig"]["appSettings"]}
    azure = AzureSettings.from_environment(pairs)
    archive = "https://democostsarc.blob.core.windows.net/"
    assert azure.runtime.archive.startswith(archive)
    assert azure.google.token_scope == "api://AzureADTokenExchange/.default"
    [_, reader] = azure.sql.principals
    assert (reader.name, str(reader.client_id)) == ("ai-cost-grafana", READER)


def test_no_environment_holds_a_key(dual: Recording) -> None:
    [app] = dual.of_type("azure-native:web:WebApp")
    settings = {one["name"] for one in app.inputs["siteConfig"]["appSettings"]}
    assert "AzureWebJobsStorage" not in settings
    assert {
        "AzureWebJobsStorage__accountName",
        "AzureWebJobsStorage__credential",
        "AzureWebJobsStorage__clientId",
    } <= settings


def test_three_sources_of_grafana_reach_three_warehouses_each_by_its_route(
    dual: Recording,
) -> None:
    sources = {one.inputs["type"]: one for one in dual.of_type("grafana:oss/dataSource:DataSource")}
    assert sources.keys() == {
        "grafana-bigquery-datasource",
        "grafana-redshift-datasource",
        "mssql",
    }
    redshift = json.loads(sources["grafana-redshift-datasource"].inputs["jsonDataEncoded"])
    assert redshift["useServerless"] is True
    assert "url" not in sources["grafana-redshift-datasource"].inputs
    sql = sources["mssql"].inputs
    assert sql["url"] == "democosts-sql.database.windows.net:1433"
    assert sql["privateDataSourceConnectNetworkId"] == "pdc-acme"
    assert json.loads(sql["jsonDataEncoded"])["encrypt"] == "true"


def test_each_cloud_has_a_page_that_asks_its_own_warehouse_and_comes_after_its_source(
    single: Recording, dual: Recording
) -> None:
    added = by_urn(dual).keys() - by_urn(single).keys()
    pages = {
        json.loads(one.inputs["configJson"])["uid"]: one
        for one in dual.of_type(DASHBOARD)
        if one.urn in added
    }
    assert pages.keys() == {"aws-detail", "azure-detail", "gcp-detail", "clouds-side-by-side"}
    sources = {
        json.loads(one.inputs["jsonDataEncoded"]).get("database", "hub"): one.urn
        for one in dual.of_type("grafana:oss/dataSource:DataSource")
    }
    for one in pages.values():
        assert one.inputs["folder"] == "ai-cost"
        assert set(sources.values()) <= set(one.dependencies)


def test_without_a_way_into_azure_sql_its_page_is_left_out(root: Path) -> None:
    changes = {"grafana_sql_client_id": "", "grafana_sql_client_secret": ""}
    shown = in_stage(root, Stage.DUAL, {**changes, "grafana_private_connect": ""})
    uids = {json.loads(one.inputs["configJson"])["uid"] for one in shown.of_type(DASHBOARD)}
    assert "azure-detail" not in uids
    assert {"aws-detail", "gcp-detail", "clouds-side-by-side"} <= uids


def test_a_grafana_of_our_own_asks_the_hub_alone_and_gets_no_key_of_aws(root: Path) -> None:
    own = in_stage(root, Stage.DUAL, OWN_GRAFANA)
    assert not own.of_type("aws:iam/accessKey:AccessKey")
    assert not own.of_type("grafana:oss/dataSource:DataSource")


def test_the_private_route_has_an_endpoint_and_no_public_one(root: Path) -> None:
    private = in_stage(root, Stage.DUAL, PRIVATE)
    [server] = private.of_type("azure-native:sql:Server")
    assert server.inputs["publicNetworkAccess"] == "Disabled"
    assert len(private.of_type("azure-native:network:PrivateEndpoint")) == 1
    assert not private.of_type("azure-native:sql:VirtualNetworkRule")
    assert not private.of_type("azure-native:sql:FirewallRule")


def test_named_addresses_of_grafana_come_in_one_by_one(root: Path) -> None:
    named = in_stage(root, Stage.DUAL, {"grafana_addresses": '["203.0.113.7", "203.0.113.9"]'})
    rules = named.of_type("azure-native:sql:FirewallRule")
    assert {(r.inputs["startIpAddress"], r.inputs["endIpAddress"]) for r in rules} == {
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.9", "203.0.113.9"),
    }


def test_every_action_of_every_new_role_is_named_and_only_listing_names_no_resource(
    dual: Recording,
) -> None:
    for policy in dual.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            actions = statement["Action"]
            named = [actions] if isinstance(actions, str) else actions
            assert not [action for action in named if "*" in action], policy.urn
            if statement["Resource"] == "*":
                assert statement["Sid"] in {"HearOfOwnStatements", "ReadTotals"}, policy.urn


def test_the_publishers_may_change_shared_tables_and_no_clouds_lines(dual: Recording) -> None:
    granted: dict[str, set[str]] = {}
    for one in dual.of_type("gcp:bigquery/iamMember:IamMember"):
        granted.setdefault(one.inputs["member"], set()).add(one.inputs["tableId"])
    assert {member.partition("@")[0] for member in granted} == {
        "serviceAccount:aws-native-publisher",
        "serviceAccount:azure-native-publisher",
    }
    for tables in granted.values():
        assert "daily_costs" in tables
        assert not [table for table in tables if table.endswith("llm_costs")]
    for one in dual.of_type("gcp:bigquery/datasetIamMember:DatasetIamMember"):
        if "native-publisher" in one.inputs["member"]:
            whole = one.inputs["datasetId"] == "multi_cloud_costs"
            assert not whole or one.inputs["role"] == "roles/bigquery.metadataViewer"


def test_redshift_is_private_small_and_bounded(dual: Recording) -> None:
    [workgroup] = dual.of_type("aws:redshiftserverless/workgroup:Workgroup")
    assert workgroup.inputs["baseCapacity"] == workgroup.inputs["maxCapacity"] == 4
    assert workgroup.inputs["publiclyAccessible"] is False
    [limit] = dual.of_type("aws:redshiftserverless/usageLimit:UsageLimit")
    assert (limit.inputs["amount"], limit.inputs["breachAction"]) == (12, "deactivate")
    [namespace] = dual.of_type("aws:redshiftserverless/namespace:Namespace")
    assert namespace.protect
    assert namespace.retain_on_delete
    assert not [name for name in namespace.inputs if "Password" in name and name[0] == "a"]


def test_a_schedule_a_delivery_and_a_dead_letter_stand_around_the_lambda(
    dual: Recording,
) -> None:
    [schedule] = dual.of_type("aws:scheduler/schedule:Schedule")
    assert schedule.inputs["scheduleExpression"] == "cron(30 3 * * ? *)"
    target = schedule.inputs["target"]
    assert json.loads(target["input"]) == {"run": "daily"}
    assert target["retryPolicy"]["maximumRetryAttempts"] > 0
    [rule] = dual.of_type("aws:cloudwatch/eventRule:EventRule")
    [key] = json.loads(rule.inputs["eventPattern"])["detail"]["object"]["key"]
    assert key == {"wildcard": "cost-reports/llm-cost-export/metadata/*Manifest.json"}
    # A bucket of another account tells nobody here, and an owner's notifications are the owner's.
    [notification] = dual.of_type("aws:s3/bucketNotification:BucketNotification")
    assert notification.inputs["bucket"] == f"aws-cost-exports-{HOME}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"aws_account": ""}, "aws_account: is not set, and there are several payer accounts"),
        ({"aws_account": "999900001111"}, "aws_account: is '999900001111'"),
        ({"aws_zones": '["a", "a", "b"]'}, "aws_zones: names 2 zones"),
        ({"redshift_capacity": "6"}, "redshift_capacity: is 6"),
        ({"azure_sql_route": "open"}, "azure_sql_route: is 'open'"),
        ({"grafana_addresses": '["0.0.0.0"]'}, "grafana_addresses[0]: is '0.0.0.0'"),
        ({"grafana_private_connect": ""}, "Grafana would not reach Azure SQL"),
        ({"grafana_sql_client_secret": ""}, "grafana_sql_client_secret: is not set"),
        (
            {"azure_sql_route": "private-endpoint", "grafana_addresses": '["203.0.113.7"]'},
            "there is no public endpoint",
        ),
        ({"aws_native_schedule": "0 3 1 * 1"}, "aws_native_schedule: is '0 3 1 * 1'"),
        ({"dual_run": "false"}, "does not name everyone"),
    ],
)
def test_a_mistake_in_phase_2s_configuration_is_told_with_its_remedy(
    root: Path, changes: Mapping[str, str], told: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)) as refused:
        in_stage(root, Stage.DUAL, changes)
    assert "    pulumi config " in str(refused.value)


def by_urn(recording: Recording) -> dict[str, Recorded]:
    return {resource.urn: resource for resource in recording.resources}
