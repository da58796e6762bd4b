from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
import pytest

from infra.policies.identification import EXPLICIT_PROVIDER, UNIQUE_NAMES
from infra.policies.policy import GraphPolicy
from infra.recording import record


def found(
    policy: GraphPolicy, program: Callable[[], object], *, preview: bool = False
) -> list[str]:
    recording = record(lambda: _ignore(program()), {}, preview=preview)
    return [violation.found for violation in policy.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str, bucket: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Pair", name, {}, opts)
        aws.s3.Bucket(f"{name}-bucket", bucket=bucket, opts=pulumi.ResourceOptions(parent=self))
        aws.iam.Role(
            f"{name}-role",
            name="reader",
            assume_role_policy="{}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def account(number: str) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(providers=[aws.Provider(f"aws-{number}")])


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_what_has_a_provider_through_its_component_is_let_pass(preview: bool) -> None:
    assert found(EXPLICIT_PROVIDER, lambda: Pair("a", "bills", account("1")), preview=preview) == []


def test_what_has_no_provider_is_found() -> None:
    assert len(found(EXPLICIT_PROVIDER, lambda: Pair("a", "bills"))) == 2


def test_a_component_given_another_clouds_provider_is_found() -> None:
    def program() -> None:
        Pair("a", "bills", pulumi.ResourceOptions(providers=[gcp.Provider("gcp")]))

    assert len(found(EXPLICIT_PROVIDER, program)) == 2


def test_two_roles_of_one_name_in_one_account_are_found() -> None:
    def program() -> None:
        opts = account("1")
        Pair("a", "bills", opts)
        Pair("b", "other-bills", opts)

    [sentence] = found(UNIQUE_NAMES, program)
    assert "'reader'" in sentence


def test_roles_of_one_name_in_two_accounts_are_let_pass() -> None:
    def program() -> None:
        Pair("a", "bills", account("1"))
        Pair("b", "other-bills", account("2"))

    assert found(UNIQUE_NAMES, program) == []


def test_a_buckets_name_is_taken_in_every_account() -> None:
    def program() -> None:
        Pair("a", "bills", account("1"))
        Pair("b", "bills", account("2"))

    [sentence] = found(UNIQUE_NAMES, program)
    assert "'bills'" in sentence


def test_a_name_that_is_not_known_yet_is_no_ones() -> None:
    def program() -> None:
        unknown = aws.s3.Bucket("bills").hosted_zone_id
        for name in ("a", "b"):
            gcp.pubsub.Subscription(name, topic="t", project="p", name=unknown)

    assert found(UNIQUE_NAMES, program, preview=True) == []
