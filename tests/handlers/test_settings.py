import json
from decimal import Decimal

import pytest

from handlers.record import Cloud
from handlers.scopes import AwsExport, AwsScope, document
from handlers.settings import (
    VARIABLES,
    Name,
    PushSignature,
    RuntimeSettings,
    SettingsError,
    environment,
    names_for,
)
from tests.handlers.environments import ACCOUNT, AUDIENCE, SCOPES, SHARED, of_job

JOBS: list[Cloud | None] = [*Cloud, None]


def mistakes(env: dict[str, str]) -> dict[str, str]:
    """Name and what was found, of each mistake."""
    with pytest.raises(SettingsError) as caught:
        RuntimeSettings.from_environment(env)
    for mistake in caught.value.mistakes:
        assert mistake.allowed
        assert "pulumi up" in mistake.remedy
        assert str(mistake) in str(caught.value)
    return {mistake.name: mistake.found for mistake in caught.value.mistakes}


@pytest.mark.parametrize("cloud", JOBS)
def test_what_infra_writes_the_runtime_reads(cloud: Cloud | None) -> None:
    read = RuntimeSettings.from_environment(of_job(cloud))
    assert read.cloud is cloud
    assert (read.project, read.location) == ("hub-project", "EU")
    assert (read.dataset, read.staging_dataset) == (
        "multi_cloud_costs",
        "multi_cloud_costs_staging",
    )
    assert read.archive == "gs://hub-project-ai-cost-archive"
    assert read.site == "gs://hub-project-ai-cost-site/site"
    assert (read.push.audience, read.push.account) == (AUDIENCE, ACCOUNT)
    assert read.push.signature is PushSignature.CLOUD_RUN
    assert (read.azure is not None) == (cloud is Cloud.AZURE)
    assert read.shrink_hold_share == (None if cloud is None else Decimal("0.2"))
    assert [scope.id for scope in read.scopes] == ([] if cloud is None else [SCOPES[cloud]["id"]])


def test_a_scope_is_read_with_its_types() -> None:
    [scope] = RuntimeSettings.from_environment(of_job(Cloud.AWS)).scopes
    assert scope == AwsScope(
        id="210987654321",
        role_arn="arn:aws:iam::210987654321:role/ai-cost-collector",
        region="us-east-1",
        bucket="aws-cost-exports-210987654321",
        prefix="cost-reports",
        export=AwsExport.CUR2,
    )


def test_every_name_is_described_once_and_read_by_some_job() -> None:
    assert [variable.name for variable in VARIABLES] == list(Name)
    assert {name for cloud in JOBS for name in names_for(cloud)} == set(Name)
    assert all(variable.meaning.endswith(".") for variable in VARIABLES)


def test_infra_can_neither_forget_a_name_nor_make_one_up() -> None:
    with pytest.raises(ValueError, match="missing COST_JOB"):
        environment(None, dict(SHARED))
    with pytest.raises(ValueError, match="not read COST_SCOPES"):
        environment(None, {**SHARED, Name.JOB: "hub-daily", Name.SCOPES: "[]"})
    with pytest.raises(ValueError, match="takes exactly id, role_arn"):
        document(AwsScope, id="210987654321", bucket="b")


def test_all_mistakes_are_reported_at_once() -> None:
    env = of_job(Cloud.AZURE)
    del env["COST_DATASET"]
    env |= {
        "COST_JOB": "Azure Job",
        "COST_ARCHIVE": "s3://archive",
        "COST_SHRINK_HOLD_SHARE": "20%",
        "COST_AZURE_TENANT": "contoso",
        "COST_PUSH_SIGNATURE": "none",
    }
    assert mistakes(env) == {
        "COST_JOB": "'Azure Job'",
        "COST_DATASET": "not set",
        "COST_ARCHIVE": "'s3://archive'",
        "COST_SHRINK_HOLD_SHARE": "'20%'",
        "COST_AZURE_TENANT": "'contoso'",
        "COST_PUSH_SIGNATURE": "'none'",
    }


def test_an_empty_environment_names_all_that_the_hub_needs() -> None:
    assert list(mistakes({})) == list(names_for(None))


@pytest.mark.parametrize("text", ["AwS", "aws", "Oracle"])
def test_a_cloud_that_is_none_is_one_mistake_not_many(text: str) -> None:
    assert mistakes({**of_job(Cloud.AWS), "COST_CLOUD": text}) == {"COST_CLOUD": f"'{text}'"}


def test_a_job_is_not_given_what_it_does_not_read() -> None:
    env = {**of_job(None), "COST_SCOPES": "[]"}
    assert mistakes(env) == {"COST_SCOPES": "'[]'"}


def test_no_scope_is_allowed() -> None:
    assert RuntimeSettings.from_environment(of_job(Cloud.GCP, [])).scopes == ()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"id": "12345"}, "scope 1, id"),
        ({"id": 210987654321}, "scope 1, id"),
        ({"role_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}, "scope 1, role_arn"),
        ({"bucket": "Exports"}, "scope 1, bucket"),
        ({"prefix": "/cost-reports"}, "scope 1, prefix"),
        ({"export": "cur"}, "scope 1, export"),
        ({"secret": "x"}, "scope 1"),
    ],
)
def test_a_scope_with_a_wrong_value_is_named_with_its_place(
    change: dict[str, str], where: str
) -> None:
    env = of_job(Cloud.AWS, [{**SCOPES[Cloud.AWS], **change}])
    assert list(mistakes(env)) == [f"COST_SCOPES {where}"]


def test_a_scope_named_twice_is_refused_for_it_would_count_twice() -> None:
    azure = SCOPES[Cloud.AZURE]
    env = of_job(Cloud.AZURE, [azure, {**azure, "id": azure["id"].upper().replace("SUB", "sub")}])
    assert mistakes(env) == {"COST_SCOPES": f"{azure['id'].lower()} twice"}


@pytest.mark.parametrize("text", ["{}", "[1]", "nothing", "[" * 20_000, json.dumps([{}])])
def test_scopes_that_are_no_list_of_objects_are_refused(text: str) -> None:
    assert mistakes({**of_job(Cloud.GCP), "COST_SCOPES": text})
