"""What an environment is configured to be: read once, checked whole, then handed down.

Nothing else reads the configuration. Defaults and descriptions of all keys stand in Pulumi.yaml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

import pulumi
from pulumi.runtime.config import CONFIG
from pulumi.runtime.config import is_config_secret as is_secret

from handlers.record import Cloud
from handlers.site import Shares
from infra.grafana_settings import HTTPS_URL, GrafanaSettings, read_grafana
from infra.native_settings import (
    AWS_KEYS,
    AZURE_KEYS,
    GCP_IMAGE,
    CollectorRuntime,
    Job,
    RedshiftSettings,
    SqlSettings,
    read_job,
    read_redshift,
    read_runtime,
    read_sql,
    read_stage,
)
from infra.pipeline_settings import PipelineSettings, read_pipeline
from infra.reading import Allowed, ConfigError, Mistake, Reader
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
from infra.share_settings import read_shares
from infra.stages import Phase, Stage, stage_of

SECRETS: Sequence[str] = ("grafana_token", "grafana_sql_client_secret")
"""Keys whose values the program hands on and never looks at."""

PROJECT = "ai-cost-monitoring"
"""The Pulumi project's name, and the value of ``managed-by`` on all that it makes."""


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
    runtime: CollectorRuntime
    """What the daily runs of the clouds' jobs in the hub are."""
    image: str
    """Of their tasks, in Artifact Registry and by its digest; empty for functions."""

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
    redshift: RedshiftSettings

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
    sql: SqlSettings


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
    pipeline: PipelineSettings | None
    shares: Shares = field(default_factory=Shares)
    """What customers are given, and who may read it; nothing unless the stack names a file."""

    @property
    def stage(self) -> Stage:
        """How far the environment is on its way to phase 2."""
        return stage_of(self.phase, self.migrated_customers, dual_run=self.dual_run)

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
        secrets = {key: config.get_secret(key) for key in SECRETS}
        refuse_plain([key for key in SECRETS if values.get(key) and not is_secret(prefix + key)])
        return cls.read(pulumi.get_stack(), values, secrets)

    @classmethod
    def read(
        cls,
        environment: str,
        values: Mapping[str, str],
        secrets: Mapping[str, pulumi.Output[str] | None] | None,
    ) -> Self:
        """Settings from the texts of a configuration, by key without the project's name.

        ``secrets`` has the values that are never looked at, by key.

        Raises:
            ConfigError: Every key that is missing, wrong or unknown, each with its remedy.
        """
        reader = Reader(values)
        clouds = _clouds(reader)
        stage = read_stage(reader)
        aws = _aws(reader, stage["phase"]) if Cloud.AWS in clouds else None
        azure = _azure(reader) if Cloud.AZURE in clouds else None
        revenue = reader.optional("monthly_revenue_usd", _AMOUNT)
        gcp = _gcp(reader)
        settings = cls(
            environment=environment,
            **stage,
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
            gcp=gcp,
            aws=aws,
            azure=azure,
            grafana=read_grafana(reader, secrets or {}, azure.sql.route if azure else None),
            pipeline=read_pipeline(reader, gcp.project, aws.scopes if aws else ()),
            shares=read_shares(reader),
        )
        reader.refuse_mistakes(KEYS)
        return settings


def refuse_plain(keys: Sequence[str]) -> None:
    """Refuse secrets that stand in the stack's file for all to read.

    Pulumi.yaml can say so of a key that every stack must have; of one that may be left out it
    can't, for there the default would have to be a secret too.

    Raises:
        ConfigError: names each of ``keys``, and none of the values.
    """
    if keys:
        raise ConfigError(
            [
                Mistake(
                    key,
                    "stands in the stack's file in plain text.",
                    "a secret, encrypted with the stack's key",
                    f"Make a new one where it came from, then: pulumi config set --secret {key}",
                )
                for key in keys
            ]
        )


_PROJECT_ID = Allowed(
    r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "a project's id: 6 to 30 small letters, digits and -",
    "acme-ai-costs",
)
_GCP_REGION = Allowed(r"[a-z]+-[a-z]+\d{1,2}", "a Google Cloud region", "us-central1")
_BIGQUERY = Allowed(r"US|EU|[a-z]+-[a-z]+\d{1,2}", "US, EU or a region", "US")
_DATASET = Allowed(r"[A-Za-z_]\w{0,1000}", "letters, digits and _", "multi_cloud_costs")
_AMOUNT = Allowed(r"\d{1,12}(\.\d{1,2})?", "an amount in USD, like 20000", "20000")
_SHARE = Allowed(r"0(\.\d{1,6})?|1(\.0{1,6})?", "a number from 0 to 1, like 0.2", "0.2")
_DAYS = Allowed(r"[1-9]\d?", "1 to 99 days", "7")
_YEARS = Allowed(r"[1-9]\d?", "1 to 99 years", "7")
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
_DOCS = Allowed(
    HTTPS_URL.pattern, HTTPS_URL.words, "https://github.com/acme/ai-cost-monitoring/blob/main"
)
_CLOUD = Allowed("aws|azure|gcp", "aws, azure, gcp", "aws")

_AWS_KEYS = (
    "aws_region", "aws_scopes", "aws_export_bucket", "aws_export_name", "aws_export_prefix",
    "aws_cost_allocation_tags", "aws_job", "aws_schedule", *AWS_KEYS,
)  # fmt: skip
_AZURE_KEYS = (
    "azure_subscription", "azure_tenant", "azure_location", "azure_resource_group",
    "azure_storage_account", "azure_export_name", "azure_scopes", "azure_job", "azure_schedule",
    *AZURE_KEYS,
)  # fmt: skip
KEYS: Sequence[str] = (*_AWS_KEYS, *_AZURE_KEYS, "grafana_url", "grafana_token")
"""Keys that are known though they are not read where their cloud or hosting is not chosen."""


def _clouds(reader: Reader) -> frozenset[Cloud]:
    names = reader.texts("clouds", _CLOUD)
    if not names and not reader.mistakes:
        reader.note("clouds", "is empty.", "at least one of aws, azure, gcp", '["aws", "gcp"]')
    return frozenset(Cloud[name.upper()] for name in names if _CLOUD.holds(name))


def _gcp(reader: Reader) -> GcpSettings:
    runtime, image = read_runtime(reader, "gcp", GCP_IMAGE)
    return GcpSettings(
        project=reader.text("gcp_project", _PROJECT_ID),
        region=reader.text("gcp_region", _GCP_REGION),
        bigquery_location=reader.text("bigquery_location", _BIGQUERY),
        dataset=reader.text("gcp_dataset", _DATASET),
        scopes=gcp_scopes(reader),
        archive_years=int(reader.decimal("archive_years", _YEARS)),
        collect_job=read_job(reader, "gcp"),
        hub_job=read_job(reader, "hub"),
        runtime=runtime,
        image=image,
    )


def _aws(reader: Reader, phase: Phase) -> AwsSettings:
    scopes = aws_scopes(reader)
    return AwsSettings(
        region=reader.text("aws_region", AWS_REGION),
        export_bucket=reader.text("aws_export_bucket", _AWS_BUCKET),
        export_name=reader.text("aws_export_name", _EXPORT),
        export_prefix=reader.text("aws_export_prefix", _PREFIX),
        cost_allocation_tags=reader.texts("aws_cost_allocation_tags", _TAG),
        scopes=scopes,
        job=read_job(reader, "aws"),
        redshift=read_redshift(reader, scopes, phase),
    )


def _azure(reader: Reader) -> AzureSettings:
    storage_account = reader.text("azure_storage_account", STORAGE_ACCOUNT)
    return AzureSettings(
        subscription=reader.text("azure_subscription", _GUID).lower(),
        tenant=reader.text("azure_tenant", _GUID).lower(),
        location=reader.text("azure_location", _AZURE_LOCATION),
        resource_group=reader.text("azure_resource_group", _RESOURCE_GROUP),
        storage_account=storage_account,
        export_name=reader.text("azure_export_name", _EXPORT),
        scopes=azure_scopes(reader),
        job=read_job(reader, "azure"),
        sql=read_sql(reader, storage_account),
    )
