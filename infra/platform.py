"""What an environment is made of. The phase is decided here and nowhere else.

Reads from the top: the hub in Google Cloud, a job for each cloud with what it reads, then what
watches the jobs and what people look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pulumi

from dashboards.source import Access
from handlers.alerts import Hub as Readable
from handlers.record import Cloud
from handlers.scopes import GcpScope as GcpDocument
from handlers.scopes import document
from handlers.settings import AWS_AUDIENCE, Name
from infra import bundles
from infra.aws.billing import Billing as AwsBilling
from infra.aws.billing import land_bills as land_aws_bills
from infra.aws.identity import CollectorRole
from infra.aws.native import Native as AwsNative
from infra.azure.billing import Billing as AzureBilling
from infra.azure.billing import land_bills as land_azure_bills
from infra.azure.identity import CollectorIdentity
from infra.azure.native import Native as AzureNative
from infra.gcp.alarm import Alarm
from infra.gcp.alerts import LoggedAlerts
from infra.gcp.export import BillingExport
from infra.gcp.federation import Pool
from infra.gcp.identity import JobIdentity
from infra.gcp.shares import CustomerShares
from infra.gcp.reader import GrafanaReader
from infra.grafana.alerts import Alerts
from infra.grafana.cloud_run import CloudRun, address
from infra.grafana.content import Content, ContentArgs
from infra.grafana.image import Image
from infra.grafana.key import SignInKey
from infra.grafana.sources import RedshiftSource, SqlSource
from infra.hub import BundleOf, Hub
from infra.labels import tag_azure
from infra.native import aws_native, azure_native
from infra.providers import aws_provider, azure_provider, grafana_provider
from infra.settings import AwsSettings, AzureSettings, Hosting, Settings
from infra.stages import Phase

OWN_GRAFANA = "ai-cost-grafana"
"""The service's name of a Grafana that the program hosts."""


def build(
    settings: Settings, *, bundle_of: BundleOf = bundles.build, today: date | None = None
) -> None:
    """Register everything that the settings describe.

    ``bundle_of`` gives a runtime's code: built when stale, or only planned where nothing is
    deployed. ``today`` is the day in UTC on which what is new begins.
    """
    tag_azure(settings.labels)
    hub = Hub.make(settings, bundle_of)
    jobs = [hub_job(hub, settings)]
    if Cloud.GCP in settings.clouds:
        jobs.append(google_job(hub, settings))
    bills = Bills.land(settings, today or datetime.now(UTC).date())
    if settings.stage.fills_hub_path:
        jobs += hub_paths(hub, settings, bills)
    alarm = Alarm(
        "alarm",
        {
            "project": settings.gcp.project,
            "jobs": jobs,
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
    pulumi.export("grafana", grafana(hub, settings, there))
    if settings.phase >= Phase.NATIVE:
        native_paths(hub, settings, bills, there, bundle_of)


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
) -> None:
    """Each cloud's own warehouse and collector, and the sources of Grafana that ask it.

    A Grafana that the program hosts has an identity in Google Cloud alone, so it has the hub alone.
    """
    pool = Pool("federation", {"project": settings.gcp.project}, hub.options)
    options = pulumi.ResourceOptions(providers=[there]) if there else None
    if settings.aws:
        aws = aws_native(hub, settings, settings.aws, bills.aws, pool, bundle_of)
        if options:
            redshift_source(settings, aws, options)
    if settings.azure and bills.azure:
        azure = azure_native(hub, settings, settings.azure, bills.azure, pool, bundle_of)
        if options and settings.grafana.detail.sql_client_secret is not None:
            sql_source(settings, settings.azure, azure, options)


def redshift_source(settings: Settings, native: AwsNative, options: pulumi.ResourceOptions) -> None:
    """The pages about AWS, through the Data API."""
    reader = native.reader(settings.grafana.detail.aws_key_rotation)
    RedshiftSource(
        "grafana-redshift",
        {
            "region": native.settings.region,
            "workgroup": native.database.workgroup,
            "database": native.database.database,
            "role": reader.role,
            "access_key": reader.access_key,
            "secret_key": reader.secret_key,
        },
        options,
    )


def sql_source(
    settings: Settings, azure: AzureSettings, native: AzureNative, options: pulumi.ResourceOptions
) -> None:
    """The pages about Azure, by the route that the settings name."""
    detail = settings.grafana.detail
    SqlSource(
        "grafana-azuresql",
        {
            "host": native.warehouse.host,
            "database": native.warehouse.database,
            "tenant": azure.tenant,
            "client_id": detail.sql_client_id,
            "client_secret": detail.sql_client_secret or "",
            "private_connect": detail.private_connect,
        },
        options,
    )


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


def grafana_url(hub: Hub, settings: Settings) -> pulumi.Input[str]:
    """Where people look, known before it is there."""
    if settings.grafana.hosting is Hosting.EXTERNAL:
        return settings.grafana.url
    return address(OWN_GRAFANA, hub.storage.project_number.apply(str), settings.gcp.region)


def grafana(
    hub: Hub, settings: Settings, there: pulumi.ProviderResource | None
) -> pulumi.Input[str]:
    """What people look at; its address."""
    reader = GrafanaReader(
        "grafana-reader",
        {
            "project": settings.gcp.project,
            "account_id": "grafana-reader",
            "dataset": hub.dataset,
        },
        hub.options,
    )
    readable = Readable(
        project=settings.gcp.project,
        dataset=settings.gcp.dataset,
        location=settings.gcp.bigquery_location,
        clouds=tuple(cloud for cloud in Cloud if cloud in settings.clouds),
    )
    if there is None:
        return _own_grafana(hub, settings, readable, reader.email)
    return _external_grafana(hub, settings, readable, reader.email, there)


def _external_grafana(
    hub: Hub,
    settings: Settings,
    readable: Readable,
    reader: pulumi.Output[str],
    there: pulumi.ProviderResource,
) -> pulumi.Input[str]:
    """Folder, data source, dashboards and alert rules in a Grafana that is there."""
    content: ContentArgs = {"hub": readable, "reader": reader}
    if settings.grafana.access is Access.KEY:
        content["credentials"] = SignInKey(
            "grafana-key",
            {
                "project": settings.gcp.project,
                "account_id": "grafana-sign-in",
                "reader": reader,
                "rotation": settings.grafana.key_rotation,
            },
            hub.options,
        ).credentials
    # A dashboard that opens asks at once, so that the tables come first.
    options = pulumi.ResourceOptions(providers=[there], depends_on=[hub.warehouse])
    shown = Content("grafana", content, options)
    Alerts(
        "grafana-alerts",
        {
            "hub": readable,
            "folder_uid": shown.folder_uid,
            "source_uid": shown.source_uid,
            "notify": settings.notify,
            "docs_url": settings.docs_url,
        },
        options,
    )
    return settings.grafana.url


def _own_grafana(
    hub: Hub, settings: Settings, readable: Readable, reader: pulumi.Output[str]
) -> pulumi.Output[str]:
    """A Grafana of our own in the hub's project: the dashboards are in its image."""
    image = Image(
        "grafana-image",
        {
            "hub": readable,
            "region": settings.gcp.region,
            "bucket": hub.storage.bundles,
            "repository": hub.build.repository,
            "builder": hub.build.service_account,
            "account_id": "grafana-image",
        },
        hub.options,
    )
    return CloudRun(
        "grafana",
        {
            "project": settings.gcp.project,
            "project_number": hub.storage.project_number.apply(str),
            "region": settings.gcp.region,
            "service_name": OWN_GRAFANA,
            "image": image.reference,
            "reader": reader,
            "viewers": settings.grafana.viewers,
        },
        hub.options,
    ).url


def _collecting(settings: Settings, scopes: pulumi.Input[str]) -> dict[Name, pulumi.Input[str]]:
    return {Name.SCOPES: scopes, Name.SHRINK_HOLD_SHARE: str(settings.shrink_hold_share)}
