"""Each policy as CrossGuard takes it: a rule on one resource, or a rule on the stack."""

from collections.abc import Iterator, Mapping

from pulumi_policy import (  # pyright: ignore[reportMissingModuleSource]
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from infra.policies import POLICIES
from infra.policies.policy import GraphPolicy, Level, ResourcePolicy, Violation
from infra.policies.secrecy import NO_PLAIN_SECRET
from policy.graph import Graph

LEFT_OUT: Mapping[str, str] = {
    NO_PLAIN_SECRET.name: (
        "A pack is given secrets in clear, without their mark: each of them would be a breach."
        " 'python -m infra guard' reads a preview, where the engine has masked them."
    ),
}
"""Policies that can't be checked here, and why."""

LEVELS: Mapping[Level, EnforcementLevel] = {
    Level.MANDATORY: EnforcementLevel.MANDATORY,
    Level.ADVISORY: EnforcementLevel.ADVISORY,
}


def pack_policies() -> Iterator[Policy]:
    """All but those that are left out, over one graph."""
    graph = Graph()
    for policy in POLICIES:
        if policy.name in LEFT_OUT:
            continue
        if isinstance(policy, ResourcePolicy):
            yield _on_resource(policy, graph)
        else:
            yield _on_stack(policy, graph)


def _on_resource(policy: ResourcePolicy, graph: Graph) -> Policy:
    def validate(shown: ResourceValidationArgs, report: ReportViolation) -> None:
        for violation in policy.check([graph.resource(shown)]):
            report(_message(violation), None)

    return ResourceValidationPolicy(
        name=policy.name,
        description=policy.reason,
        validate=validate,
        enforcement_level=LEVELS[policy.level],
    )


def _on_stack(policy: GraphPolicy, graph: Graph) -> Policy:
    def validate(shown: StackValidationArgs, report: ReportViolation) -> None:
        for violation in policy.check(graph.whole(shown.resources)):
            report(_message(violation), violation.urn)

    return StackValidationPolicy(
        name=policy.name,
        description=policy.reason,
        validate=validate,
        enforcement_level=LEVELS[policy.level],
    )


def _message(violation: Violation) -> str:
    return f"{violation.found} {violation.remedy}"
