"""What an environment is made of. The phase is decided here and nowhere else.

Reads from the top: the hub in Google Cloud, a job for each cloud with what it reads, then what
watches the jobs and what people look at.
"""

from datetime import UTC, date, datetime, timedelta

import pulumi

from dashboards.source import Access
from handlers.alerts import Hub as Readable
from handlers.record import Cloud
from handlers.scopes import AwsScope as AwsDocument
from handlers.scopes import AzureExport, document
from handlers.scopes import AzureScope as AzureDocument
from handlers.scopes import GcpScope as GcpDocument
from handlers.settings import AWS_AUDIENCE, Name
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
from infra.azure.storage import CONTAINER, ExportStorage
from infra.gcp.alarm import Alarm
from infra.gcp.alerts import LoggedAlerts
from infra.gcp.export import BillingExport
from infra.gcp.identity import JobIdentity
from infra.gcp.reader import GrafanaReader
from infra.grafana.alerts import Alerts
from infra.grafana.cloud_run import CloudRun, address
from infra.grafana.content import Content, ContentArgs
from infra.grafana.image import Image
from infra.grafana.key import SignInKey
from infra.hub import BundleOf, Hub
from infra.labels import tag_azure
from infra.providers import aws_provider, azure_provider, grafana_provider
from infra.scopes import AwsScope
from infra.settings import AwsSettings, AzureSettings, Hosting, Settings

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
    if settings.aws:
        jobs.append(aws_job(hub, settings, settings.aws))
    if settings.azure:
        day = today or datetime.now(UTC).date()
        jobs.append(azure_job(hub, settings, settings.azure, day))
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
    pulumi.export("grafana", grafana(hub, settings))


def hub_job(hub: Hub, settings: Settings) -> str:
    """What the hub does each day by itself."""
    job = settings.gcp.hub_job
    identity = hub.identity("hub", job, None)
    return hub.job("hub", job, None, identity, {Name.GRAFANA_URL: grafana_url(hub, settings)})


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
            "containers": {f"{azure.storage_account}/{CONTAINER}": storage.container_id},
        },
        options,
    )
    values = {
        **_collecting(settings, pulumi.Output.json_dumps(scopes)),
        Name.AZURE_TENANT: azure.tenant,
        Name.AZURE_CLIENT_ID: identity.client_id,
    }
    return hub.job("azure", azure.job, Cloud.AZURE, job_identity, values)


def grafana_url(hub: Hub, settings: Settings) -> pulumi.Input[str]:
    """Where people look, known before it is there."""
    if settings.grafana.hosting is Hosting.EXTERNAL:
        return settings.grafana.url
    return address(OWN_GRAFANA, hub.storage.project_number.apply(str), settings.gcp.region)


def grafana(hub: Hub, settings: Settings) -> pulumi.Input[str]:
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
    if settings.grafana.hosting is Hosting.CLOUD_RUN:
        return _own_grafana(hub, settings, readable, reader.email)
    return _external_grafana(hub, settings, readable, reader.email)


def _external_grafana(
    hub: Hub, settings: Settings, readable: Readable, reader: pulumi.Output[str]
) -> pulumi.Input[str]:
    """Folder, data source, dashboards and alert rules in a Grafana that is there."""
    there = grafana_provider(settings.grafana)
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
