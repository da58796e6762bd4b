from collections.abc import Callable

import pulumi_aws as aws
import pulumi_azure_native as azure

from infra.policies.passwords import NO_PASSWORDS
from infra.recording import record


def found(program: Callable[[], object]) -> list[str]:
    recording = record(lambda: _ignore(program()), {})
    return [violation.found for violation in NO_PASSWORDS.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


def test_a_namespace_whose_password_somebody_chose_is_found() -> None:
    def program(managed: bool | None) -> None:
        aws.redshiftserverless.Namespace(
            "warehouse", namespace_name="n", manage_admin_password=managed
        )

    assert found(lambda: program(True)) == []
    assert found(lambda: program(None)) == ["'manageAdminPassword' is not set."]


def test_a_server_that_lets_passwords_in_is_found() -> None:
    def program(only_entra: bool) -> None:
        azure.sql.Server(
            "warehouse",
            resource_group_name="g",
            administrators={"azure_ad_only_authentication": only_entra},
        )

    assert found(lambda: program(True)) == []
    assert found(lambda: program(False)) == ["'administrators.azureADOnlyAuthentication' is False."]


def test_a_log_that_a_key_writes_to_is_found() -> None:
    def program(closed: bool) -> None:
        azure.operationalinsights.Workspace(
            "watch", resource_group_name="g", features={"disable_local_auth": closed}
        )
        azure.applicationinsights.Component(
            "insights",
            resource_group_name="g",
            kind="web",
            application_type="web",
            workspace_resource_id="w",
            disable_local_auth=closed,
        )

    assert found(lambda: program(True)) == []
    assert sorted(found(lambda: program(False))) == [
        "'disableLocalAuth' is False.",
        "'features.disableLocalAuth' is False.",
    ]
