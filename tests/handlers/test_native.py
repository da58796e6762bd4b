"""What infra writes for a collector in its own cloud, it reads."""

import json
from decimal import Decimal
from uuid import UUID

import pytest

from handlers.native import AzureSettings, native_environment, native_names
from handlers.native_names import NATIVE_VARIABLES, NativeName
from handlers.record import Cloud
from handlers.settings import PushSignature, SettingsError
from handlers.warehouses.azuresql.names import Rights
from tests.handlers.environments import SCOPES
from tests.handlers.native_environments import ADMIN, IDENTITY, of_function_app


def found(**changes: str) -> dict[str, str]:
    """Name and what was found, of each mistake."""
    with pytest.raises(SettingsError) as caught:
        AzureSettings.from_environment({**of_function_app(), **changes})
    assert all("pulumi up" in mistake.remedy for mistake in caught.value.mistakes)
    return {mistake.name: mistake.found for mistake in caught.value.mistakes}


def test_what_infra_writes_the_function_app_reads() -> None:
    read = AzureSettings.from_environment(of_function_app())
    assert (read.runtime.job, read.runtime.cloud) == ("azure-native", Cloud.AZURE)
    assert read.runtime.hub.project == "hub-project"
    assert read.runtime.shrink_hold_share == Decimal("0.2")
    assert [scope.id for scope in read.runtime.scopes] == [SCOPES[Cloud.AZURE]["id"]]
    assert read.google.audience.endswith("/workloadIdentityPools/ai-cost/providers/azure")
    assert read.google.account == "native-azure@hub-project.iam.gserviceaccount.com"
    assert read.identity == IDENTITY
    assert (read.sql.server, read.sql.database) == ("ai-cost-prod.database.windows.net", "costs")
    assert read.sql.admin == UUID(ADMIN)
    assert [(each.name, each.rights) for each in read.sql.principals] == [
        ("ai-cost-collector", Rights.COLLECTOR),
        ("ai-cost-grafana", Rights.READER),
    ]
    assert read.runtime.push.audience == ""
    assert read.runtime.push.signature is PushSignature.GOOGLE_CERTS


def test_each_name_is_listed_once_with_its_meaning() -> None:
    names = [each.name for each in NATIVE_VARIABLES]
    assert sorted(names) == sorted(NativeName)
    assert all(each.meaning.endswith(".") for each in NATIVE_VARIABLES)
    assert len(set(native_names(Cloud.AZURE))) == len(native_names(Cloud.AZURE))


def test_every_mistake_is_named_at_once() -> None:
    assert found(COST_SQL_SERVER="evil.example", COST_IDENTITY="", COST_CLOUD="AWS") == {
        "COST_SQL_SERVER": "'evil.example'",
        "COST_IDENTITY": "not set",
        "COST_CLOUD": "'AWS'",
    }


@pytest.mark.parametrize(
    "readers",
    ["{", "[]", '{"x": 1}', '{"x; DROP": "eeeeffff-0000-4000-8000-0123456789ab"}', '{"x": "y"}'],
)
def test_readers_are_names_to_client_ids(readers: str) -> None:
    assert list(found(COST_SQL_READERS=readers)) == ["COST_SQL_READERS"]


def test_a_scope_that_is_wrong_is_named() -> None:
    names = found(COST_SCOPES=json.dumps([{"id": "x"}]))
    assert names
    assert all(name.startswith("COST_SCOPES") for name in names)


def test_no_value_may_be_a_key() -> None:
    assert found(COST_COMMANDS__credential="AccountKey=abc") == {
        "COST_COMMANDS__credential": "'AccountKey=abc'"
    }


def test_infra_can_write_exactly_the_names_that_are_read() -> None:
    with pytest.raises(ValueError, match="missing COST_JOB"):
        native_environment(Cloud.AZURE, {})
