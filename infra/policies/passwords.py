"""No password where an identity can sign in: what can't be stored can't be lost."""

from collections.abc import Iterator

from infra.policies.policy import Finding, Level, Resource, ResourcePolicy
from infra.policies.required import unmet

NAME = "no-passwords"


def _findings(resource: Resource) -> Iterator[Finding]:
    yield from unmet(NAME, resource)


NO_PASSWORDS = ResourcePolicy(
    name=NAME,
    level=Level.MANDATORY,
    reason="Identities of the cloud sign in without a secret that could be lost.",
    findings=_findings,
)
