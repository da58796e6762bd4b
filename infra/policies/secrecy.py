"""No secret in plain text: what a state, a plan or a log shows must open nothing."""

import re
from collections.abc import Callable, Iterable, Iterator

from infra.policies.policy import Finding, Level, Resource, ResourcePolicy
from infra.policies.values import texts

SECRET_WORDS = frozenset({"password", "passwd", "secret", "token", "credential", "credentials"})
"""What the last word of a field's name says where the field holds a secret itself."""

PLAIN_NAMES = frozenset({"runExecutionToken"})
"""What sounds like a secret and is none: a Cloud Run job's run goes by the digest in this field."""

SECRET_KEYS = frozenset({"api", "access", "private", "shared", "account", "signing", "auth"})
"""Which words before 'key' make it a secret: not tagKey, partitionKey, publicKey or keyName."""

SHAPES: dict[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a Grafana token": re.compile(r"\bgl(sa|c)_[A-Za-z0-9+/=_]{16,}"),
    "an Azure storage key": re.compile(r"AccountKey=[A-Za-z0-9+/=]{20,}"),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."),
}
"""What well-known secrets look like, wherever they stand."""

_REMEDY = "Pass it as a secret: pulumi config set --secret, require_secret or Output.secret."


def _findings(resource: Resource) -> Iterator[Finding]:
    for path, text in texts(resource.inputs):
        where = ".".join(path)
        if text and is_secret_name(path[-1] if path else ""):
            yield Finding(f"'{where}' is in plain text.", _REMEDY)
        for what, shape in SHAPES.items():
            if shape.search(text):
                yield Finding(f"'{where}' holds {what} in plain text.", _REMEDY)


def is_secret_name(field: str) -> bool:
    """Does a field of this name hold a secret?"""
    if field in PLAIN_NAMES:
        return False
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", field)]
    if not words:
        return False
    if words[-1] == "key":
        return bool(SECRET_KEYS & set(words[:-1]))
    return words[-1] in SECRET_WORDS


def keeps(secrets: Iterable[str]) -> ResourcePolicy:
    """The policy that these values of the configuration stand nowhere in plain text."""
    values = tuple(value for value in secrets if value)
    return ResourcePolicy(
        name="secret-config-stays-secret",
        level=Level.MANDATORY,
        reason="A secret of the configuration that loses its mark is in the state for all to read.",
        findings=_leaks(values),
    )


def _leaks(values: tuple[str, ...]) -> Callable[[Resource], Iterable[Finding]]:
    def findings(resource: Resource) -> Iterator[Finding]:
        for path, text in texts(resource.inputs):
            if any(value in text for value in values):
                yield Finding(f"'{'.'.join(path)}' holds a secret of the configuration.", _REMEDY)

    return findings


NO_PLAIN_SECRET = ResourcePolicy(
    name="no-plain-secret",
    level=Level.MANDATORY,
    reason="State files, plans and logs are read by more people than may hold a secret.",
    findings=_findings,
)
