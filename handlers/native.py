"""What a collector in its own cloud is told by its environment, beside the names of ``settings``.

``NATIVE_VARIABLES`` with ``SHARED`` is the single list: infra fills a function's environment
through ``native_environment``, the function reads it through ``read_native``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar, cast
from uuid import UUID

from handlers.errors import CostError
from handlers.native_names import ARCHIVES, NATIVE_VARIABLES, SHARED, NativeName
from handlers.record import Cloud
from handlers.scopes import Allowed, read_scopes
from handlers.settings import (
    DOOR_REMEDY,
    VARIABLES,
    Mistake,
    Name,
    Push,
    PushSignature,
    RuntimeSettings,
    SettingsError,
)
from handlers.warehouses.azuresql.names import Principal, Rights

V = TypeVar("V")

_REMEDY = "The program in infra/ sets it: run 'pulumi up', which replaces what was set by hand."

NOBODY_PUSHES = Push(audience="", account="", signature=PushSignature.GOOGLE_CERTS)
"""For runtimes that take no pushes: no token is for an empty audience."""


@dataclass(frozen=True)
class Federation:
    """How a collector becomes an account of the hub's: ``token_scope`` is empty in AWS."""

    audience: str
    account: str
    token_scope: str = ""


@dataclass(frozen=True)
class Sql:
    """The database, its administrator, and who gets a user there."""

    server: str
    database: str
    admin: UUID
    principals: tuple[Principal, ...]


@dataclass(frozen=True)
class Redshift:
    """The database, where rows lie on their way, and the role that reads them there."""

    workgroup: str
    database: str
    staging: str
    role: str


@dataclass(frozen=True, kw_only=True)
class AwsSettings:
    """What the Lambda runs with; ``history`` is the hub's archive."""

    runtime: RuntimeSettings
    google: Federation
    history: str
    redshift: Redshift

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "AwsSettings":
        """The settings in ``env``, of which only the names for AWS are read.

        Raises:
            SettingsError: names every value that is missing or not allowed.
        """
        given = read_native(Cloud.AWS, env)
        return cls(
            runtime=_runtime(Cloud.AWS, given),
            google=Federation(given[NativeName.GOOGLE_AUDIENCE], given[NativeName.GOOGLE_ACCOUNT]),
            history=given[NativeName.HISTORY],
            redshift=Redshift(
                given[NativeName.REDSHIFT_WORKGROUP],
                given[NativeName.REDSHIFT_DATABASE],
                given[NativeName.REDSHIFT_STAGING],
                given[NativeName.REDSHIFT_ROLE],
            ),
        )


@dataclass(frozen=True, kw_only=True)
class AzureSettings:
    """What the Function App runs with; ``identity`` is its managed identity's client id.

    ``history`` is the hub's archive.
    """

    runtime: RuntimeSettings
    google: Federation
    history: str
    identity: str
    sql: Sql

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "AzureSettings":
        """The settings in ``env``, of which only the names for Azure are read.

        Raises:
            SettingsError: names every value that is missing or not allowed.
        """
        given = read_native(Cloud.AZURE, env)
        readers, mistakes = _readers(given[NativeName.SQL_READERS])
        if mistakes:
            raise SettingsError(mistakes)
        identity = given[NativeName.IDENTITY]
        collector = Principal(given[NativeName.SQL_USER], UUID(identity), Rights.COLLECTOR)
        return cls(
            runtime=_runtime(Cloud.AZURE, given),
            google=Federation(
                given[NativeName.GOOGLE_AUDIENCE],
                given[NativeName.GOOGLE_ACCOUNT],
                given[NativeName.GOOGLE_TOKEN_SCOPE],
            ),
            history=given[NativeName.HISTORY],
            identity=identity,
            sql=Sql(
                given[NativeName.SQL_SERVER],
                given[NativeName.SQL_DATABASE],
                UUID(given[NativeName.SQL_ADMIN]),
                (collector, *readers),
            ),
        )


def native_names(cloud: Cloud) -> tuple[Name | NativeName, ...]:
    """The names that the own collector of ``cloud`` reads, in the lists' order."""
    return (*SHARED, *(each.name for each in NATIVE_VARIABLES if cloud in each.clouds))


def native_environment(cloud: Cloud, values: Mapping[Name | NativeName, V]) -> dict[str, V]:
    """The environment of the own collector of ``cloud``; see ``settings.environment``.

    Raises:
        ValueError: names what is missing and what does not belong; a defect of the caller.
    """
    wanted = native_names(cloud)
    missing = [name for name in wanted if name not in values]
    extra = [name for name in values if name not in wanted]
    if missing or extra:
        raise ValueError(
            f"The own collector of {cloud} reads {', '.join(wanted)}:"
            f" missing {', '.join(missing) or 'none'}, not read {', '.join(extra) or 'none'}."
        )
    return {name.value: values[name] for name in wanted}


def read_native(cloud: Cloud, env: Mapping[str, str]) -> Mapping[Name | NativeName, str]:
    """The values in ``env`` that the own collector of ``cloud`` reads, each of them allowed.

    Raises:
        SettingsError: names every value that is missing or not allowed.
    """
    given = {name: env.get(name, "").strip() for name in native_names(cloud)}
    mistakes = _mistakes(cloud, given, _REMEDY)
    if given[Name.SCOPES]:
        _, wrong = read_scopes(cloud, given[Name.SCOPES])
        mistakes += [
            Mistake(f"{Name.SCOPES} {m.where}".strip(), m.found, m.allowed, _REMEDY) for m in wrong
        ]
    if mistakes:
        raise SettingsError(mistakes)
    return given


def read_some(
    cloud: Cloud, env: Mapping[str, str], names: Sequence[Name | NativeName]
) -> Mapping[Name | NativeName, str]:
    """The values of ``names`` in ``env``, for a person at the door.

    Raises:
        SettingsError: names every value that is missing or not allowed.
    """
    given = {name: env.get(name, "").strip() for name in names}
    mistakes = _mistakes(cloud, given, DOOR_REMEDY)
    if mistakes:
        raise SettingsError(mistakes)
    return given


def is_allowed(name: NativeName, value: str) -> bool:
    """Whether a collector could be told ``value`` under that name."""
    (allowed,) = (each.allowed for each in NATIVE_VARIABLES if each.name is name)
    return re.fullmatch(allowed.pattern, value, re.ASCII) is not None


def _mistakes(cloud: Cloud, given: Mapping[Name | NativeName, str], remedy: str) -> list[Mistake]:
    """What is missing of ``given`` or not allowed in ``cloud``."""
    rules: dict[Name | NativeName, Allowed] = {each.name: each.allowed for each in VARIABLES}
    rules |= {each.name: each.allowed for each in NATIVE_VARIABLES}
    rules[Name.CLOUD] = Allowed(cloud.value, cloud.value)
    rules[Name.ARCHIVE] = ARCHIVES.get(cloud, rules[Name.ARCHIVE])
    return [
        Mistake(name, f"'{value[:80]}'" if value else "not set", rules[name].words, remedy)
        for name, value in given.items()
        if re.fullmatch(rules[name].pattern, value, re.ASCII) is None
    ]


def _readers(text: str) -> tuple[list[Principal], list[Mistake]]:
    """The identities that may read, and what is wrong with them."""
    found: list[Principal] = []
    try:
        said: object = json.loads(text)
        named = cast("Mapping[str, str]", said if isinstance(said, dict) else {})
        for name, client_id in named.items():
            found.append(Principal(name, UUID(str(client_id)), Rights.READER))
    except (ValueError, CostError) as error:
        wrong = Mistake(NativeName.SQL_READERS, str(error)[:200], "names to client ids", _REMEDY)
        return [], [wrong]
    return found, []


def _runtime(cloud: Cloud, given: Mapping[Name | NativeName, str]) -> RuntimeSettings:
    """What the commands run with in any runtime."""
    scopes, _ = read_scopes(cloud, given[Name.SCOPES])
    return RuntimeSettings(
        job=given[Name.JOB],
        cloud=cloud,
        project=given[Name.PROJECT],
        location=given[Name.LOCATION],
        dataset=given[Name.DATASET],
        staging_dataset=given[Name.STAGING_DATASET],
        archive=given[Name.ARCHIVE],
        site=given[Name.SITE],
        scopes=scopes,
        shrink_hold_share=Decimal(given[Name.SHRINK_HOLD_SHARE]),
        push=NOBODY_PUSHES,
        azure=None,
        grafana_url="",
    )
