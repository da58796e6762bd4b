"""Policies: what no environment may do, checked over the graph of resources it registers.

Plain functions, so that a test checks a recording with them and a CrossGuard pack the engine's own
graph. One file for each family; types and fields they know are data beside them.
"""

from collections.abc import Iterable, Sequence

from infra.policies.encryption import ENCRYPTED, TLS_ONLY
from infra.policies.identification import EXPLICIT_PROVIDER, UNIQUE_NAMES
from infra.policies.identity import NO_WILDCARD_ACTION, NO_WILDCARD_PRINCIPAL
from infra.policies.labels import LABELLED
from infra.policies.network import NO_OPEN_FIREWALL
from infra.policies.passwords import NO_PASSWORDS
from infra.policies.policy import Graph, Policy, Violation
from infra.policies.protection import PROTECTED_DATA
from infra.policies.secrecy import NO_PLAIN_SECRET
from infra.policies.storage import NO_PUBLIC_STORAGE

POLICIES: Sequence[Policy] = (
    NO_PUBLIC_STORAGE,
    NO_OPEN_FIREWALL,
    NO_PASSWORDS,
    NO_WILDCARD_ACTION,
    NO_WILDCARD_PRINCIPAL,
    ENCRYPTED,
    TLS_ONLY,
    PROTECTED_DATA,
    NO_PLAIN_SECRET,
    LABELLED,
    EXPLICIT_PROVIDER,
    UNIQUE_NAMES,
)
"""All that need nothing but the graph; ``secrecy.keeps`` makes the one that knows the secrets."""


def check(graph: Graph, policies: Iterable[Policy] = POLICIES) -> list[Violation]:
    """Every breach of every policy."""
    return [violation for policy in policies for violation in policy.check(graph)]
