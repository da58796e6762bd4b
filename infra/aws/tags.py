"""Cost allocation tags: which resource tags AWS writes into the bill.

A key can be activated only after it was seen in usage, and by the payer account; until then the
list stays empty: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
"""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import costexplorer


class CostAllocationTagsArgs(TypedDict):
    """What ``CostAllocationTags`` are made from."""

    tags: Sequence[str]
    """Keys of tags, each seen in usage already. May be empty."""


class CostAllocationTags(pulumi.ComponentResource):
    """Tag keys that the payer account activates.

    They stay active when the stack goes: the whole company's reports are split by them.
    """

    def __init__(
        self, name: str, args: CostAllocationTagsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:CostAllocationTags", name, {}, opts)
        for key in args["tags"]:
            costexplorer.CostAllocationTag(
                f"{name}-{key}",
                tag_key=key,
                status="Active",
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
            )
        self.register_outputs({})
