"""The part of the configuration that phase 2 adds: each cloud's own warehouse and its collector.

It is read in phase 1 as well, so that a mistake is told before an environment is promoted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

import pulumi

from infra.reading import Allowed, Mistake, Reader
from infra.scopes import GUID, AwsScope
from infra.stages import Phase, contradictions


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job and its schedule: a cron expression in UTC."""

    name: str
    schedule: str


class SqlRoute(StrEnum):
    """How the Function App reaches the database."""

    VNET_RULE = "vnet-rule"
    """By the public endpoint, which answers its subnet and named addresses alone."""
    PRIVATE_ENDPOINT = "private-endpoint"
    """By an endpoint in the network; there is no public one."""


class CollectorRuntime(StrEnum):
    """What the daily run of a collector is."""

    FUNCTION = "function"
    CONTAINER = "container"
    """A task without a function's limits of time and memory; the function stays for commands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RedshiftSettings:
    """AWS's own warehouse and its collector."""

    account: str
    """The payer account that they are in."""
    zones: tuple[str, ...]
    """The letters of its three availability zones."""
    capacity: int
    daily_rpu_hours: int
    job: Job
    runtime: CollectorRuntime
    image: str
    """Of the task, in ECR and by its digest; empty for a function."""

    @property
    def staging_bucket(self) -> str:
        """The bucket of rows on their way."""
        return f"ai-cost-staging-{self.account}"

    @property
    def archive_bucket(self) -> str:
        """The bucket of every line that the Lambda loaded."""
        return f"ai-cost-archive-{self.account}"

    @property
    def bundles_bucket(self) -> str:
        """The bucket of the collector's bundles."""
        return f"ai-cost-bundles-{self.account}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SqlSettings:
    """Azure's own warehouse and its collector."""

    prefix: str
    """What names begin with that are unique in all of Azure."""
    route: SqlRoute
    job: str
    """Its name in the log and the ledger; when it runs stands in handlers/runtimes/azure.py."""

    @property
    def server(self) -> str:
        """The database server."""
        return f"{self.prefix}-sql"

    @property
    def app(self) -> str:
        """The Function App."""
        return f"{self.prefix}-collector"

    @property
    def staging_account(self) -> str:
        """The Function App's own storage account."""
        return f"{self.prefix}fn"

    @property
    def archive_account(self) -> str:
        """The storage account of every line that the Function App loaded."""
        return f"{self.prefix}arc"

    @property
    def bundles_account(self) -> str:
        """The storage account of the collector's bundles."""
        return f"{self.prefix}code"


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailSettings:
    """How Grafana reaches the native warehouses, for the pages that ask them."""

    aws_key_rotation: str
    """Another text makes another key for Redshift."""
    sql_client_id: str
    """Of the application in Entra that Grafana signs in to Azure SQL as; empty for none."""
    sql_client_secret: pulumi.Output[str] | None
    addresses: tuple[str, ...]
    """What Grafana goes out by to Azure SQL, where these are fixed."""
    private_connect: str
    """Grafana Cloud's private network by which it reaches Azure SQL; empty for none."""


class StageKeys(TypedDict):
    """The keys that say how far an environment has come."""

    phase: Phase
    dual_run: bool
    migrated_customers: tuple[str, ...]


_JOB = Allowed(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 small letters, digits and -", "aws-daily-etl"
)
_CRON = Allowed(
    r"[\d*/,-]+( [\d*/,A-Za-z-]+){4}", "a cron expression of 5 fields, UTC", "0 3 * * *"
)
_ONE_DAY = Allowed(
    r"[\d*/,-]+ [\d*/,-]+ (\* [\d*/,A-Za-z-]+ [\d*/,A-Za-z-]+|[\d*/,-]+ [\d*/,A-Za-z-]+ \*)",
    "a cron expression of 5 fields, UTC, with * for the days of the month or for those of the week",
    "30 3 * * *",
)
_CUSTOMER = Allowed(r".{1,256}", "a customer's id, or * for everyone", "cust001")
_ZONE = Allowed("[a-z]", "the letter of an availability zone", "a")
_CAPACITY = Allowed(r"4|(?!0)\d{1,3}|10(0|1|2)\d", "4, or 8 to 1024 in steps of 8 RPUs", "4")
_HOURS = Allowed(r"[1-9]\d{0,3}", "1 to 9999 RPU-hours", "12")
_PREFIX = Allowed(r"[a-z][a-z0-9]{2,17}", "3 to 18 small letters and digits", "acmecosts")
_GUID = Allowed(GUID, "a GUID", "00000000-0000-0000-0000-000000000000")
_ROTATION = Allowed(r"[\w.-]{1,64}", "a short text, like the month", "2026-11")
_ADDRESS = Allowed(
    r"(?!0\.0\.0\.0$)((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}",
    "one public IPv4 address",
    "203.0.113.7",
)
_AZURE_RUNTIME = Allowed(
    str(CollectorRuntime.FUNCTION),
    "function: the Function App is the only one in Azure, and docs/scale.md says why and what to do"
    " with bills beyond it",
    str(CollectorRuntime.FUNCTION),
)
_PRIVATE_CONNECT = Allowed(
    r"[\w-]{1,100}", "the id of a network of Private Data Source Connect", "pdc-acme"
)

_ECR_IMAGE = Allowed(
    r"\d{12}\.dkr\.ecr\.[a-z]+-[a-z]+-\d\.amazonaws\.com/[a-z0-9][a-z0-9/_.-]{0,200}"
    r"@sha256:[0-9a-f]{64}",
    "an image in ECR by its digest: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:...",
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/ai-cost-collector@sha256:...",
)
GCP_IMAGE = Allowed(
    r"[a-z]+(-[a-z]+\d{1,2})?-docker\.pkg\.dev/[a-z0-9.:-]{4,64}/[a-z0-9-]{1,63}"
    r"/[a-z0-9][a-z0-9/_.-]{0,200}@sha256:[0-9a-f]{64}",
    "an image in Artifact Registry by its digest: REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME"
    "@sha256:...",
    "us-central1-docker.pkg.dev/acme-ai-costs/collectors/ai-cost-collector@sha256:...",
)

AWS_KEYS: Sequence[str] = (
    "aws_account", "aws_zones", "redshift_capacity", "redshift_daily_rpu_hours",
    "aws_native_job", "aws_native_schedule", "aws_native_runtime", "aws_native_image",
)  # fmt: skip
AZURE_KEYS: Sequence[str] = (
    "azure_prefix", "azure_sql_route", "azure_native_job", "azure_native_runtime",
)  # fmt: skip


def read_stage(reader: Reader) -> StageKeys:
    """Phase, dual run and migrated customers; what no stage has together is noted."""
    words = reader.text("phase", Allowed("[12]", "1 or 2", "1"))
    phase = Phase(int(words)) if words in {"1", "2"} else Phase.HUB
    dual_run = reader.flag("dual_run")
    migrated = reader.texts("migrated_customers", _CUSTOMER)
    for one in contradictions(phase, migrated, dual_run=dual_run):
        reader.note(one.key, one.found, one.allowed, one.remedy)
    return {"phase": phase, "dual_run": dual_run, "migrated_customers": migrated}


def read_job(reader: Reader, key: str) -> Job:
    """``KEY_job`` and ``KEY_schedule``."""
    return Job(name=reader.text(f"{key}_job", _JOB), schedule=reader.text(f"{key}_schedule", _CRON))


def read_redshift(reader: Reader, scopes: Sequence[AwsScope], phase: Phase) -> RedshiftSettings:
    """AWS's own warehouse; it is in the only payer account, or in the one that is named."""
    accounts = [scope.id for scope in scopes]
    either = "|".join(accounts) or r"\d{12}"
    named = reader.optional(
        "aws_account", Allowed(either, f"one of aws_scopes: {', '.join(accounts)}", "111122223333")
    )
    if named is None and len(accounts) > 1 and phase >= Phase.NATIVE:
        reader.note(
            "aws_account",
            "is not set, and there are several payer accounts.",
            f"the one that holds the warehouse: {', '.join(accounts)}",
            accounts[0],
        )
    zones = reader.texts("aws_zones", _ZONE)
    if len(set(zones)) != 3 or len(zones) != 3:
        reader.note(
            "aws_zones",
            f"names {len(set(zones))} zones.",
            "three different ones, which Redshift Serverless asks for",
            '["a", "b", "c"]',
        )
    capacity = int(reader.decimal("redshift_capacity", _CAPACITY))
    if capacity != 4 and (capacity % 8 or not 8 <= capacity <= 1024):
        reader.note("redshift_capacity", f"is {capacity}.", _CAPACITY.words, "4")
    runtime, image = read_runtime(reader, "aws_native", _ECR_IMAGE)
    return RedshiftSettings(
        account=named or next(iter(accounts), ""),
        zones=zones,
        capacity=capacity,
        daily_rpu_hours=int(reader.decimal("redshift_daily_rpu_hours", _HOURS)),
        job=Job(
            name=reader.text("aws_native_job", _JOB),
            schedule=reader.text("aws_native_schedule", _ONE_DAY),
        ),
        runtime=runtime,
        image=image,
    )


def read_runtime(reader: Reader, key: str, images: Allowed) -> tuple[CollectorRuntime, str]:
    """``KEY_runtime`` and ``KEY_image``: what the daily run is, and the image of a task."""
    runtime = reader.one_of(f"{key}_runtime", CollectorRuntime.FUNCTION)
    image = reader.optional(f"{key}_image", images) or ""
    if runtime is CollectorRuntime.CONTAINER and not image:
        reader.note(
            f"{key}_image",
            f"is not set, while {key}_runtime is container.",
            images.words,
            images.example,
        )
    return runtime, image


def read_sql(reader: Reader, storage_account: str) -> SqlSettings:
    """Azure's own warehouse; names begin as the storage account's does, or as is said."""
    reader.text("azure_native_runtime", _AZURE_RUNTIME)
    return SqlSettings(
        prefix=reader.optional("azure_prefix", _PREFIX) or storage_account[:18],
        route=reader.one_of("azure_sql_route", SqlRoute.VNET_RULE),
        job=reader.text("azure_native_job", _JOB),
    )


def read_detail(
    reader: Reader, secrets: Mapping[str, pulumi.Output[str] | None], route: SqlRoute | None
) -> DetailSettings:
    """How Grafana reaches the native warehouses; ``route`` is the Function App's, if there is one.

    Without an application in Entra the pages of Azure ask nothing; with one, it needs its secret
    and a way in.
    """
    client_id = reader.optional("grafana_sql_client_id", _GUID) or ""
    has_secret = reader.secret_is_set("grafana_sql_client_secret")
    addresses = reader.texts("grafana_addresses", _ADDRESS)
    private_connect = reader.optional("grafana_private_connect", _PRIVATE_CONNECT) or ""
    if client_id and not has_secret:
        reader.mistakes.append(
            Mistake(
                "grafana_sql_client_secret",
                "is not set, and grafana_sql_client_id is.",
                "the secret of that application, as a secret",
                "pulumi config set --secret grafana_sql_client_secret",
            )
        )
    if client_id and not addresses and not private_connect:
        reader.note(
            "grafana_private_connect",
            "is not set, nor is grafana_addresses: Grafana would not reach Azure SQL.",
            "a network of Private Data Source Connect, or the addresses that Grafana goes out by",
            _PRIVATE_CONNECT.example,
        )
    if addresses and route is SqlRoute.PRIVATE_ENDPOINT:
        reader.note(
            "grafana_addresses",
            "names addresses, while azure_sql_route is private-endpoint: there is no public"
            " endpoint that they could come to.",
            "an empty list, or azure_sql_route vnet-rule",
            "[]",
        )
    return DetailSettings(
        aws_key_rotation=reader.text("grafana_aws_key_rotation", _ROTATION),
        sql_client_id=client_id.lower(),
        sql_client_secret=secrets.get("grafana_sql_client_secret") if client_id else None,
        addresses=addresses,
        private_connect=private_connect,
    )
