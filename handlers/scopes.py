"""The scopes a job collects, as its environment carries them: a JSON list of flat objects.

An object's keys are the fields of that cloud's dataclass here, and nothing else lists them: infra
writes an object with ``document``, the runtime reads the list with ``read_scopes``.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar, cast

from handlers.record import Cloud

V = TypeVar("V")


class AwsExport(StrEnum):
    """Which of AWS's exports the bucket holds."""

    CUR2 = "cur2"
    """Data Exports, CUR 2.0: https://docs.aws.amazon.com/cur/latest/userguide/dataexports.html"""
    LEGACY = "legacy"
    """The Cost and Usage Report of before."""


class AzureExport(StrEnum):
    """Which of Azure's exports the container holds."""

    FOCUS = "focus"
    ACTUAL = "actual"
    AMORTIZED = "amortized"


@dataclass(frozen=True, kw_only=True)
class AwsScope:
    """A payer account: where its export lies, and the role that may read it."""

    id: str
    role_arn: str
    region: str
    """The bucket's."""
    bucket: str
    prefix: str
    """Below which the export's own folder lies; empty for the bucket's root."""
    export: AwsExport


@dataclass(frozen=True, kw_only=True)
class AzureScope:
    """A subscription or billing scope, and the container that its export is written to."""

    id: str
    account_url: str
    """The storage account's blob endpoint, ``https://NAME.blob.core.windows.net``."""
    container: str
    prefix: str
    export: AzureExport


@dataclass(frozen=True, kw_only=True)
class GcpScope:
    """A billing account, and the table its export fills (or the empty one that stands in)."""

    id: str
    table: str
    """``project.dataset.table``."""


Scope = AwsScope | AzureScope | GcpScope

KINDS: Mapping[Cloud, type[AwsScope] | type[AzureScope] | type[GcpScope]] = {
    Cloud.AWS: AwsScope,
    Cloud.AZURE: AzureScope,
    Cloud.GCP: GcpScope,
}


@dataclass(frozen=True)
class Allowed:
    """What a value must look like, for the machine and for the reader."""

    pattern: str
    words: str


_PREFIX = Allowed(r"(?!/)[A-Za-z0-9!_.*'()/=-]{0,512}", "a path without a slash in front")
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

GUID = Allowed(_GUID, "a GUID in lower case")

ALLOWED: Mapping[type[Scope], Mapping[str, Allowed]] = {
    AwsScope: {
        "id": Allowed(r"\d{12}", "a payer account of 12 digits"),
        "role_arn": Allowed(
            r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,128}", "the ARN of an IAM role"
        ),
        "region": Allowed(r"[a-z]{2}(-[a-z]+)+-\d", "a region like eu-central-1"),
        "bucket": Allowed(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket"),
        "prefix": _PREFIX,
        "export": Allowed("|".join(AwsExport), "one of " + ", ".join(AwsExport)),
    },
    AzureScope: {
        "id": Allowed(
            rf"(?i:/subscriptions/{_GUID}|/providers/Microsoft\.(Billing|Management)/[\w.:/-]{{3,200}})",
            "/subscriptions/GUID or /providers/Microsoft.Billing/billingAccounts/...",
        ),
        "account_url": Allowed(
            r"https://[a-z0-9]{3,24}\.blob\.[a-z0-9.-]+|https?://127\.0\.0\.1:\d+/\w+",
            "a blob endpoint like https://NAME.blob.core.windows.net",
        ),
        "container": Allowed(
            r"[a-z0-9](-?[a-z0-9]){2,62}", "the name of a container, in lower case"
        ),
        "prefix": _PREFIX,
        "export": Allowed("|".join(AzureExport), "one of " + ", ".join(AzureExport)),
    },
    GcpScope: {
        "id": Allowed(
            r"[0-9A-F]{6}(-[0-9A-F]{6}){2}", "a billing account like 01AB23-45CD67-89EF01"
        ),
        "table": Allowed(
            r"[a-z][a-z0-9.:-]{4,62}\.\w{1,1024}\.\w{1,1024}", "a table as project.dataset.table"
        ),
    },
}

_ENUMS: Mapping[type[Scope], Mapping[str, Callable[[str], StrEnum]]] = {
    AwsScope: {"export": AwsExport},
    AzureScope: {"export": AzureExport},
    GcpScope: {},
}


@dataclass(frozen=True)
class ScopeMistake:
    """What is wrong with one place of the list: where, what was found, what is allowed."""

    where: str
    found: str
    allowed: str


def document(kind: type[Scope], **values: V) -> dict[str, V]:
    """One scope as the object that goes into the JSON list, checked for its keys alone.

    The values may be known later (an output of the program that provisions), so only the names
    are looked at here.

    Raises:
        ValueError: a key is missing or is none of ``kind``'s; a defect of the caller.
    """
    wanted = [field.name for field in fields(kind)]
    if sorted(values) != sorted(wanted):
        raise ValueError(f"{kind.__name__} takes exactly {', '.join(wanted)}: not {list(values)}")
    return {name: values[name] for name in wanted}


def read_scopes(cloud: Cloud, text: str) -> tuple[tuple[Scope, ...], tuple[ScopeMistake, ...]]:
    """The scopes in ``text`` and all mistakes; the scopes are whole only without a mistake."""
    try:
        listed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        return (), (ScopeMistake("", f"no JSON ({error})", "a JSON list of objects"),)
    if not isinstance(listed, list):
        return (), (ScopeMistake("", f"a {type(listed).__name__}", "a JSON list of objects"),)
    scopes: list[Scope] = []
    mistakes: list[ScopeMistake] = []
    for number, item in enumerate(cast(list[object], listed), start=1):
        found = _mistakes_of(KINDS[cloud], item, f"scope {number}")
        mistakes += found
        if not found:
            scopes.append(_scope(KINDS[cloud], cast(Mapping[str, str], item)))
    mistakes += _repeated(scopes)
    return tuple(scopes), tuple(mistakes)


def _mistakes_of(kind: type[Scope], item: object, where: str) -> list[ScopeMistake]:
    rules = ALLOWED[kind]
    if not isinstance(item, dict):
        allowed = f"an object with {', '.join(rules)}"
        return [ScopeMistake(where, f"a {type(item).__name__}", allowed)]
    given = cast(dict[str, object], item)
    unknown = [
        ScopeMistake(where, f"the key '{key}'", f"the keys {', '.join(rules)}")
        for key in given
        if key not in rules
    ]
    return unknown + [
        ScopeMistake(f"{where}, {key}", _shown(given, key), rule.words)
        for key, rule in rules.items()
        if not _fits(given.get(key), rule)
    ]


def _fits(value: object, rule: Allowed) -> bool:
    return isinstance(value, str) and re.fullmatch(rule.pattern, value, re.ASCII) is not None


def _shown(given: Mapping[str, object], key: str) -> str:
    return repr(given[key])[:120] if key in given else "nothing"


def _scope(kind: type[Scope], item: Mapping[str, str]) -> Scope:
    enums = _ENUMS[kind]
    values: dict[str, Any] = {
        key: enums[key](value) if key in enums else value for key, value in item.items()
    }
    return kind(**values)


def _repeated(scopes: Sequence[Scope]) -> list[ScopeMistake]:
    """A scope named twice would be counted twice."""
    ids = [scope.id.lower() for scope in scopes]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    return [ScopeMistake("", f"{name} twice", "each scope once") for name in twice]
