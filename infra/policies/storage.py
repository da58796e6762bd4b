"""No bucket or container that strangers can read."""

from collections.abc import Iterator

from infra.policies.policy import (
    Finding,
    Graph,
    GraphPolicy,
    Level,
    Resource,
    belongs,
    things,
)
from infra.policies.required import unmet

NAME = "no-public-storage"
_BUCKET = "aws:s3/bucket:Bucket"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _findings(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    blocks = [resource for resource in things(graph) if resource.type == _BLOCK]
    for resource in things(graph):
        for finding in unmet(NAME, resource):
            yield resource, finding
        if resource.type == _BUCKET and not any(belongs(b, resource, "bucket") for b in blocks):
            yield (
                resource,
                Finding(
                    "The bucket has no public access block.",
                    "Add a BucketPublicAccessBlock with all four switches on.",
                ),
            )
    for block in blocks:
        for switch in _SWITCHES:
            if block.inputs.get(switch) is not True:
                yield block, Finding(f"'{switch}' is not on.", "Switch it on.")


NO_PUBLIC_STORAGE = GraphPolicy(
    name=NAME,
    level=Level.MANDATORY,
    reason="Bills name customers and what they pay; nobody outside may read them.",
    findings=_findings,
)
