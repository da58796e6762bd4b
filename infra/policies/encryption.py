"""Encrypted where it lies, and on its way."""

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
from infra.policies.values import at, each, statements, texts

_BUCKET = "aws:s3/bucket:Bucket"
_SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_ADDRESSES = ("url", "uri", "endpoint")


def _at_rest(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    configured = [resource for resource in things(graph) if resource.type == _SSE]
    for resource in things(graph):
        for finding in unmet("encrypted", resource):
            yield resource, finding
        if resource.type == _BUCKET and not any(belongs(s, resource, "bucket") for s in configured):
            yield (
                resource,
                Finding(
                    "The bucket says nothing of encryption.",
                    "Add a BucketServerSideEncryptionConfiguration.",
                ),
            )


def _in_transit(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    policies = [p for p in things(graph) if p.type == _POLICY]
    for resource in things(graph):
        for finding in unmet("tls-only", resource):
            yield resource, finding
        for path, text in texts(resource.inputs):
            if text.startswith("http://") and path[-1].lower().endswith(_ADDRESSES):
                yield resource, Finding(f"'{'.'.join(path)}' is '{text}'.", "Use https.")
        if resource.type == _BUCKET:
            own = [policy for policy in policies if belongs(policy, resource, "bucket")]
            if not any(map(_refuses_plain, own)):
                yield (
                    resource,
                    Finding(
                        "The bucket answers without TLS.",
                        "Deny every action where aws:SecureTransport is false, in its policy.",
                    ),
                )


def _refuses_plain(policy: Resource) -> bool:
    """A document that is not known before the first ``up`` is taken for a good one."""
    if not any(path == ("policy",) for path, _ in texts(policy.inputs)):
        return True
    return any(
        statement.get("Effect") == "Deny"
        and statement.get("Principal") == "*"
        and "s3:*" in each(statement.get("Action"))
        and at(statement, "Condition.Bool") == {"aws:SecureTransport": "false"}
        for statement in statements(policy.inputs)
    )


ENCRYPTED = GraphPolicy(
    name="encrypted",
    level=Level.MANDATORY,
    reason="A lost disk or a copied snapshot must tell nothing.",
    findings=_at_rest,
)

TLS_ONLY = GraphPolicy(
    name="tls-only",
    level=Level.MANDATORY,
    reason="Nobody on the way may read or change a bill.",
    findings=_in_transit,
)
