"""What a collector in its own cloud is told by its environment, beside the names of ``settings``.

``NATIVE_VARIABLES`` with ``SHARED`` is the single list: infra fills a function's environment
through ``native_environment``, the function reads it through ``read_native``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar, cast
from uuid import UUID

from handlers.errors import CostError
from handlers.record import Cloud
from handlers.scopes import GUID, Allowed, read_scopes
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


class NativeName(StrEnum):
    """The environment's names in a cloud's own runtime."""

    GOOGLE_AUDIENCE = "COST_GOOGLE_AUDIENCE"
    GOOGLE_ACCOUNT = "COST_GOOGLE_ACCOUNT"
    GOOGLE_TOKEN_SCOPE = "COST_GOOGLE_TOKEN_SCOPE"
    HISTORY = "COST_HISTORY"
    IDENTITY = "COST_IDENTITY"
    COMMANDS_QUEUE = "COST_COMMANDS_QUEUE"
    COMMANDS_SERVICE = "COST_COMMANDS__queueServiceUri"
    COMMANDS_CREDENTIAL = "COST_COMMANDS__credential"
    COMMANDS_CLIENT_ID = "COST_COMMANDS__clientId"
    SQL_SERVER = "COST_SQL_SERVER"
    SQL_DATABASE = "COST_SQL_DATABASE"
    SQL_USER = "COST_SQL_USER"
    SQL_ADMIN = "COST_SQL_ADMIN"
    SQL_READERS = "COST_SQL_READERS"
    REDSHIFT_WORKGROUP = "COST_REDSHIFT_WORKGROUP"
    REDSHIFT_DATABASE = "COST_REDSHIFT_DATABASE"
    REDSHIFT_STAGING = "COST_REDSHIFT_STAGING"
    REDSHIFT_ROLE = "COST_REDSHIFT_ROLE"


@dataclass(frozen=True)
class NativeVariable:
    """A name, and the clouds whose own collector has it."""

    name: NativeName
    meaning: str
    allowed: Allowed
    clouds: frozenset[Cloud]


SHARED: tuple[Name, ...] = (
    Name.JOB,
    Name.CLOUD,
    Name.PROJECT,
    Name.LOCATION,
    Name.DATASET,
    Name.STAGING_DATASET,
    Name.ARCHIVE,
    Name.SITE,
    Name.SCOPES,
    Name.SHRINK_HOLD_SHARE,
)
"""What they have in common with the hub's jobs; meanings and rules as there."""

_BOTH = frozenset({Cloud.AWS, Cloud.AZURE})
_AZURE = frozenset({Cloud.AZURE})
_AWS = frozenset({Cloud.AWS})
_S3 = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_./-]{0,200})?"
_BLOBS = (
    r"https://[a-z0-9]{3,24}\.blob\.core\.windows\.net/[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
    r"(/[A-Za-z0-9_./-]{0,200})?"
)
_ENTRA_NAME = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}"

NATIVE_VARIABLES: tuple[NativeVariable, ...] = (
    NativeVariable(
        NativeName.GOOGLE_AUDIENCE,
        "The provider of the workload identity pool that trusts this collector.",
        Allowed(
            r"//iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools"
            r"/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}",
            "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL"
            "/providers/PROVIDER",
        ),
        _BOTH,
    ),
    NativeVariable(
        NativeName.GOOGLE_ACCOUNT,
        "The service account of the hub that it acts as there.",
        Allowed(
            r"[a-z0-9-]{6,30}@[a-z0-9.-]+\.iam\.gserviceaccount\.com",
            "a service account's address",
        ),
        _BOTH,
    ),
    NativeVariable(
        NativeName.GOOGLE_TOKEN_SCOPE,
        "What the identity's token for Google is asked for: the application that the pool's"
        " provider names as its audience.",
        Allowed(r"api://[\w./-]{1,200}/\.default", "api://APPLICATION/.default"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.HISTORY,
        "Where the hub's own loads keep their archive: what was loaded before this warehouse was"
        " there.",
        Allowed(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[\w./-]{0,200})?", "gs://BUCKET/PREFIX"),
        _BOTH,
    ),
    NativeVariable(
        NativeName.IDENTITY,
        "The client id of the managed identity that reads exports, commands and the database.",
        GUID,
        _AZURE,
    ),
    NativeVariable(
        NativeName.COMMANDS_QUEUE,
        "The storage queue that brings commands.",
        Allowed(r"[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]", "a queue's name"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.COMMANDS_SERVICE,
        "Its account's queue endpoint; the host reads this and the next two.",
        Allowed(r"https://[a-z0-9]{3,24}\.queue\.core\.windows\.net/?", "a queue endpoint"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.COMMANDS_CREDENTIAL,
        "How the host proves who it is: by the identity, never by a key.",
        Allowed("managedidentity", "managedidentity"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.COMMANDS_CLIENT_ID,
        "The same identity's client id, for the host.",
        GUID,
        _AZURE,
    ),
    NativeVariable(
        NativeName.SQL_SERVER,
        "The database's server.",
        Allowed(
            r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]\.database\.windows\.net",
            "NAME.database.windows.net",
        ),
        _AZURE,
    ),
    NativeVariable(
        NativeName.SQL_DATABASE,
        "The database.",
        Allowed(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "a database's name"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.SQL_USER,
        "The name of the managed identity, which its user in the database gets.",
        Allowed(_ENTRA_NAME, "an identity's name"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.SQL_ADMIN,
        "The client id of the identity that is the server's Entra administrator; for migrate only.",
        GUID,
        _AZURE,
    ),
    NativeVariable(
        NativeName.SQL_READERS,
        "Who else gets a user, which may only read: a JSON object of names to client ids.",
        Allowed(r"\{.{0,4000}\}", "a JSON object, {} for nobody"),
        _AZURE,
    ),
    NativeVariable(
        NativeName.REDSHIFT_WORKGROUP,
        "The workgroup of Redshift Serverless.",
        Allowed(r"[a-z0-9-]{3,64}", "a workgroup's name: small letters, digits and -"),
        _AWS,
    ),
    NativeVariable(
        NativeName.REDSHIFT_DATABASE,
        "The database in it.",
        Allowed(r"[a-z][a-z0-9_]{0,63}", "a database's name: small letters, digits and _"),
        _AWS,
    ),
    NativeVariable(
        NativeName.REDSHIFT_STAGING,
        "Where rows lie on their way into it and out of it, and the last site data that was read.",
        Allowed(_S3, "s3://BUCKET or s3://BUCKET/PREFIX, in Redshift's region"),
        _AWS,
    ),
    NativeVariable(
        NativeName.REDSHIFT_ROLE,
        "The role that COPY and UNLOAD reach that place with.",
        Allowed(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,128}", "the ARN of an IAM role"),
        _AWS,
    ),
)

_ARCHIVES: Mapping[Cloud, Allowed] = {
    Cloud.AWS: Allowed(rf"{_S3}|gs://.{{3,500}}", "s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"),
    Cloud.AZURE: Allowed(
        rf"{_BLOBS}|gs://.{{3,500}}",
        "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX or gs://BUCKET/PREFIX",
    ),
}
"""Where else than in the hub a collector may keep its archive: it then waits for no other cloud."""

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
    rules[Name.ARCHIVE] = _ARCHIVES.get(cloud, rules[Name.ARCHIVE])
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
