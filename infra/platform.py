"""What an environment is made of. The phase is decided here and nowhere else.

Reads from the top: the hub in Google Cloud, a job for each cloud with what it reads, then what
watches the jobs and what people look at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pulumi

from handlers.record import Cloud
from handlers.scopes import AwsScope as AwsDocument
from handlers.scopes import AzureExport, document
from handlers.scopes import AzureScope as AzureDocument
from handlers.scopes import GcpScope as GcpDocument
from handlers.settings import AWS_AUDIENCE, Name, PushSignature, environment
from infra import bundles
from infra.aws.bills import bills_of as aws_bills_of
from infra.aws.export import CostExport as AwsCostExport
from infra.aws.identity import CollectorRole
from infra.aws.storage import ExportBucket
from infra.aws.tags import CostAllocationTags
from infra.azure.bills import bills_of as azure_bills_of
from infra.azure.export import CostExport as AzureCostExport
from infra.azure.group import Group
from infra.azure.identity import CollectorIdentity
from infra.azure.storage import ExportStorage
from infra.bundles import BUILD_ENVIRONMENT, ENTRY_POINT, Planned, Runtime
from infra.gcp.alarm import Alarm
from infra.gcp.build import Build
from infra.gcp.code import Code
from infra.gcp.collector import Collector, push_audience
from infra.gcp.export import BillingExport
from infra.gcp.identity import JobIdentity, PushIdentity
from infra.gcp.reader import GrafanaReader
from infra.gcp.services import Services
from infra.gcp.storage import Storage
from infra.gcp.warehouse import Warehouse
from infra.labels import tag_azure
from infra.providers import aws_provider, azure_provider, gcp_provider
from infra.scopes import AwsScope
from infra.settings import AwsSettings, AzureSettings, GcpSettings, Job, Settings

DAILY = '{"run": "daily"}'
"""What a schedule sends (handlers/messages.py)."""

BundleOf = Callable[[Runtime], Planned]
Values = Mapping[Name, pulumi.Input[str]]


def build(
    settings: Settings, *, bundle_of: BundleOf = bundles.build, today: date | None = None
) -> None:
    """Register everything that the settings describe.

    ``bundle_of`` gives a runtime's code: built when stale, or only planned where nothing is
    deployed. ``today`` is the day in UTC on which what is new begins.
    """
    tag_azure(settings.labels)
    hub = Hub.make(settings, bundle_of)
    jobs = [hub_job(hub, settings.gcp)]
    if Cloud.GCP in settings.clouds:
        jobs.append(google_job(hub, settings))
    if settings.aws:
        jobs.append(aws_job(hub, settings, settings.aws))
    if settings.azure:
        day = today or datetime.now(UTC).date()
        jobs.append(azure_job(hub, settings, settings.azure, day))
    Alarm(
        "alarm",
        {
            "project": settings.gcp.project,
            "jobs": jobs,
            "notify": settings.notify,
            "labels": settings.labels,
        },
        hub.options,
    )
    reader = GrafanaReader(
        "grafana-reader",
        {
            "project": settings.gcp.project,
            "account_id": "grafana-reader",
            "dataset": hub.warehouse.dataset_id,
        },
        hub.options,
    )
    pulumi.export("dataset", pulumi.Output.format("{}.{}", settings.gcp.project, hub.dataset))
    pulumi.export("grafana_reader", reader.email)


@dataclass(frozen=True)
class Hub:
    """The parts in the Google project that every job shares."""

    settings: GcpSettings
    options: pulumi.ResourceOptions
    """Of a component in the hub: its provider, and that the APIs are enabled."""
    services: Services
    storage: Storage
    warehouse: Warehouse
    build: Build
    push: PushIdentity
    bundle: pulumi.Output[str]
    """The Google bundle's object in the bucket of bundles."""

    @property
    def dataset(self) -> pulumi.Output[str]:
        """The dataset of all tables and views."""
        return self.warehouse.dataset_id

    @classmethod
    def make(cls, settings: Settings, bundle_of: BundleOf) -> "Hub":
        """Register the hub."""
        google = gcp_provider(settings.gcp, settings.labels)
        project, region = settings.gcp.project, settings.gcp.region
        services = Services(
            "services",
            {"project": project, "hosting": settings.grafana.hosting},
            pulumi.ResourceOptions(providers=[google]),
        )
        options = pulumi.ResourceOptions(providers=[google], depends_on=services.ready)
        storage = Storage(
            "storage",
            {
                "project": project,
                "location": settings.gcp.bigquery_location,
                "bundles_bucket": settings.gcp.bundles_bucket,
                "archive_bucket": settings.gcp.archive_bucket,
                "site_bucket": settings.gcp.site_bucket,
                "archive_years": settings.gcp.archive_years,
            },
            options,
        )
        warehouse = Warehouse(
            "warehouse",
            {
                "project": project,
                "location": settings.gcp.bigquery_location,
                "dataset": settings.gcp.dataset,
                "staging_dataset": settings.gcp.staging_dataset,
            },
            options,
        )
        build = Build(
            "build",
            {
                "project": project,
                "region": region,
                "account_id": "ai-cost-build",
                "bundles": storage.bundles,
            },
            options,
        )
        push = PushIdentity(
            "push",
            {
                "project": project,
                "account_id": "ai-cost-push",
                "pubsub_agent": services.pubsub_agent,
            },
            options,
        )
        code = Code(
            "code", {"bucket": storage.bundles, "bundle": bundle_of(Runtime.GOOGLE)}, options
        )
        return cls(
            settings.gcp, options, services, storage, warehouse, build, push, code.object_name
        )

    def identity(self, name: str, job: Job, cloud: Cloud | None) -> JobIdentity:
        """The account of a job."""
        return JobIdentity(
            f"{name}-job-identity",
            {
                "project": self.settings.project,
                "account_id": job.name,
                "display_name": f"AI cost monitoring: {job.name}",
                "cloud": cloud,
                "dataset": self.warehouse.dataset_id,
                "staging_dataset": self.warehouse.staging_dataset_id,
                "writer_role": self.warehouse.writer_role,
                "archive": self.storage.archive,
                "site": self.storage.site,
                "exports": [scope.table for scope in self.settings.scopes if scope.table],
            },
            self.options,
        )

    def job(
        self, name: str, job: Job, cloud: Cloud | None, identity: JobIdentity, own: Values
    ) -> str:
        """A job of the hub; ``own`` is what its environment holds beyond every job's."""
        settings = self.settings
        values: dict[Name, pulumi.Input[str]] = {
            Name.JOB: job.name,
            Name.PROJECT: settings.project,
            Name.LOCATION: settings.bigquery_location,
            Name.DATASET: self.warehouse.dataset_id,
            Name.STAGING_DATASET: self.warehouse.staging_dataset_id,
            Name.ARCHIVE: pulumi.Output.concat("gs://", self.storage.archive),
            Name.SITE: pulumi.Output.concat("gs://", self.storage.site),
            Name.PUSH_AUDIENCE: push_audience(
                job.name, settings.region, self.storage.project_number
            ),
            Name.PUSH_ACCOUNT: self.push.email,
            Name.PUSH_SIGNATURE: PushSignature.CLOUD_RUN,
            **({Name.CLOUD: cloud} if cloud else {}),
            **own,
        }
        Collector(
            f"{name}-job",
            {
                "project": settings.project,
                "region": settings.region,
                "job_name": job.name,
                "description": f"Collects the bills of {cloud}" if cloud else "The hub's own job",
                "schedule": job.schedule,
                "message": DAILY,
                "source_bucket": self.storage.bundles,
                "source_object": self.bundle,
                "entry_point": ENTRY_POINT,
                "build_account": self.build.service_account,
                "build_environment": BUILD_ENVIRONMENT,
                "image_repository": self.build.repository,
                "environment": environment(cloud, values),
                "service_account": identity.email,
                "pubsub_agent": self.services.pubsub_agent,
            },
            self.options,
        )
        return job.name


def hub_job(hub: Hub, settings: GcpSettings) -> str:
    """What the hub does each day by itself."""
    identity = hub.identity("hub", settings.hub_job, None)
    return hub.job("hub", settings.hub_job, None, identity, {})


def google_job(hub: Hub, settings: Settings) -> str:
    """Google's bills: the export that a person switches on, and the job that reads it."""
    export = BillingExport(
        "billing-export",
        {
            "project": settings.gcp.project,
            "dataset": hub.warehouse.dataset_id,
            "scopes": settings.gcp.scopes,
        },
        hub.options,
    )
    scopes = pulumi.Output.json_dumps(
        export.tables.apply(
            lambda tables: [
                document(GcpDocument, id=account, table=table) for account, table in tables.items()
            ]
        )
    )
    job = settings.gcp.collect_job
    identity = hub.identity("gcp", job, Cloud.GCP)
    return hub.job("gcp", job, Cloud.GCP, identity, _collecting(settings, scopes))


def aws_job(hub: Hub, settings: Settings, aws: AwsSettings) -> str:
    """AWS's bills: a bucket, an export and a role per payer account, and the job that reads."""
    identity = hub.identity("aws", aws.job, Cloud.AWS)
    scopes = [_payer_account(settings, aws, scope, identity) for scope in aws.scopes]
    values = _collecting(settings, pulumi.Output.json_dumps(scopes))
    return hub.job("aws", aws.job, Cloud.AWS, identity, values)


def _payer_account(
    settings: Settings, aws: AwsSettings, scope: AwsScope, identity: JobIdentity
) -> dict[str, pulumi.Input[str]]:
    bills = aws_bills_of(aws, scope)
    options = pulumi.ResourceOptions(providers=[aws_provider(aws, scope, settings.labels)])
    bucket: pulumi.Input[str] = bills.bucket
    if not bills.adopts_bucket:
        bucket = ExportBucket(
            f"aws-{scope.id}-storage",
            {"bucket": bills.bucket, "account": scope.id, "region": bills.region},
            options,
        ).bucket
    if not bills.adopts_export:
        AwsCostExport(
            f"aws-{scope.id}-export",
            {
                "account": scope.id,
                "bucket": bucket,
                "bucket_region": bills.region,
                "prefix": bills.prefix,
                "export_name": bills.name,
            },
            options,
        )
    role: pulumi.Input[str] | None = bills.role_arn
    if role is None:
        role = CollectorRole(
            f"aws-{scope.id}-identity",
            {
                "bucket_arn": pulumi.Output.concat("arn:aws:s3:::", bucket),
                "prefix": bills.prefix,
                "service_accounts": [identity.unique_id],
                "audience": AWS_AUDIENCE,
            },
            options,
        ).arn
    if aws.cost_allocation_tags:
        CostAllocationTags(f"aws-{scope.id}-tags", {"tags": aws.cost_allocation_tags}, options)
    return document(
        AwsDocument,
        id=scope.id,
        role_arn=role,
        region=bills.region,
        bucket=bucket,
        prefix=bills.prefix,
        export=bills.kind,
    )


def azure_job(hub: Hub, settings: Settings, azure: AzureSettings, today: date) -> str:
    """Azure's bills: the container that exports write to, an identity, and the job."""
    job_identity = hub.identity("azure", azure.job, Cloud.AZURE)
    options = pulumi.ResourceOptions(providers=[azure_provider(azure)])
    group = Group(
        "azure-group", {"name": azure.resource_group, "location": azure.location}, options
    )
    storage = ExportStorage(
        "azure-storage",
        {
            "resource_group": group.name,
            "location": azure.location,
            "account": azure.storage_account,
        },
        options,
    )
    scopes: list[dict[str, pulumi.Input[str]]] = []
    for scope in azure.scopes:
        bills = azure_bills_of(azure, scope)
        if not bills.adopts_export:
            AzureCostExport(
                f"azure-export-{bills.directory}",
                {
                    "scope": scope.id,
                    "export_name": bills.name,
                    "account_id": storage.account_id,
                    "container": storage.container,
                    "directory": bills.directory,
                    "first_day": today + timedelta(days=1),
                },
                options,
            )
        scopes.append(
            document(
                AzureDocument,
                id=scope.id,
                account_url=bills.account_url,
                container=bills.container,
                prefix=bills.directory,
                export=AzureExport.ACTUAL,
            )
        )
    identity = CollectorIdentity(
        "azure-identity",
        {
            "subscription": azure.subscription,
            "resource_group": group.name,
            "location": azure.location,
            "identity_name": "ai-cost-collector",
            "service_account": job_identity.unique_id,
            "scopes": [scope.id for scope in azure.scopes],
            "containers": {f"{azure.storage_account}/exports": storage.container_id},
        },
        options,
    )
    values = {
        **_collecting(settings, pulumi.Output.json_dumps(scopes)),
        Name.AZURE_TENANT: azure.tenant,
        Name.AZURE_CLIENT_ID: identity.client_id,
    }
    return hub.job("azure", azure.job, Cloud.AZURE, job_identity, values)


def _collecting(settings: Settings, scopes: pulumi.Input[str]) -> dict[Name, pulumi.Input[str]]:
    return {Name.SCOPES: scopes, Name.SHRINK_HOLD_SHARE: str(settings.shrink_hold_share)}
