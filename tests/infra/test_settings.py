"""Settings: every mistake at once, each with the key, what is allowed and the command."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from handlers.record import Cloud
from infra.grafana_settings import Hosting
from infra.reading import ConfigError
from infra.recording import record
from infra.scopes import AwsAdoption
from infra.settings import KEYS, SECRETS, Settings
from infra.stages import Phase

SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
OWN = {
    "gcp_project": "demo-costs",
    "gcp_scopes": '[{"id": "01E214-63C8A3-9E57E3"}]',
    "aws_scopes": '[{"id": "111122223333"}]',
    "azure_subscription": SUBSCRIPTION,
    "azure_tenant": "00000000-0000-4000-8000-00000000000b",
    "azure_storage_account": "democosts",
    "azure_scopes": json.dumps([{"id": f"/subscriptions/{SUBSCRIPTION}"}]),
    "grafana_url": "https://grafana.example.com",
    "grafana_token": "glsa-of-tests",
}


@pytest.fixture(scope="module")
def shipped(request: pytest.FixtureRequest) -> dict[str, str]:
    """The defaults of Pulumi.yaml as the engine hands them over, and what a user must set."""
    project = yaml.safe_load((request.config.rootpath / "Pulumi.yaml").read_text(encoding="utf-8"))
    defaults = {
        key: entry["default"] if isinstance(entry["default"], str) else json.dumps(entry["default"])
        for key, entry in project["config"].items()
        if "default" in entry
    }
    return {**defaults, **OWN}


def settings(shipped: Mapping[str, str], **changes: object) -> Settings:
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in changes.items()}
    return Settings.read("test", {**shipped, **texts}, None)


def mistakes(shipped: Mapping[str, str], **changes: object) -> dict[str, str]:
    with pytest.raises(ConfigError) as error:
        settings(shipped, **changes)
    return {mistake.key: str(mistake) for mistake in error.value.mistakes}


def test_the_shipped_defaults_and_a_users_own_values_make_phase_1_of_three_clouds(
    shipped: dict[str, str],
) -> None:
    found = settings(shipped)
    assert found.phase is Phase.HUB
    assert found.clouds == set(Cloud)
    assert found.gcp.dataset == "multi_cloud_costs"
    assert found.labels == {"managed-by": "ai-cost-monitoring"}
    assert found.grafana.hosting is Hosting.EXTERNAL
    assert found.aws is not None
    assert found.azure is not None
    jobs = (found.aws.job, found.azure.job, found.gcp.collect_job, found.gcp.hub_job)
    assert [(job.name, job.schedule) for job in jobs] == [
        ("aws-daily-etl", "0 3 * * *"),
        ("azure-daily-etl", "0 4 * * *"),
        ("gcp-daily-etl", "0 5 * * *"),
        ("hub-daily", "0 6 * * *"),
    ]
    assert found.aws.bucket_name(found.aws.scopes[0]) == "aws-cost-exports-111122223333"


def test_pulumi_yaml_describes_and_defaults_every_key_that_is_read(root: Path) -> None:
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    entries = {k: v for k, v in project["config"].items() if ":" not in k}
    assert all(v["description"] and "default" in v for v in entries.values())
    empty = dict.fromkeys(entries, "")
    with pytest.raises(ConfigError) as error:
        Settings.read("test", {**empty, "clouds": '["aws", "azure", "gcp"]'}, None)
    assert not [m for m in error.value.mistakes if "is no key" in str(m)]
    assert set(KEYS) <= set(entries)


def test_every_mistake_is_told_at_once_with_its_command(shipped: dict[str, str]) -> None:
    found = mistakes(
        shipped,
        phase="3",
        gcp_region="mars",
        aws_scopes='[{"id": "12"}]',
        gcp_projct="x",
        grafana_url="http://grafana.example.com",
    )
    assert set(found) == {"phase", "gcp_region", "aws_scopes[0].id", "gcp_projct", "grafana_url"}
    assert "Allowed: 1 or 2" in found["phase"]
    assert "pulumi config set --type string 'phase' '1'" in found["phase"]
    assert "--path --type string 'aws_scopes[0].id' '111122223333'" in found["aws_scopes[0].id"]
    assert "Is 'gcp_project' meant?" in found["gcp_projct"]
    assert "https" in found["grafana_url"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gcp_project", ""),
        ("gcp_project", "Upper"),
        ("bigquery_location", "Mars"),
        ("clouds", '["aws", "oracle"]'),
        ("clouds", "[]"),
        ("clouds", "aws"),
        ("labels", '{"managed-by": "me"}'),
        ("labels", '{"team": 3}'),
        ("notify", '["me@example.com"]'),
        ("shrink_hold_share", "1.5"),
        ("parity_days", "0"),
        ("monthly_revenue_usd", "a lot"),
        ("aws_schedule", "at three"),
        ("azure_tenant", "my-tenant"),
        ("azure_storage_account", "Has-Dash"),
        ("grafana", "somewhere"),
        ("grafana_url", "https://user:secret@grafana.example.com"),
        ("grafana_token", ""),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_its_key(
    shipped: dict[str, str], key: str, value: str
) -> None:
    assert [k.partition("[")[0].partition(".")[0] for k in mistakes(shipped, **{key: value})] == [
        key
    ]


@pytest.mark.parametrize(
    "scopes",
    [
        [
            {"id": "/providers/Microsoft.Billing/billingAccounts/1:2_2019"},
            {"id": "/providers/Microsoft.Billing/billingAccounts/1:2_2019/billingProfiles/AB-CD"},
        ],
        [{"id": f"/subscriptions/{SUBSCRIPTION}"}, {"id": f"/Subscriptions/{SUBSCRIPTION}"}],
        [{"id": f"/subscriptions/{SUBSCRIPTION}", "adopt": {"export": "old"}}],
        [{"id": "/subscriptions/12"}],
        [{"id": f"/subscriptions/{SUBSCRIPTION}", "adobt": {}}],
    ],
)
def test_azure_scopes_that_overlap_or_say_too_little_are_refused(
    shipped: dict[str, str], scopes: object
) -> None:
    assert mistakes(shipped, azure_scopes=scopes)


def test_what_exists_is_adopted_by_its_id(shipped: dict[str, str]) -> None:
    adopt = {"bucket": "old-exports", "bucket_region": "eu-west-1", "export": "daily"}
    found = settings(shipped, aws_scopes=[{"id": "111122223333", "adopt": adopt}]).aws
    assert found is not None
    assert found.scopes[0].adopt == AwsAdoption(
        bucket="old-exports", bucket_region="eu-west-1", export="daily"
    )
    assert found.bucket_name(found.scopes[0]) == "old-exports"


def test_an_account_id_that_was_stored_as_a_number_keeps_its_leading_zeros(
    shipped: dict[str, str],
) -> None:
    found = settings(shipped, aws_scopes=[{"id": 1122223333}]).aws
    assert found is not None
    assert found.scopes[0].id == "001122223333"


def test_the_export_of_another_billing_account_is_refused(shipped: dict[str, str]) -> None:
    table = "acme.billing.gcp_billing_export_v1_0A1B2C_0A1B2C_0A1B2C"
    assert "gcp_scopes[0].table" in mistakes(
        shipped, gcp_scopes=[{"id": "01E214-63C8A3-9E57E3", "table": table}]
    )


def test_a_cloud_that_is_not_chosen_needs_no_settings(shipped: dict[str, str]) -> None:
    found = settings(shipped, clouds=["gcp"], azure_tenant="", aws_scopes="[]")
    assert (found.aws, found.azure) == (None, None)


def test_no_workflow_is_trusted_until_a_repository_is_named(shipped: dict[str, str]) -> None:
    assert settings(shipped).pipeline is None
    found = settings(shipped, ci_repository="acme@1/costs@2", ci_environment="prod").pipeline
    assert found is not None
    assert found.preview_subject == "repo:acme@1/costs@2:environment:prod-preview"
    assert found.deploy_subject == "repo:acme@1/costs@2:environment:prod"
    assert found.state_bucket == "demo-costs-pulumi-state"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ci_repository", "acme"),
        ("ci_repository", "acme/*"),
        ("ci_repository", "acme/costs' || true"),
        ("ci_repository", "acme@1/costs"),
        ("ci_environment", "prod:x"),
        ("ci_state_key", "pulumi-state"),
    ],
)
def test_a_repository_that_could_mean_another_is_refused(
    shipped: dict[str, str], key: str, value: str
) -> None:
    changes = {"ci_repository": "acme/costs", key: value}
    assert set(mistakes(shipped, **changes)) == {key}


def test_a_preview_that_could_only_work_through_a_deployers_role_is_refused(
    shipped: dict[str, str],
) -> None:
    role = "arn:aws:iam::111122223333:role/deploy"
    scopes = [{"id": "111122223333", "role": role}]
    said = mistakes(shipped, ci_repository="acme/costs", aws_scopes=scopes)
    assert "a role to work through" in said["ci_repository"]


def _load() -> None:
    Settings.load()


@pytest.mark.parametrize("plain", ["grafana_token", "grafana_sql_client_secret"])
def test_a_secret_in_plain_text_is_refused_without_being_shown(
    shipped: dict[str, str], plain: str
) -> None:
    phase2 = {"grafana_sql_client_id": SUBSCRIPTION, "grafana_addresses": '["203.0.113.7"]'}
    values = {**shipped, **phase2, "grafana_sql_client_secret": "closed", plain: "open-to-all"}
    others = [key for key in SECRETS if key != plain]
    with pytest.raises(ConfigError) as error:
        record(_load, values, secrets=others, preview=True)
    assert [mistake.key for mistake in error.value.mistakes] == [plain]
    assert "open-to-all" not in str(error.value)
    assert f"pulumi config set --secret {plain}" in str(error.value)
    record(_load, values, secrets=SECRETS, preview=True)
