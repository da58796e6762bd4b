import pulumi
import pulumi_aws as aws

from infra.aws.tags import CostAllocationTags
from infra.recording import Recorded, record

TAG = "aws:costexplorer/costAllocationTag:CostAllocationTag"


def tags(*keys: str) -> list[Recorded]:
    def program() -> None:
        provider = aws.Provider("aws", region="us-east-1")
        CostAllocationTags("tags", {"tags": keys}, pulumi.ResourceOptions(providers=[provider]))

    return record(program, {}).of_type(TAG)


def test_without_keys_nothing_is_activated() -> None:
    assert tags() == []


def test_each_key_is_activated_and_stays_active_without_the_stack() -> None:
    found = tags("customer_id", "project")
    assert {tag.inputs["tagKey"] for tag in found} == {"customer_id", "project"}
    for tag in found:
        assert tag.inputs["status"] == "Active"
        assert tag.retain_on_delete
        assert "aws:CostAllocationTags::tags" in tag.parent
