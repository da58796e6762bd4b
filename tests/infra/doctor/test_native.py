"""What phase 2 needs beside phase 1, in each state: rights, providers, zones, offers and room."""

import urllib.request
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from infra.doctor.finding import Level
from infra.doctor.needs import needs
from infra.stages import Phase
from tests.infra.operator import ACCESS_KEY_SECRET, PAYER, SUBSCRIPTION, Operator, names

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
ROLE = f"arn:aws:iam::{PAYER}:role/deploy"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def native(person: Operator) -> None:
    person.config |= {"phase": 2, "dual_run": True}


@pytest.fixture
def in_aws(person: Operator, moto: str) -> None:
    reset = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=5).close()
    person.config["aws_scopes"] = [{"id": PAYER, "role": ROLE}]
    person.environment |= {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "fakeaccess",
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY_SECRET,
    }


def test_phase_1_asks_for_nothing_of_phase_2(person: Operator) -> None:
    person.config |= {"phase": 1, "dual_run": False}
    for part in ("Zones of", "Redshift", "Lambda", "Azure SQL", "Azure Functions"):
        assert person.examined(part) == []
    assert len(person.examined("resource providers")) == 3
    person.google.permissions = {each for need in needs("google") for each in need["permissions"]}
    assert person.one("Rights on the hub").level is Level.OK


def test_the_hub_must_be_let_trust_the_collectors(person: Operator) -> None:
    every = {each for need in needs("google", Phase.NATIVE) for each in need["permissions"]}
    person.google.permissions = every
    assert person.one("Rights on the hub").level is Level.OK
    person.google.permissions = every - {"iam.workloadIdentityPools.create"}
    found = person.one("Rights on the hub")
    assert found.name == "google-rights.missing"
    assert "roles/iam.workloadIdentityPoolAdmin" in found.remedy


def test_tasks_need_rights_that_functions_do_not(person: Operator) -> None:
    person.google.permissions = {
        each for need in needs("google", Phase.NATIVE) for each in need["permissions"]
    }
    assert person.one("Rights on the hub").level is Level.OK
    image = f"us-docker.pkg.dev/demo-costs/collectors/ai-cost@sha256:{'ab' * 32}"
    person.config |= {"gcp_runtime": "container", "gcp_image": image}
    found = person.one("Rights on the hub")
    assert found.name == "google-rights.missing"
    assert "run.jobs.create" in found.found
    assert "roles/run.admin" in found.remedy


@pytest.mark.usefixtures("in_aws")
def test_a_task_in_aws_needs_rights_that_the_lambda_does_not(person: Operator) -> None:
    person.aws.denied_actions = {"ecs:RegisterTaskDefinition", "ec2:CreateInternetGateway"}
    assert person.one("Rights in AWS").name == "aws-rights.ok"
    image = f"{PAYER}.dkr.ecr.us-east-1.amazonaws.com/ai-cost@sha256:{'ab' * 32}"
    person.config |= {"aws_native_runtime": "container", "aws_native_image": image}
    found = person.one("Rights in AWS")
    assert (
        "for the task and its network: ecs:RegisterTaskDefinition, ec2:CreateInternetGateway."
        in found.found
    )


@pytest.mark.parametrize(
    "namespace", ["Microsoft.App", "Microsoft.Sql", "Microsoft.Web", "Microsoft.Network"]
)
def test_each_provider_of_phase_2_must_be_registered(person: Operator, namespace: str) -> None:
    person.azure.registered[namespace] = "NotRegistered"
    found = [one for one in person.examined("resource providers") if one.level is not Level.OK]
    assert names(found) == ["azure-provider.missing"]
    assert f"--namespace {namespace} " in found[0].remedy


@pytest.mark.parametrize(
    ("sizes", "state", "said"),
    [
        ({"S0": "Available"}, "ok", "S0"),
        ({"S0": "Disabled"}, "closed", "is Disabled"),
        ({"S1": "Available"}, "closed", "is not there"),
        ({}, "closed", "Provisioning is restricted"),
    ],
)
def test_a_location_without_the_smallest_database_is_a_problem(
    person: Operator, sizes: dict[str, str], state: str, said: str
) -> None:
    person.azure.sql_sizes = sizes
    found = person.one("Azure SQL")
    assert found.name == f"azure-sql.{state}"
    assert said in found.found


def test_a_location_without_the_function_apps_plan_is_a_problem(person: Operator) -> None:
    assert person.one("Azure Functions").name == "azure-functions.ok"
    person.config["azure_location"] = "germanynorth"
    found = person.one("Azure Functions")
    assert (found.name, found.allowed) == ("azure-functions.closed", "eastus2, westeurope")


@pytest.mark.usefixtures("in_aws")
def test_zones_that_the_region_does_not_have_are_named(person: Operator) -> None:
    assert person.one("Zones of").name == "aws-zones.ok"
    person.config["aws_zones"] = ["a", "b", "z"]
    found = person.one("Zones of")
    assert (found.name, found.found) == ("aws-zones.missing", "z is not there.")
    assert found.allowed.startswith("three of a, b, c")


@pytest.mark.usefixtures("in_aws")
def test_an_account_full_of_workgroups_is_a_problem_unless_ours_is_among_them(
    person: Operator,
) -> None:
    assert person.one("Redshift Serverless").name == "aws-redshift.ok"
    person.aws.workgroups = [f"team-{number}" for number in range(25)]
    assert person.one("Redshift Serverless").name == "aws-redshift.full"
    person.aws.workgroups[24] = "ai-cost"
    assert person.one("Redshift Serverless").name == "aws-redshift.ok"


@pytest.mark.usefixtures("in_aws")
def test_an_account_where_no_lambda_more_can_run_or_be_kept_is_a_problem(
    person: Operator,
) -> None:
    assert person.one("Lambda in").name == "aws-lambda.ok"
    person.aws.code_bytes = 75 * 1024**3 - 1024**2
    assert person.one("Lambda in").name == "aws-lambda.no-room"
    person.aws.free_executions = 0
    assert person.one("Lambda in").name == "aws-lambda.reserved"


@pytest.mark.usefixtures("in_aws")
def test_rights_of_phase_2_are_asked_for_in_the_warehouses_account_alone(
    person: Operator,
) -> None:
    assert person.one("Rights in AWS").name == "aws-rights.ok"
    person.aws.denied_actions = {"redshift-serverless:CreateWorkgroup", "iam:PassRole"}
    warehouse, roles = person.examined("Rights in AWS")
    assert "for the warehouse: redshift-serverless:CreateWorkgroup." in warehouse.found
    assert "iam:PassRole" in roles.found

    other = "444455556666"
    person.config["aws_scopes"] = [
        {"id": PAYER, "role": ROLE},
        {"id": other, "role": ROLE.replace(PAYER, other)},
    ]
    person.config["aws_account"] = other
    found = [one.name for one in person.examined(f"Rights in AWS account {PAYER}")]
    assert found == ["aws-rights.ok"]
    assert person.examined(f"Redshift Serverless in {PAYER}") == []
