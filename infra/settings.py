"""What an environment is configured to be: read once, checked whole, then handed down.

Nothing else reads the configuration. Defaults and descriptions of all keys stand in Pulumi.yaml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Self, TypeVar

import pulumi
from pulumi.runtime.config import CONFIG

from dashboards.source import Access
from handlers.record import Cloud
from infra.reading import Allowed, Mistake, Reader
from infra.scopes import (
    AWS_REGION,
    GUID,
    STORAGE_ACCOUNT,
    AwsScope,
    AzureScope,
    GcpScope,
    aws_scopes,
    azure_scopes,
    gcp_scopes,
)
from infra.stages import Phase

Word = TypeVar("Word", bound=StrEnum)

PROJECT = "ai-cost-monitoring"
"""The Pulumi project's name, and the value of ``managed-by`` on all that it makes."""


class Hosting(StrEnum):
    """Where Grafana runs."""

    EXTERNAL = "external"
    """At a URL: Grafana Cloud or one's own, with a service account's token."""
    CLOUD_RUN = "cloud-run"
    """In the hub's project: stateless, behind Identity-Aware Proxy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job of the hub and its schedule: a cron expression in UTC."""

    name: str
    schedule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GcpSettings:
    """The hub, and Google's own bills."""

    project: str
    region: str
    bigquery_location: str
    dataset: str
    scopes: tuple[GcpScope, ...]
    archive_years: int
    collect_job: Job
    hub_job: Job

    @property
    def staging_dataset(self) -> str:
        """The dataset that load jobs fill and that expires."""
        return f"{self.dataset}_staging"

    @property
    def bundles_bucket(self) -> str:
        """The bucket of the functions' bundles."""
        return f"{self.project}-ai-cost-bundles"

    @property
    def archive_bucket(self) -> str:
        """The bucket of every loaded line."""
        return f"{self.project}-ai-cost-archive"

    @property
    def site_bucket(self) -> str:
        """The bucket of the site data."""
        return f"{self.project}-ai-cost-site"


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsSettings:
    """AWS's bills."""

    region: str
    export_bucket: str
    export_name: str
    export_prefix: str
    cost_allocation_tags: tuple[str, ...]
    scopes: tuple[AwsScope, ...]
    job: Job

    def bucket_name(self, scope: AwsScope) -> str:
        """The bucket a payer account's bills are written to."""
        return scope.adopt.bucket or self.export_bucket.replace("{account}", scope.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class AzureSettings:
    """Azure's bills."""

    subscription: str
    tenant: str
    location: str
    resource_group: str
    storage_account: str
    export_name: str
    scopes: tuple[AzureScope, ...]
    job: Job


@dataclass(frozen=True, kw_only=True, slots=True)
class GrafanaSettings:
    """Where the dashboards go, and who may see them."""

    hosting: Hosting
    url: str
    """Empty when the program hosts it."""
    token: pulumi.Output[str] | None
    """There when it is external."""
    access: Access
    """How an external Grafana proves to Google who it is."""
    key_rotation: str
    """Another text makes another key, where access is by key."""
    viewers: tuple[str, ...]
    """Who may see the Grafana that the program hosts, as members of IAM."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """An environment. ``environment`` is the stack's name: shown, and never decided by."""

    environment: str
    phase: Phase
    dual_run: bool
    migrated_customers: tuple[str, ...]
    clouds: frozenset[Cloud]
    labels: Mapping[str, str]
    notify: tuple[str, ...]
    docs_url: str
    """Where the repository's files are read in a browser; empty when nobody said so."""
    shrink_hold_share: Decimal
    parity_days: int
    monthly_revenue_usd: Decimal | None
    gcp: GcpSettings
    aws: AwsSettings | None
    azure: AzureSettings | None
    grafana: GrafanaSettings

    @classmethod
    def load(cls) -> Self:
        """The running stack's settings.

        Raises:
            ConfigError: Every key that is missing, wrong or unknown, each with its remedy.
        """
        config = pulumi.Config(PROJECT)
        # pulumi.Config answers for a key whose name is known; which keys there are, so that a
        # misspelt one is found, only the engine's own map tells.
        prefix = f"{PROJECT}:"
        values = {
            key.removeprefix(prefix): value
            for key, value in CONFIG.get().items()
            if key.startswith(prefix)
        }
        return cls.read(pulumi.get_stack(), values, config.get_secret("grafana_token"))

    @classmethod
    def read(
        cls, environment: str, values: Mapping[str, str], token: pulumi.Output[str] | None
    ) -> Self:
        """Settings from the texts of a configuration, by key without the project's name.

        Raises:
            ConfigError: Every key that is missing, wrong or unknown, each with its remedy.
        """
        reader = Reader(values)
        clouds = _clouds(reader)
        phase = reader.text("phase", Allowed("[12]", "1 or 2", "1"))
        revenue = reader.optional("monthly_revenue_usd", _AMOUNT)
        settings = cls(
            environment=environment,
            phase=Phase(int(phase)) if phase in {"1", "2"} else Phase.HUB,
            dual_run=reader.flag("dual_run"),
            migrated_customers=reader.texts("migrated_customers", _CUSTOMER),
            clouds=clouds,
            labels={
                **reader.mapping("labels", _LABEL_VALUE, _LABEL_NAME),
                "managed-by": PROJECT,
            },
            notify=reader.texts("notify", _ADDRESS),
            docs_url=reader.optional("docs_url", _DOCS) or "",
            shrink_hold_share=reader.decimal("shrink_hold_share", _SHARE),
            parity_days=int(reader.decimal("parity_days", _DAYS)),
            monthly_revenue_usd=Decimal(revenue) if revenue and _AMOUNT.holds(revenue) else None,
            gcp=_gcp(reader),
            aws=_aws(reader) if Cloud.AWS in clouds else None,
            azure=_azure(reader) if Cloud.AZURE in clouds else None,
            grafana=_grafana(reader, token),
        )
        reader.refuse_mistakes(KEYS)
        return settings


_PROJECT_ID = Allowed(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "a project's id: 6 to 30 small letters, digits and -",
    "acme-ai-costs",
)
_GCP_REGION = Allowed(r"[a-z]+-[a-z]+\d{1,2}", "a Google Cloud region", "us-central1")
_BIGQUERY = Allowed(r"US|EU|[a-z]+-[a-z]+\d{1,2}", "US, EU or a region", "US")
_DATASET = Allowed(r"[A-Za-z_]\w{0,1000}", "letters, digits and _", "multi_cloud_costs")
_JOB = Allowed(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "6 to 30 small letters, digits and -", "aws-daily-etl"
)
_CRON = Allowed(
    r"[\d*/,-]+( [\d*/,A-Za-z-]+){4}", "a cron expression of 5 fields, UTC", "0 3 * * *"
)
_AMOUNT = Allowed(r"\d{1,12}(\.\d{1,2})?", "an amount in USD, like 20000", "20000")
_SHARE = Allowed(r"0(\.\d{1,6})?|1(\.0{1,6})?", "a number from 0 to 1, like 0.2", "0.2")
_DAYS = Allowed(r"[1-9]\d?", "1 to 99 days", "7")
_YEARS = Allowed(r"[1-9]\d?", "1 to 99 years", "7")
_CUSTOMER = Allowed(r".{1,256}", "a customer's id, or * for everyone", "cust001")
_LABEL_NAME = Allowed(
    r"(?!managed-by$)[a-z][a-z0-9_-]{0,62}",
    "small letters, digits, _ and -; not managed-by, which is the program's own",
    "team",
)
_LABEL_VALUE = Allowed(r"[a-z0-9_-]{0,63}", "small letters, digits, _ and -", "platform")
_ADDRESS = Allowed(
    r"mailto:[^@\s,]+@[\w-]+(\.[\w-]+)+|https://[\w.-]+(:\d+)?(/\S*)?",
    "mailto:NAME@HOST or https://...",
    "mailto:platform@example.com",
)
_AWS_BUCKET = Allowed(
    r"[a-z0-9][a-z0-9.-]*(\{account\})?[a-z0-9.-]*",
    "a bucket's name; {account} stands for the payer account",
    "aws-cost-exports-{account}",
)
_EXPORT = Allowed(r"[A-Za-z0-9_-]{1,64}", "letters, digits, - and _", "llm-cost-export")
_PREFIX = Allowed(r"[\w.-]+(/[\w.-]+)*", "a folder, without / at the ends", "cost-reports")
_TAG = Allowed(r"[\w .:/=+@-]{1,128}", "a tag's key", "customer_id")
_GUID = Allowed(GUID, "a GUID", "00000000-0000-0000-0000-000000000000")
_AZURE_LOCATION = Allowed(r"[a-z]+\d?", "an Azure location", "eastus2")
_RESOURCE_GROUP = Allowed(r"[\w().-]{0,89}[\w()-]", "a resource group's name", PROJECT)
_URL = Allowed(
    r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w./~-]*)?",
    "an https URL without a user or a query",
    "https://acme.grafana.net",
)
_DOCS = Allowed(_URL.pattern, _URL.words, "https://github.com/acme/ai-cost-monitoring/blob/main")
_ROTATION = Allowed(r"[\w.-]{1,64}", "a short text, like the month", "2026-11")
_VIEWER = Allowed(
    r"(user|group):[^@\s,]+@[\w-]+(\.[\w-]+)+|domain:[\w-]+(\.[\w-]+)+",
    "user:NAME@HOST, group:NAME@HOST or domain:HOST",
    "group:finops@example.com",
)
_CLOUD = Allowed("aws|azure|gcp", "aws, azure, gcp", "aws")

_AWS_KEYS = (
    "aws_region", "aws_scopes", "aws_export_bucket", "aws_export_name", "aws_export_prefix",
    "aws_cost_allocation_tags", "aws_job", "aws_schedule",
)  # fmt: skip
_AZURE_KEYS = (
    "azure_subscription", "azure_tenant", "azure_location", "azure_resource_group",
    "azure_storage_account", "azure_export_name", "azure_scopes", "azure_job", "azure_schedule",
)  # fmt: skip
KEYS: Sequence[str] = (*_AWS_KEYS, *_AZURE_KEYS, "grafana_url", "grafana_token")
"""Keys that are known though they are not read where their cloud or hosting is not chosen."""


def _clouds(reader: Reader) -> frozenset[Cloud]:
    names = reader.texts("clouds", _CLOUD)
    if not names and not reader.mistakes:
        reader.note("clouds", "is empty.", "at least one of aws, azure, gcp", '["aws", "gcp"]')
    return frozenset(Cloud[name.upper()] for name in names if _CLOUD.holds(name))


def _job(reader: Reader, cloud: str) -> Job:
    return Job(
        name=reader.text(f"{cloud}_job", _JOB), schedule=reader.text(f"{cloud}_schedule", _CRON)
    )


def _gcp(reader: Reader) -> GcpSettings:
    return GcpSettings(
        project=reader.text("gcp_project", _PROJECT_ID),
        region=reader.text("gcp_region", _GCP_REGION),
        bigquery_location=reader.text("bigquery_location", _BIGQUERY),
        dataset=reader.text("gcp_dataset", _DATASET),
        scopes=gcp_scopes(reader),
        archive_years=int(reader.decimal("archive_years", _YEARS)),
        collect_job=_job(reader, "gcp"),
        hub_job=_job(reader, "hub"),
    )


def _aws(reader: Reader) -> AwsSettings:
    return AwsSettings(
        region=reader.text("aws_region", AWS_REGION),
        export_bucket=reader.text("aws_export_bucket", _AWS_BUCKET),
        export_name=reader.text("aws_export_name", _EXPORT),
        export_prefix=reader.text("aws_export_prefix", _PREFIX),
        cost_allocation_tags=reader.texts("aws_cost_allocation_tags", _TAG),
        scopes=aws_scopes(reader),
        job=_job(reader, "aws"),
    )


def _azure(reader: Reader) -> AzureSettings:
    return AzureSettings(
        subscription=reader.text("azure_subscription", _GUID).lower(),
        tenant=reader.text("azure_tenant", _GUID).lower(),
        location=reader.text("azure_location", _AZURE_LOCATION),
        resource_group=reader.text("azure_resource_group", _RESOURCE_GROUP),
        storage_account=reader.text("azure_storage_account", STORAGE_ACCOUNT),
        export_name=reader.text("azure_export_name", _EXPORT),
        scopes=azure_scopes(reader),
        job=_job(reader, "azure"),
    )


def _grafana(reader: Reader, token: pulumi.Output[str] | None) -> GrafanaSettings:
    hosting = _one_of(reader, "grafana", Hosting, Hosting.EXTERNAL)
    external = hosting is Hosting.EXTERNAL
    if external and not reader.secret_is_set("grafana_token"):
        reader.mistakes.append(
            Mistake(
                "grafana_token",
                "is not set.",
                "the token of a service account of Grafana, as a secret",
                "pulumi config set --secret grafana_token",
            )
        )
    viewers = reader.texts("grafana_viewers", _VIEWER)
    if not external and not viewers:
        reader.note(
            "grafana_viewers",
            "is empty: nobody could open the Grafana on cloud-run.",
            f"a list of {_VIEWER.words}",
            f'["{_VIEWER.example}"]',
        )
    words = reader.text("grafana_access", Allowed("key|metadata", "key or metadata", "key"))
    return GrafanaSettings(
        hosting=hosting,
        url=reader.text("grafana_url", _URL) if external else "",
        token=token if external else None,
        access=Access.METADATA if words == "metadata" else Access.KEY,
        key_rotation=reader.text("grafana_key_rotation", _ROTATION),
        viewers=viewers,
    )


def _one_of(reader: Reader, key: str, kind: type[Word], default: Word) -> Word:
    words = [str(word) for word in kind]
    found = reader.text(key, Allowed("|".join(words), ", ".join(words), str(default)))
    return kind(found) if found in words else default
