"""What is renamed in the program, and listed, stays what it is in the state and in its cloud."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pytest

from infra.aliases import Renamed, keep_renamed
from tests.engine.conftest import NewStack
from tests.engine.phase1 import new_environment
from tests.engine.stack import Program

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

TYPE = "ai-cost-monitoring:gcp:Place"
WAS_TYPE = "ai-cost-monitoring:gcp:Room"
BUCKET = "aws:s3/bucket:Bucket"


class Place(pulumi.ComponentResource):
    """A component with a bucket whose name begins with its own, as in the shipped program."""

    def __init__(self, type_: str, name: str, provider: pulumi.ProviderResource) -> None:
        super().__init__(type_, name, {}, pulumi.ResourceOptions(providers=[provider]))
        aws.s3.Bucket(
            f"{name}-archive",
            bucket="acme-archive",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.register_outputs({})


def program(type_: str, name: str, renamed: Sequence[Renamed] = ()) -> Program:
    def run() -> None:
        keep_renamed(renamed)
        Place(type_, name, aws.Provider("aws", region="us-east-1"))

    return run


def test_a_renamed_component_keeps_its_protected_bucket_and_unlisted_it_would_lose_it(
    new_stack: NewStack,
) -> None:
    stack = new_environment(new_stack)
    stack.program = program(WAS_TYPE, "hub")
    stack.up()
    [bucket] = stack.cloud.of_type(BUCKET)

    stack.program = program(TYPE, "center")
    assert "cannot be deleted" in stack.failing("preview").text

    listed = [Renamed("1.1.0", TYPE, "center", was_name="hub", was_type=WAS_TYPE)]
    stack.program = program(TYPE, "center", listed)
    changed = stack.up()
    assert not changed.of("create", "delete", "replace", "update")
    assert stack.cloud.of_type(BUCKET) == [bucket]
    assert {urn for urn, found in stack.resources().items() if found["type"] == BUCKET} == {
        f"urn:pulumi:phase1::ai-cost-monitoring::{TYPE}${BUCKET}::center-archive"
    }
