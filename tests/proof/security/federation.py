"""Azure's and Google's decision whose token is taken for whose identity, from their own pages.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
https://docs.cloud.google.com/iam/docs/workload-identity-federation
As in ``aws_trust``, what is not understood is never taken for safe.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from infra.recording import Recorded
from tests.proof.security.aws_trust import NotUnderstood

_TOKEN = re.compile(
    r"\s*(?:(?P<literal>'[^'\\]*')|(?P<path>assertion(?:\.[A-Za-z_]+)+)|(?P<sign>==|&&|\|\||[()]))"
)
_WHOLE = re.compile(r"assertion\.(\w+)")
_EXTRACTED = re.compile(r"assertion\.(\w+)\.extract\('([^'{]*)\{\w+\}([^'}]*)'\)")


@dataclass(frozen=True)
class GoogleGrant:
    """That whoever ``member`` means may act as a service account."""

    account: str
    member: str


def azure_takes(credential: Mapping[str, Any], token: Mapping[str, str]) -> bool:
    """Is the token that of the federated credential? All three are compared as they stand."""
    audiences = cast("Sequence[str]", credential["audiences"])
    return (
        token.get("iss") == credential["issuer"]
        and token.get("sub") == credential["subject"]
        and token.get("aud") in audiences
    )


def google_attributes(
    provider: Mapping[str, Any], name: str, token: Mapping[str, str]
) -> Mapping[str, str] | None:
    """What the pool takes the token's bearer for; None where its provider refuses it.

    For AWS the token is what STS says of the caller: ``account`` and ``arn``. ``name`` is the
    provider's own, which is the audience where it lists none.
    """
    if "aws" in provider:
        if token.get("account") != provider["aws"]["accountId"]:
            return None
    else:
        oidc = cast("Mapping[str, Any]", provider["oidc"])
        listed = cast("Sequence[str]", oidc.get("allowedAudiences") or ())
        audiences = listed or [f"https://iam.googleapis.com/{name}"]
        if token.get("iss") != oidc["issuerUri"] or token.get("aud") not in audiences:
            return None
    condition = str(provider.get("attributeCondition") or "")
    if condition and not fulfils(condition, token):
        return None
    mapping = cast("Mapping[str, str]", provider["attributeMapping"])
    return {key: _mapped(source, token) for key, source in mapping.items()}


def accounts_of(
    grants: Sequence[GoogleGrant], pool: str, attributes: Mapping[str, str]
) -> list[str]:
    """The service accounts that the bearer may act as."""
    members = {f"principalSet://iam.googleapis.com/{pool}/*"}
    for key, value in attributes.items():
        if key == "google.subject":
            members.add(f"principal://iam.googleapis.com/{pool}/subject/{value}")
        else:
            members.add(f"principalSet://iam.googleapis.com/{pool}/{key}/{value}")
    return [grant.account for grant in grants if grant.member in members]


def grants_of(resources: Sequence[Recorded]) -> list[GoogleGrant]:
    """Who may act as which service account, of all that a program registers."""
    return [
        GoogleGrant(str(one.inputs["serviceAccountId"]), str(one.inputs["member"]))
        for one in resources
        if one.inputs.get("role") == "roles/iam.workloadIdentityUser"
    ]


def fulfils(condition: str, assertion: Mapping[str, str]) -> bool:
    """Google's condition on a token, for the words of CEL that the platform uses.

    Raises:
        NotUnderstood: it says more than that.
    """
    words = list(_words(condition))
    found = _either(words, assertion)
    if words:
        raise NotUnderstood(f"{condition}: {words}")
    return found


def _words(condition: str) -> Iterator[str]:
    position = 0
    while position < len(condition.rstrip()):
        found = _TOKEN.match(condition, position)
        if found is None:
            raise NotUnderstood(condition[position:])
        yield found[0].strip()
        position = found.end()


def _either(words: list[str], assertion: Mapping[str, str]) -> bool:
    return any(list(_joined("||", _both, words, assertion)))


def _both(words: list[str], assertion: Mapping[str, str]) -> bool:
    return all(list(_joined("&&", _one, words, assertion)))


def _joined(
    sign: str,
    part: Callable[[list[str], Mapping[str, str]], bool],
    words: list[str],
    assertion: Mapping[str, str],
) -> Iterator[bool]:
    yield part(words, assertion)
    while words and words[0] == sign:
        words.pop(0)
        yield part(words, assertion)


def _one(words: list[str], assertion: Mapping[str, str]) -> bool:
    if _take(words) == "(":
        found = _either(words, assertion)
        _expect(words, ")")
        return found
    path = words.pop(0).removeprefix("assertion.")
    name, _, call = path.partition(".")
    value = assertion.get(name)
    if call == "startsWith":
        _expect(words, "(")
        begin = _literal(words)
        _expect(words, ")")
        return value is not None and value.startswith(begin)
    if call:
        raise NotUnderstood(call)
    _expect(words, "==")
    wanted = _literal(words)
    return value is not None and value == wanted


def _take(words: list[str]) -> str:
    """The next word, taken away where it is a bracket."""
    if not words:
        raise NotUnderstood("the condition ends too early")
    if words[0] == "(":
        return words.pop(0)
    if not words[0].startswith("assertion."):
        raise NotUnderstood(words[0])
    return words[0]


def _expect(words: list[str], word: str) -> None:
    if not words or words.pop(0) != word:
        raise NotUnderstood(f"no {word} where one must be")


def _literal(words: list[str]) -> str:
    if not words or not words[0].startswith("'"):
        raise NotUnderstood("no text where one must be")
    return words.pop(0)[1:-1]


def _mapped(source: str, token: Mapping[str, str]) -> str:
    if found := _WHOLE.fullmatch(source):
        return token.get(found[1], "")
    if found := _EXTRACTED.fullmatch(source):
        # https://docs.cloud.google.com/iam/docs/conditions-attribute-reference#extract
        _, before, rest = token.get(found[1], "").partition(found[2])
        value, after, _ = rest.partition(found[3])
        return value if before and after else ""
    raise NotUnderstood(source)
