"""AWS's decision who may take a role, by the role's trust policy alone: written from AWS's pages.

It knows what the platform's policies use and refuses to judge anything else, so that a policy which
it does not understand is never taken for a safe one.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
ASSUME = "sts:AssumeRole"
GOOGLE = "accounts.google.com"

_STATEMENT = {"Sid", "Effect", "Principal", "Action", "Condition"}


class NotUnderstood(Exception):
    """The policy says something that this evaluator can't judge."""


@dataclass(frozen=True)
class Caller:
    """Who asks for a role: ``kind`` is the principal's (Federated, AWS, Service)."""

    kind: str
    name: str
    action: str
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """The condition keys of the request; one that is not there has no value."""


def google_caller(token: Mapping[str, str]) -> Caller:
    """The bearer of a token that Google signed.

    Where the token has ``azp``, that is IAM's key aud, and the token's own ``aud`` is oaud.
    """
    keys = {f"{GOOGLE}:{name}": token[name] for name in ("sub", "email") if name in token}
    if "aud" in token:
        keys[f"{GOOGLE}:oaud"] = token["aud"]
        keys[f"{GOOGLE}:aud"] = token.get("azp", token["aud"])
    issuer = token.get("iss", "").removeprefix("https://")
    return Caller("Federated", issuer, WEB_IDENTITY, keys)


def oidc_caller(provider: str, token: Mapping[str, str]) -> Caller:
    """The bearer of a token of an identity provider that the account has made."""
    host = token["iss"].removeprefix("https://")
    keys = {f"{host}:{name}": token[name] for name in ("aud", "sub") if name in token}
    return Caller("Federated", provider, WEB_IDENTITY, keys)


def may_take(policy: Mapping[str, Any], caller: Caller) -> bool:
    """Does the trust policy let the caller in? A denial wins over whatever allows.

    Raises:
        NotUnderstood: it can't be told.
    """
    matching = [one for one in _listed(policy["Statement"]) if _matches(one, caller)]
    effects = {str(one["Effect"]) for one in matching}
    if effects - {"Allow", "Deny"}:
        raise NotUnderstood(f"an effect of {sorted(effects)}")
    return effects == {"Allow"}


def _matches(statement: Mapping[str, Any], caller: Caller) -> bool:
    if not statement.keys() <= _STATEMENT:
        raise NotUnderstood(f"a statement of {sorted(statement)}")
    return (
        _any_like(statement["Action"], caller.action)
        and _is_principal(statement["Principal"], caller)
        and _fulfilled(statement.get("Condition") or {}, caller.keys)
    )


def _fulfilled(condition: Mapping[str, Mapping[str, object]], keys: Mapping[str, str]) -> bool:
    return all(
        _holds(operator, wanted, keys.get(key))
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    )


def _is_principal(principal: object, caller: Caller) -> bool:
    if principal == "*":
        return True
    named = _listed(cast("Mapping[str, Any]", principal).get(caller.kind, []))
    return "*" in named or caller.name in named


def _holds(operator: str, wanted: object, found: str | None) -> bool:
    match operator:
        case "StringEquals":
            return found is not None and found in _listed(wanted)
        case "StringLike":
            return found is not None and _any_like(wanted, found)
        case _:
            raise NotUnderstood(f"the operator {operator}")


def _any_like(patterns: object, text: str) -> bool:
    return any(_like(str(pattern), text) for pattern in _listed(patterns))


def _like(pattern: str, text: str) -> bool:
    parts = [
        {"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split("([*?])", pattern)
    ]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _listed(value: object) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
