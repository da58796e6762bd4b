"""What an environment is made of. The phase is decided here and nowhere else.

Reads from the top: the hub in Google Cloud, a job for each cloud with what it reads, then what
watches the jobs and what people look at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pulumi

from handlers.record import Cloud
from handlers.scopes import GcpScope as GcpDocument
from handlers.scopes import document
from handlers.settings import AWS_AUDIENCE, Name
from infra import bundles
from infra.aliases import keep_renamed
from infra.aws.billing import Billing as AwsBilling
from infra.aws.billing import land_bills as land_aws_bills
from infra.aws.identity import CollectorRole
from infra.azure.billing import Billing as AzureBilling
from infra.azure.billing import land_bills as land_azure_bills
from infra.azure.identity import CollectorIdentity
from infra.gcp.alarm import Alarm
from infra.gcp.alerts import LoggedAlerts
from infra.gcp.export import BillingExport
from infra.gcp.federation import Pool
from infra.gcp.identity import JobIdentity
from infra.gcp.shares import CustomerShares
from infra.grafana_settings import Hosting
from infra.hub import BundleOf, Hub
from infra.labels import tag_azure
from infra.native import aws_native, azure_native
from infra.pipelines import pipelines
from infra.providers import aws_provider, azure_provider, grafana_provider
from infra.settings import AwsSettings, AzureSettings, Settings
from infra.shown import detail_pages, grafana, grafana_url, redshift_source, sql_source
from infra.stages import Phase


def build(
    settings: Settings, *, bundle_of: BundleOf = bundles.build, today: date | None = None
) -> None:
    """Register everything that the settings describe.

    ``bundle_of`` gives a runtime's code: built when stale, or only planned where nothing is
    deployed. ``today`` is the day in UTC on which what is new begins.
    """
    tag_azure(settings.labels)
    keep_renamed()
    hub = Hub.make(settings, bundle_of)
    own, jobs = hub_job(hub, settings), list[str]()
    if Cloud.GCP in settings.clouds:
        jobs.append(google_job(hub, settings))
    bills = Bills.land(settings, today or datetime.now(UTC).date())
    if settings.stage.fills_hub_path:
        jobs += hub_paths(hub, settings, bills)
    alarm = Alarm(
        "alarm",
        {
            "project": settings.gcp.project,
            "jobs": [own, *jobs],
            "tasks": jobs if hub.collects_by_task else [],
            "notify": settings.notify,
            "labels": settings.labels,
        },
        hub.options,
    )
    if settings.grafana.hosting is Hosting.CLOUD_RUN:
        logged_alerts(hub, settings, alarm)
    pulumi.export("dataset", pulumi.Output.format("{}.{}", settings.gcp.project, hub.dataset))
    external = settings.grafana.hosting is Hosting.EXTERNAL
    there = grafana_provider(settings.grafana) if external else None
    shown = grafana(hub, settings, there)
    pulumi.export("grafana", shown.url)
    if settings.phase >= Phase.NATIVE:
        sources = native_paths(hub, settings, bills, there, bundle_of)
        detail_pages(settings, shown, sources)
    if settings.pipeline:
        pipelines(hub, settings, settings.pipeline, next(iter(bills.aws), None), bills.azure)


@dataclass(frozen=True)
class Bills:
    """What lands the bills of AWS and Azure, for whichever path collects them."""

    aws: Sequence[AwsBilling]
    azure: AzureBilling | None

    @classmethod
    def land(cls, settings: Settings, today: date) -> "Bills":
        """Register it for the clouds that the settings name."""
        aws, azure = settings.aws, settings.azure
        return cls(
            aws_bills(settings, aws) if aws else (),
            azure_bills(azure, today) if azure else None,
        )


def hub_paths(hub: Hub, settings: Settings, bills: Bills) -> list[str]:
    """The hub's own jobs for AWS and Azure."""
    jobs: list[str] = []
    if settings.aws:
        jobs.append(aws_job(hub, settings, settings.aws, bills.aws))
    if settings.azure and bills.azure:
        jobs.append(azure_job(hub, settings, settings.azure, bills.azure))
    return jobs


def native_paths(
    hub: Hub,
    settings: Settings,
    bills: Bills,
    there: pulumi.ProviderResource | None,
    bundle_of: BundleOf,
) -> Mapping[Cloud, pulumi.Resource]:
    """Each cloud's own warehouse and collector; the sources of Grafana that ask it.

    A Grafana that the program hosts has an identity in Google Cloud alone, so it has the hub alone.
    """
    pool = Pool("federation", {"project": settings.gcp.project}, hub.options)
    options = pulumi.ResourceOptions(providers=[there]) if there else None
    sources: dict[Cloud, pulumi.Resource] = {}
    if settings.aws:
        aws = aws_native(hub, settings, settings.aws, bills.aws, pool, bundle_of)
        if options:
            sources[Cloud.AWS] = redshift_source(settings, aws, options)
    if settings.azure and bills.azure:
        azure = azure_native(hub, settings, settings.azure, bills.azure, pool, bundle_of)
        if options and settings.grafana.detail.sql_client_secret is not None:
            sources[Cloud.AZURE] = sql_source(settings, settings.azure, azure, options)
    return sources


def hub_job(hub: Hub, settings: Settings) -> str:
    """What the hub does each day by itself."""
    job = settings.gcp.hub_job
    identity = hub.identity("hub", job, None)
    if settings.shares.shares:
        customer_shares(hub, settings, identity)
    return hub.job("hub", job, None, identity, {Name.GRAFANA_URL: grafana_url(hub, settings)})


def customer_shares(hub: Hub, settings: Settings, writer: JobIdentity) -> None:
    """A folder for each customer that is given its own rows, and who may read it."""
    CustomerShares(
        "shares",
        {
            "project": settings.gcp.project,
            "location": settings.gcp.bigquery_location,
            "shares": settings.shares,
            "writer": writer.email,
        },
        hub.options,
    )


def logged_alerts(hub: Hub, settings: Settings, alarm: Alarm) -> None:
    """What the hub's job finds reaches people, for a Grafana on Cloud Run evaluates no rules."""
    LoggedAlerts(
        "alerts",
        {
            "project": settings.gcp.project,
            "job": settings.gcp.hub_job.name,
            "channels": alarm.channels,
            "docs_url": settings.docs_url,
            "labels": settings.labels,
        },
        hub.options,
    )


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


def aws_bills(settings: Settings, aws: AwsSettings) -> Sequence[AwsBilling]:
    """What lands AWS's bills: a bucket and an export per payer account."""
    return [
        land_aws_bills(
            aws,
            scope,
            pulumi.ResourceOptions(providers=[aws_provider(aws, scope, settings.labels)]),
        )
        for scope in aws.scopes
    ]


def aws_job(hub: Hub, settings: Settings, aws: AwsSettings, billing: Sequence[AwsBilling]) -> str:
    """The hub's job for AWS's bills, and a role for it in each payer account."""
    identity = hub.identity("aws", aws.job, Cloud.AWS)
    scopes = [one.document(_collector_role(one, identity)) for one in billing]
    values = _collecting(settings, pulumi.Output.json_dumps(scopes))
    return hub.job("aws", aws.job, Cloud.AWS, identity, values)


def _collector_role(billing: AwsBilling, identity: JobIdentity) -> pulumi.Input[str]:
    if billing.bills.role_arn is not None:
        return billing.bills.role_arn
    return CollectorRole(
        f"aws-{billing.scope.id}-identity",
        {
            "bucket_arn": billing.bucket_arn,
            "prefix": billing.bills.prefix,
            "service_accounts": [identity.unique_id],
            "audience": AWS_AUDIENCE,
        },
        billing.options,
    ).arn


def azure_bills(azure: AzureSettings, today: date) -> AzureBilling:
    """What lands Azure's bills: an account, and an export for each scope."""
    options = pulumi.ResourceOptions(providers=[azure_provider(azure)])
    return land_azure_bills(azure, options, today)


def azure_job(hub: Hub, settings: Settings, azure: AzureSettings, billing: AzureBilling) -> str:
    """The hub's job for Azure's bills, and an identity for it."""
    job_identity = hub.identity("azure", azure.job, Cloud.AZURE)
    identity = CollectorIdentity(
        "azure-identity",
        {
            "subscription": azure.subscription,
            "resource_group": billing.group,
            "location": azure.location,
            "identity_name": "ai-cost-collector",
            "service_account": job_identity.unique_id,
            "scopes": [scope.id for scope in azure.scopes],
            "containers": billing.containers,
        },
        billing.options,
    )
    values = {
        **_collecting(settings, pulumi.Output.json_dumps(billing.documents)),
        Name.AZURE_TENANT: azure.tenant,
        Name.AZURE_CLIENT_ID: identity.client_id,
    }
    return hub.job("azure", azure.job, Cloud.AZURE, job_identity, values)


def _collecting(settings: Settings, scopes: pulumi.Input[str]) -> dict[Name, pulumi.Input[str]]:
    return {Name.SCOPES: scopes, Name.SHRINK_HOLD_SHARE: str(settings.shrink_hold_share)}
