"""Grafana in each state: version, token, plug-in, data source."""

from datetime import timedelta

import pytest

from tests.fakes.grafana_api import ACTIONS, TOKEN
from tests.fakes.pulumi_cli import put_pulumi
from tests.infra.operator import NOW, Operator, names


@pytest.fixture(autouse=True)
def token(person: Operator) -> None:
    person.environment["GRAFANA_AUTH"] = TOKEN


def used(minutes: int, ends_in: int | None) -> dict[str, object]:
    at, end = NOW - timedelta(minutes=minutes), NOW + timedelta(days=ends_in or 0)
    return {
        "name": "pulumi-up",
        "lastUsedAt": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}" if ends_in is not None else None,
    }


@pytest.mark.parametrize(
    ("version", "expected"),
    [("13.2.2", "ok"), ("11.6.11", "ok"), ("11.6.10", "old"), ("9.5.0", "old"), (None, "hidden")],
)
def test_the_version_is_judged(person: Operator, version: str | None, expected: str) -> None:
    person.grafana.version = version
    assert person.one("Grafana's version").name == f"grafana-server.{expected}"


def test_a_grafana_without_its_database_is_a_problem(person: Operator) -> None:
    person.grafana.database = "failing"
    assert person.one("Grafana's version").name == "grafana-server.ill"


def test_the_version_is_asked_for_without_the_token(person: Operator) -> None:
    person.environment["GRAFANA_AUTH"] = "wrong"
    assert person.one("Grafana's version").name == "grafana-server.ok"


def test_a_grafana_that_does_not_answer_is_not_checked(person: Operator) -> None:
    person.address["grafana"] = "http://127.0.0.1:9"
    assert set(names(person.examined("Grafana"))) == {"check.unreachable"}


def test_a_token_that_is_refused_is_a_problem(person: Operator) -> None:
    person.environment["GRAFANA_AUTH"] = "wrong-token"
    found = person.one("Grafana's token")
    assert found.name == "grafana-token.refused"
    assert "wrong-token" not in str(found)


def test_what_a_weak_token_may_not_is_named(person: Operator) -> None:
    person.grafana.actions = tuple(one for one in ACTIONS if not one.startswith("datasources:"))
    weak, _ = person.examined("Grafana's token")
    assert weak.name == "grafana-token.weak"
    assert "datasources:create, datasources:write" in weak.found


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([used(1, 30)], "end-ok"),
        ([used(1, 13)], "ending"),
        ([used(1, None)], "endless"),
        ([used(1, 30), used(600, None)], "end-ok"),
        ([used(1, 30), used(2, None)], "end-unknown"),
        ([used(600, 30)], "end-unknown"),
        ([], "end-unknown"),
    ],
)
def test_the_end_of_the_token_that_was_used_just_now_is_judged(
    person: Operator, tokens: list[dict[str, object]], expected: str
) -> None:
    person.grafana.tokens = list(tokens)
    assert names(person.examined("Grafana's token")) == [
        "grafana-token.ok", f"grafana-token.{expected}",
    ]  # fmt: skip


def test_a_token_that_may_not_read_tokens_has_an_unknown_end(person: Operator) -> None:
    person.grafana.actions = tuple(one for one in ACTIONS if one != "serviceaccounts:read")
    assert "grafana-token.end-unknown" in names(person.examined("Grafana's token"))


def test_the_token_is_read_from_the_stack_through_pulumi(person: Operator) -> None:
    del person.environment["GRAFANA_AUTH"]
    put_pulumi(person.programs, token=TOKEN)
    assert names(person.examined("Grafana's token"))[0] == "grafana-token.ok"


def test_a_token_that_can_not_be_decrypted_is_not_checked(person: Operator) -> None:
    del person.environment["GRAFANA_AUTH"]
    put_pulumi(person.programs)
    found = person.one("Grafana's token")
    assert found.name == "grafana-token.hidden"
    assert "incorrect passphrase" in found.found


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.4.8", "ok"), ("3.10.0", "ok"), ("3.4.7", "old"), (None, "missing")],
)
def test_the_plug_in_is_judged(person: Operator, version: str | None, expected: str) -> None:
    person.grafana.plugin = version
    assert person.one("Grafana's plug-in").name == f"grafana-plugin.{expected}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (None, "missing"),
        ((200, "Data source is working"), "ok"),
        ((400, "iam.serviceAccounts.getAccessToken denied"), "ill"),
    ],
)
def test_the_data_source_is_judged_by_its_own_check(
    person: Operator, source: tuple[int, str] | None, expected: str
) -> None:
    person.grafana.source = source
    found = person.one("Grafana's data source")
    assert found.name == f"grafana-source.{expected}"
    assert source is None or source[1] in found.found


def test_a_grafana_that_the_program_hosts_has_no_token_to_look_at(person: Operator) -> None:
    person.config |= {"grafana": "cloud-run", "grafana_viewers": ["group:finops@acme.example"]}
    assert person.examined("Grafana") == []
