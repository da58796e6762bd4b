"""The code of the jobs: a bundle, as an object of the bucket of bundles."""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from infra.bundles import Planned


class CodeArgs(TypedDict):
    """Where the code goes, and which it is."""

    bucket: pulumi.Input[str]
    bundle: Planned


class Code(pulumi.ComponentResource):
    """A bundle under the name of its digest: another content is another object."""

    object_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Code", name, {}, opts)
        bundle = args["bundle"]
        stored = gcp.storage.BucketObject(
            f"{name}-bundle",
            name=bundle.object_name,
            bucket=args["bucket"],
            source=pulumi.FileAsset(str(bundle.path)),
            content_type="application/zip",
            # The name tells the content. The file's path differs between machines, and its bytes
            # may with the machine's zlib; neither is a reason to deploy again.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["source"]),
        )
        self.object_name = stored.name
        self.register_outputs({"object_name": self.object_name})
