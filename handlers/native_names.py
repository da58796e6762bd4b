"""The environment's names in a cloud's own runtime, and what each may hold.

``NATIVE_VARIABLES`` with ``SHARED`` is the single list: infra fills a function's environment
through ``native.native_environment``, the function reads it through ``native.read_native``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from handlers.record import Cloud
from handlers.scopes import GUID, Allowed
from handlers.settings import Name


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

ARCHIVES: Mapping[Cloud, Allowed] = {
    Cloud.AWS: Allowed(rf"{_S3}|gs://.{{3,500}}", "s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"),
    Cloud.AZURE: Allowed(
        rf"{_BLOBS}|gs://.{{3,500}}",
        "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX or gs://BUCKET/PREFIX",
    ),
}
"""Where else than in the hub a collector may keep its archive: it then waits for no other cloud."""
