import pytest

from infra.gcp.grants import grants, writer_permissions
from infra.recording import Recorded, Recording
from tests.infra.gcp.hub import DATASET, JOBS, PROJECT, STAGING

ACCOUNT = "gcp:serviceaccount/account:Account"
JOB_USER = ("demo-costs", "roles/bigquery.jobUser")
ROWS = (DATASET, "warehouse-writer")  # a recording answers with the resource's own name
STAGED = (STAGING, "roles/bigquery.dataEditor")
ADDS = ("demo-costs-archive", "roles/storage.objectCreator")
READS = ("demo-costs-archive", "roles/storage.objectViewer")
SITE = ("demo-costs-site", "roles/storage.objectViewer")
EXPORT = ("acme-billing/billing", "roles/bigquery.dataViewer")
COLLECTS = {JOB_USER, ROWS, STAGED, ADDS, READS, SITE}


def granted(recording: Recording, account: str) -> list[Recorded]:
    member = f"serviceAccount:{account}@recorded.iam.gserviceaccount.com"
    return [r for r in recording.resources if r.inputs.get("member") == member]


def place(grant: Recorded) -> str:
    inputs = grant.inputs
    if "datasetId" in inputs:
        own = inputs["project"] == PROJECT
        return inputs["datasetId"] if own else f"{inputs['project']}/{inputs['datasetId']}"
    return str(inputs.get("bucket") or inputs["project"])


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("aws-daily-etl", COLLECTS),
        ("azure-daily-etl", COLLECTS),
        ("gcp-daily-etl", COLLECTS | {EXPORT}),
        ("hub-daily", {JOB_USER, ROWS, READS, SITE}),
    ],
)
def test_the_account_of_a_job_may_do_what_its_job_needs_and_nothing_else(
    hub: Recording, job: str, expected: set[tuple[str, str]]
) -> None:
    found = granted(hub, job)
    assert {(place(grant), grant.inputs["role"]) for grant in found} == expected
    assert len(found) == len(expected)


def test_only_the_job_of_google_s_bills_reads_the_billing_export(hub: Recording) -> None:
    readers = [
        grant.inputs["member"]
        for grant in hub.of_type("gcp:bigquery/datasetIamMember:DatasetIamMember")
        if grant.inputs["project"] == "acme-billing"
    ]
    assert readers == ["serviceAccount:gcp-daily-etl@recorded.iam.gserviceaccount.com"]


def test_every_job_has_an_account_of_its_own(either: Recording) -> None:
    accounts = [account.inputs["accountId"] for account in either.of_type(ACCOUNT)]
    assert len(set(accounts)) == len(accounts)
    assert set(JOBS) <= set(accounts)


def test_every_function_runs_as_the_account_of_its_job(hub: Recording) -> None:
    functions = hub.of_type("gcp:cloudfunctionsv2/function:Function")
    assert {
        f.inputs["name"]: f.inputs["serviceConfig"]["serviceAccountEmail"] for f in functions
    } == {job: f"{job}@recorded.iam.gserviceaccount.com" for job in JOBS}


def test_no_job_can_delete_or_overwrite_an_archived_file(hub: Recording) -> None:
    harmless = {"roles/storage.objectCreator", "roles/storage.objectViewer"}
    for grant in hub.of_type("gcp:storage/bucketIAMMember:BucketIAMMember"):
        assert grant.inputs["role"] in harmless, grant.urn


def test_pubsub_alone_makes_tokens_of_the_account_that_pushes(hub: Recording) -> None:
    [grant] = hub.of_type("gcp:serviceaccount/iAMMember:IAMMember")
    assert grant.inputs["role"] == "roles/iam.serviceAccountTokenCreator"
    assert grant.inputs["member"] == (
        "serviceAccount:services-pubsub-agent@recorded.iam.gserviceaccount.com"
    )
    assert grant.inputs["serviceAccountId"] == "push-account"


def test_the_account_that_pushes_may_call_the_jobs_and_nothing_else(hub: Recording) -> None:
    found = granted(hub, "ai-cost-push")
    assert {(g.type, g.inputs["role"]) for g in found} == {
        ("gcp:cloudrunv2/serviceIamMember:ServiceIamMember", "roles/run.invoker")
    }
    assert sorted(grant.inputs["name"] for grant in found) == sorted(JOBS)


def test_the_account_that_builds_reads_bundles_and_writes_images(hub: Recording) -> None:
    found = {
        (grant.inputs["role"], str(grant.inputs.get("condition", {}).get("expression")))
        for grant in granted(hub, "ai-cost-build")
    }
    assert found == {
        ("roles/logging.logWriter", "None"),
        ("roles/storage.objectViewer", "None"),
        (
            "roles/storage.objectViewer",
            'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")',
        ),
        ("roles/artifactregistry.writer", "None"),
    }
    [bundles] = [g for g in granted(hub, "ai-cost-build") if "bucket" in g.inputs]
    assert bundles.inputs["bucket"] == "demo-costs-bundles"


def test_grafana_queries_and_reads_the_dataset_of_costs_alone(hub: Recording) -> None:
    found = granted(hub, "ai-cost-grafana")
    assert {(place(grant), grant.inputs["role"]) for grant in found} == {
        JOB_USER,
        (DATASET, "roles/bigquery.dataViewer"),
    }


def test_every_grant_and_permission_has_a_reason() -> None:
    assert all(len(grant.reason) > 20 for grant in grants())
    names = [grant.name for grant in grants()]
    assert sorted(set(names)) == sorted(names)
    assert len(set(writer_permissions())) == len(writer_permissions())
