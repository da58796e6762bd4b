"""Pulumi in each state: the CLI, plug-ins, where state is kept, the key of its secrets."""

import pytest

from infra.doctor.finding import Level
from tests.fakes.pulumi_cli import PLUGINS, put_pulumi
from tests.infra.operator import PROJECT, Operator, names

STATE = f"{PROJECT}-pulumi-state"
CLOSED = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
VERSIONS = {"versioning": {"enabled": True}}


def test_a_missing_cli_is_a_problem_and_what_needs_it_is_not_checked(person: Operator) -> None:
    cli, plugins, state, _ = person.examined("Pulumi") + person.examined("key of the state")
    assert cli.name == "pulumi-cli.missing"
    assert cli.level is Level.PROBLEM
    assert "get.pulumi.com" in cli.remedy
    assert {plugins.level, state.level} == {Level.NOT_CHECKED}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v3.259.0", "ok"),
        ("v3.272.0", "ok"),
        ("v4.0.0", "ok"),
        ("v3.258.9", "old"),
        ("v3.99.0", "old"),
        ("nonsense", "unknown"),
    ],
)
def test_the_clis_version_is_judged(person: Operator, version: str, expected: str) -> None:
    put_pulumi(person.programs, version=version)
    found = person.one("Pulumi's CLI")
    assert found.name == f"pulumi-cli.{expected}"
    assert version in found.found


def test_plugins_are_compared_with_the_sdks(person: Operator) -> None:
    put_pulumi(person.programs, plugins={**PLUGINS, "gcp": "9.0.0"})
    found = person.examined("plug-ins")
    assert names(found) == [
        "pulumi-plugin.ok", "pulumi-plugin.ok", "pulumi-plugin.missing", "pulumi-plugin.ok",
    ]  # fmt: skip
    assert found[2].remedy == "pulumi plugin install resource gcp v10.2.0"


def test_only_the_plugins_in_use_are_looked_for(person: Operator) -> None:
    put_pulumi(person.programs, plugins={})
    person.config["clouds"] = ["gcp"]
    remedies = [one.remedy for one in person.examined("plug-ins")]
    assert [remedy.split()[4] for remedy in remedies] == ["gcp", "grafana"]


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        (VERSIONS | CLOSED, "bucket"),
        (CLOSED, "unversioned"),
        ({"versioning": {"enabled": False}} | CLOSED, "unversioned"),
        (VERSIONS | {"iamConfiguration": {"publicAccessPrevention": "inherited"}}, "public"),
        (VERSIONS, "public"),
        ({}, "gone"),
    ],
)
def test_a_bucket_of_googles_is_judged(
    person: Operator, bucket: dict[str, object], expected: str
) -> None:
    put_pulumi(person.programs, url=f"gs://{STATE}")
    person.google.buckets = {STATE: bucket} if bucket else {}
    found = person.one("Pulumi's state")
    assert found.name == f"state.{expected}"
    assert STATE in found.found


def test_a_bucket_that_can_not_be_asked_for_is_not_checked(person: Operator) -> None:
    put_pulumi(person.programs, url=f"gs://{STATE}")
    person.google.expired = True
    assert person.one("Pulumi's state").name == "check.no-login"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "none"),
        ("file:///home/ada", "file"),
        ("https://app.pulumi.com/ada", "service"),
        ("azblob://state", "other"),
    ],
)
def test_other_places_of_the_state_are_judged(
    person: Operator, url: str | None, expected: str
) -> None:
    put_pulumi(person.programs, url=url)
    assert person.one("Pulumi's state").name == f"state.{expected}"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({}, "no-stack"),
        ({"encryptionsalt": "v1:fake:v1:fake"}, "passphrase"),
        ({"secretsprovider": "passphrase", "encryptionsalt": "v1:fake"}, "passphrase"),
        ({"secretsprovider": f"gcpkms://projects/{PROJECT}/x", "encryptedkey": "f"}, "managed"),
    ],
)
def test_the_key_of_the_secrets_is_read_from_the_stacks_file(
    person: Operator, extra: dict[str, object], expected: str
) -> None:
    person.extra = extra
    assert person.one("key of the state").name == f"secrets.{expected}"
