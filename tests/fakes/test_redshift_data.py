"""The fake of the Data API refuses what the service refuses, and does what it does."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.postgres import postgres
from tests.fakes.redshift_data import FakeRedshift, fake_redshift

pytestmark = pytest.mark.engine

WHERE = {"WorkgroupName": "w", "Database": "d"}


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def fake(database: str) -> Iterator[FakeRedshift]:
    with fake_redshift(database, None) as made:
        yield made


@pytest.fixture
def client(fake: FakeRedshift) -> Iterator[Any]:
    sdk: Any = boto3
    made = sdk.client(
        "redshift-data",
        endpoint_url=fake.url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


def ended(client: Any, statement: str) -> dict[str, Any]:  # noqa: ANN401
    while (found := client.describe_statement(Id=statement))["Status"] == "STARTED":
        time.sleep(0.02)
    return found


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "41 statements": ("batch_execute_statement", {"Sqls": ["SELECT 1"] * 41}, "less than or equal"),
    "over 100 kB": ("execute_statement", {"Sql": "SELECT '" + "x" * 100_000 + "'"}, "100kB"),
    "an empty value": (
        "execute_statement",
        {"Sql": "SELECT :a", "Parameters": [{"name": "a", "value": ""}]},
        "greater than or equal to 1",
    ),
    "a value for nobody": (
        "execute_statement",
        {"Sql": "SELECT 1", "Parameters": [{"name": "a", "value": "1"}]},
        "not referenced",
    ),
    "a long token": ("execute_statement", {"Sql": "SELECT 1", "ClientToken": "x" * 65}, "too long"),
}


@pytest.mark.parametrize(("method", "asked", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_service_refuses_is_refused(
    client: Any,  # noqa: ANN401
    method: str,
    asked: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
        getattr(client, method)(**WHERE, **asked)


def test_a_token_is_one_statement_and_is_refused_for_another(client: Any) -> None:  # noqa: ANN401
    first = client.execute_statement(Sql="SELECT 1", ClientToken="t", **WHERE)
    again = client.execute_statement(Sql="SELECT 1", ClientToken="t", **WHERE)
    assert first["Id"] == again["Id"]
    with pytest.raises(ClientError, match="ValidationException"):
        client.execute_statement(Sql="SELECT 2", ClientToken="t", **WHERE)


def test_a_batch_that_fails_is_rolled_back_and_says_where(client: Any) -> None:  # noqa: ANN401
    sqls = [
        "CREATE SCHEMA llm_costs",
        "CREATE TABLE llm_costs.t (a BIGINT)",
        "SELECT 1 / 0",
        "SELECT 2",
    ]
    found = ended(client, client.batch_execute_statement(Sqls=sqls, **WHERE)["Id"])
    assert (found["Status"], found["Error"]) == ("FAILED", "ERROR: division by zero")
    statuses = [each["Status"] for each in found["SubStatements"]]
    assert statuses == ["FINISHED", "FINISHED", "FAILED", "ABORTED"]
    there = client.execute_statement(Sql="SELECT a FROM llm_costs.t", **WHERE)
    assert "does not exist" in ended(client, there["Id"])["Error"]


def test_a_batch_goes_on_without_its_client_and_is_found_by_its_name(
    client: Any,  # noqa: ANN401
    fake: FakeRedshift,
) -> None:
    held = threading.Event()
    fake.before_statement = lambda _place, _sql: held.wait(20)
    client.batch_execute_statement(
        Sqls=["CREATE SCHEMA llm_costs"], StatementName="made_1", **WHERE
    )
    for other in ("made_10", "other"):
        client.execute_statement(Sql="SELECT 1", StatementName=other, **WHERE)
    listed = client.list_statements(StatementName="made_1")["Statements"]
    assert [each["StatementName"] for each in listed] == ["made_1", "made_10"]
    held.set()
    assert ended(client, listed[0]["Id"])["Status"] == "FINISHED"
    assert fake.query("SELECT nspname FROM pg_namespace WHERE nspname = 'llm_costs'")


def test_a_text_that_has_more_bytes_than_its_column_is_refused(client: Any) -> None:  # noqa: ANN401
    sqls = ["CREATE TEMP TABLE t (a VARCHAR(4))", "INSERT INTO t (a) VALUES ('漢漢')"]
    found = ended(client, client.batch_execute_statement(Sqls=sqls, **WHERE)["Id"])
    assert found["Status"] == "FAILED"
