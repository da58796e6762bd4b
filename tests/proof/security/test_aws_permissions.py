"""Every action that the product asks of AWS is granted, and every granted action is asked for."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import boto3
import botocore
import duckdb
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session

from handlers.errors import CostError
from handlers.tables import LOADED
from handlers.warehouses.redshift.jobs import Batch, Jobs
from handlers.warehouses.redshift.names import Place
from handlers.warehouses.redshift.staging import Staging
from tests.proof.conftest import Tried
from tests.proof.security.aws_calls import ROOT, VARIABLE, Calls, written_down
from tests.proof.security.environment import phase2

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

EXISTING = (
    "sources/aws/test_s3.py::"
    "test_an_export_is_read_part_by_part_and_a_second_run_reads_manifests_alone",
    "sources/aws/test_cost_explorer.py::"
    "test_all_pages_are_read_and_each_is_counted_as_a_request_that_costs",
    "sources/aws/test_credentials.py::"
    "test_a_token_of_google_is_traded_once_for_keys_that_all_requests_bear",
    "archive/test_s3.py::test_what_is_kept_comes_back_and_is_kept_once",
    "archive/test_s3.py::test_another_content_under_the_same_name_is_refused_and_changes_nothing",
    "runtimes/test_aws_clients.py::test_a_payers_role_is_taken_on_by_the_functions_own",
    "runtimes/test_aws_clients.py::"
    "test_the_site_data_of_the_last_run_is_used_while_the_hub_is_away",
)
"""Tests of the collector over moto, which between them make every request but those of Redshift."""

TRANSFERS = {"upload_file": ("PutObject",), "download_file": ("HeadObject", "GetObject")}
"""What boto3's own helpers ask, for a file of one part."""


@cache
def data() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("aws_permissions.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    folder = tmp_path_factory.mktemp("calls")
    return of_existing_tests(folder / "calls.json") | of_redshift(folder)


def of_existing_tests(file: Path) -> Calls:
    """What the collector's own tests ask of moto."""
    words = ["-n", "0", "-q", "-p", "no:cacheprovider", "-p", "tests.proof.security.aws_calls"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *(f"tests/handlers/{test}" for test in EXISTING)],
        cwd=ROOT,
        # What the caller wants of the outer run, a file of results for one, is not for this one.
        env={**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(ROOT), VARIABLE: str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return {(path, operation) for path, operation in json.loads(file.read_text("utf-8"))}


def of_redshift(folder: Path) -> Calls:
    """What the warehouse asks, of a service that answers as planned in place of the network."""
    with written_down() as found, closing(planned("redshift-data")) as redshift:
        jobs = Jobs(client=redshift, workgroup="ai-cost", database="costs", sleep=lambda _: None)
        assert jobs.rows("a question", Batch(("SELECT 1",), {})) == [{"one": 1}]
        with suppress(CostError):
            jobs.run("a transaction", Batch(("SELECT 1",), {}), "its-name")
        with closing(planned("s3")) as s3, duckdb.connect() as connection:
            staging = Staging(s3, Place("staging", "loads"), folder)
            for table in LOADED:
                columns = ", ".join(f'"{one.name}" {one.type}' for one in table.fields)
                connection.execute(f"CREATE TEMP TABLE new_{table.name} ({columns})")
            first = LOADED[0]
            connection.execute(
                f"INSERT INTO new_{first.name} BY NAME SELECT DATE '2026-11-01' AS date"
            )
            with suppress(CostError):
                staging.fill(connection, "attempt")
            with suppress(CostError, duckdb.Error):
                staging.fetch("attempt", first, folder / "found.parquet")
            staging.drop("attempt")
    return found


REPLIES: Mapping[str, object] = {
    "ExecuteStatement": {"Id": "1"},
    "BatchExecuteStatement": EndpointConnectionError(endpoint_url="https://redshift"),
    "DescribeStatement": {"Status": "FINISHED", "HasResultSet": True},
    "GetStatementResult": {"ColumnMetadata": [{"name": "one"}], "Records": [[{"longValue": 1}]]},
    "ListStatements": {"Statements": []},
    "ListObjectsV2": {"Contents": [{"Key": "loads/attempt/llm_costs_000.parquet"}]},
    "HeadObject": {"ContentLength": 4, "ETag": '"1"'},
    "PutObject": {},
    "DeleteObjects": {},
}


def planned(service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """A client that asks nobody: botocore's hook gives the reply before anything is sent."""
    sdk: Any = boto3
    client = sdk.client(
        service,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def reply(model: Any, **_: object) -> tuple[Any, object]:  # noqa: ANN401
        answer = REPLIES.get(model.name)
        if answer is None:
            answer = EndpointConnectionError(endpoint_url=model.name)
        if isinstance(answer, Exception):
            raise answer
        return _Ok(), answer

    client.meta.events.register(f"before-call.{service}", reply)
    return client


class _Ok:
    status_code = 200
    headers: Mapping[str, str] = {}


def used(calls: Calls) -> Mapping[str, set[str]]:
    """The actions that each role asks for, with those that AWS itself asks for."""
    found: dict[str, set[str]] = defaultdict(set)
    for file, operation in calls:
        for role in data()["rooms"][file]:
            found[role] |= set(data()["operations"][operation])
    for entry in data()["unrecorded"]:
        found[entry["role"]] |= set(entry["actions"])
    return {role: actions for role, actions in found.items() if actions}


def statements() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each role's rights, but those of CI's: administrators grant what it may deploy."""
    for resource in phase2().of_type("aws:iam/rolePolicy:RolePolicy"):
        name = role_name(str(resource.inputs["role"]))
        for statement in json.loads(str(resource.inputs["policy"]))["Statement"]:
            if not name.startswith("ai-cost-ci-"):
                yield name, statement


def role_name(resource: str) -> str:
    """The name in AWS of the role registered as ``resource``."""
    roles = phase2().of_type("aws:iam/role:Role")
    [found] = [one for one in roles if resource in (one.name, one.inputs["name"])]
    return str(found.inputs["name"])


def granted() -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for role, statement in statements():
        assert statement["Effect"] == "Allow"
        found[role] |= set(listed(statement["Action"]))
    return dict(found)


def listed(value: object) -> Sequence[str]:
    return cast("list[str]", value) if isinstance(value, list) else [str(value)]


def test_each_role_is_granted_exactly_what_is_asked_of_aws(calls: Calls, tried: Tried) -> None:
    asked, given = used(calls), granted()
    assert asked.keys() == given.keys()
    for role, actions in asked.items():
        assert given[role] == actions, role
    tried("an action of a role in AWS, granted and used", sum(map(len, given.values())))


def test_the_recorded_run_makes_every_request_that_the_code_can_make(calls: Calls) -> None:
    assert {file for file, _ in calls} == set(data()["rooms"])
    for file in data()["rooms"]:
        if file.endswith("credentials.py"):
            continue  # botocore asks STS there by itself.
        source = (ROOT / file).read_text("utf-8")
        recorded = {operation.partition(":")[2] for path, operation in calls if path == file}
        assert set(requests(source)) == recorded, file


def test_no_other_file_of_the_product_asks_aws() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "handlers").rglob("*.py")
        if any(requests(path.read_text("utf-8")))
    }
    known = {file for file in data()["rooms"] if not file.endswith("credentials.py")}
    assert found == known


def test_what_is_listed_as_unrecorded_is_not_recorded_and_says_why(calls: Calls) -> None:
    recorded: dict[str, set[str]] = defaultdict(set)
    for file, operation in calls:
        for role in data()["rooms"][file]:
            recorded[role] |= set(data()["operations"][operation])
    for entry in data()["unrecorded"]:
        assert entry["reason"].endswith(".")
        assert entry["source"].startswith("https://")
        assert "on" in entry or not recorded[entry["role"]] & set(entry["actions"])


def requests(source: str) -> Iterator[str]:
    """The operations that a file's text names: methods of boto3's clients and its helpers."""
    for call in re.findall(r"client(?:\(\))?\s*\.(\w+)\(", source):
        yield from TRANSFERS.get(call, ())
        if call in operations():
            yield operations()[call]
    for name in re.findall(r"get_paginator\(\"(\w+)\"\)", source):
        yield operations()[name]


@cache
def operations() -> Mapping[str, str]:
    """The methods of the clients that the product makes, and the operations they are for."""
    loaded: Any = Session()
    untyped: Any = botocore
    return {
        str(untyped.xform_name(name)): str(name)
        for service in ("s3", "ce", "redshift-data")
        for name in loaded.get_service_model(service).operation_names
    }
