"""The collector's code: a bundle, as an object of a bucket of bundles."""

from typing import TypedDict

import pulumi
from pulumi_aws import s3

from infra.bundles import Planned


class CodeArgs(TypedDict):
    """Where the code goes, and which it is."""

    bucket: pulumi.Input[str]
    region: pulumi.Input[str]
    bundle: Planned


class Code(pulumi.ComponentResource):
    """A bundle under the name of its digest: another content is another object."""

    object_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Code", name, {}, opts)
        bundle = args["bundle"]
        stored = s3.BucketObjectv2(
            f"{name}-bundle",
            bucket=args["bucket"],
            region=args["region"],
            key=bundle.object_name,
            source=pulumi.FileAsset(str(bundle.path)),
            content_type="application/zip",
            # The name tells the content; the file's path differs between machines.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["source"]),
        )
        self.object_name = stored.key
        self.register_outputs({"object_name": self.object_name})
