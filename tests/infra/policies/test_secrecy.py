from collections.abc import Callable

import pulumi
import pulumi_gcp as gcp
import pytest

from infra.policies.policy import ResourcePolicy
from infra.policies.secrecy import NO_PLAIN_SECRET, is_secret_name, keeps
from infra.recording import record

TOKEN = "a-token-that-nobody-may-see"


def found(policy: ResourcePolicy, program: Callable[[], object]) -> list[str]:
    recording = record(lambda: _ignore(program()), {})
    return [violation.found for violation in policy.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


def door(password: pulumi.Input[str]) -> Callable[[], object]:
    return lambda: pulumi.CustomResource("test:index:Door", "door", {"password": password})


def function(value: pulumi.Input[str]) -> Callable[[], object]:
    return lambda: gcp.cloudfunctionsv2.Function(
        "collector",
        location="us-central1",
        service_config={"environment_variables": {"GREETING": value}},
    )


def test_a_password_in_plain_text_is_found() -> None:
    assert found(NO_PLAIN_SECRET, door("hunter2")) == ["'password' is in plain text."]


def test_a_password_that_is_not_known_yet_is_let_pass() -> None:
    def program() -> None:
        door(gcp.sql.DatabaseInstance("db", database_version="POSTGRES_17").public_ip_address)()

    recording = record(program, {}, preview=True)
    assert NO_PLAIN_SECRET.check(recording.resources) == []


def test_a_password_that_is_a_secret_is_let_pass() -> None:
    def program() -> None:
        door(pulumi.Output.secret("hunter2"))()

    assert found(NO_PLAIN_SECRET, program) == []


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("AKIA" + "IOSFODNN7EXAMPLE", "an AWS access key"),
        ("-----BEGIN " + "RSA PRIVATE KEY-----\nMII", "a private key"),
        ("glsa_" + "HOruNAb7SOiCdshU9algkrq7FDsNSLAa_55e2f8be", "a Grafana token"),
        ("DefaultEndpointsProtocol=https;AccountKey=" + "A" * 30, "an Azure storage key"),
    ],
)
def test_a_well_known_secret_is_found_wherever_it_stands(value: str, what: str) -> None:
    [sentence] = found(NO_PLAIN_SECRET, function(value))
    assert what in sentence
    assert "GREETING" in sentence
    assert value not in sentence


def test_a_secret_of_the_configuration_that_lost_its_mark_is_found() -> None:
    assert found(keeps([TOKEN]), function(f"Bearer {TOKEN}")) == [
        "'serviceConfig.environmentVariables.GREETING' holds a secret of the configuration."
    ]
    assert found(keeps([TOKEN]), function("Bearer nobody")) == []


def test_a_secret_of_the_configuration_that_kept_its_mark_is_let_pass() -> None:
    def program() -> None:
        function(pulumi.Output.secret(TOKEN))()

    assert found(keeps([TOKEN]), program) == []


def test_an_empty_secret_is_not_looked_for() -> None:
    assert found(keeps([""]), function("anything")) == []


@pytest.mark.parametrize(
    "name",
    ["password", "adminPassword", "auth_token", "clientSecret", "apiKey", "accessKey", "TOKEN"],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["tagKey", "kmsKeyName", "secretId", "tokenAudience", "keyRing", "publicKey", "tokens", ""],
)
def test_names_beside_secrets_are_not_taken_for_them(name: str) -> None:
    assert not is_secret_name(name)
