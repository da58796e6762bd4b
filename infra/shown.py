"""What people look at: Grafana's parts, wired for where it runs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from dashboards.source import Access
from handlers.alerts import Hub as Readable
from handlers.record import Cloud
from infra.aws.native import Native as AwsNative
from infra.azure.native import Native as AzureNative
from infra.gcp.reader import GrafanaReader
from infra.grafana.alerts import Alerts
from infra.grafana.cloud_run import CloudRun, address
from infra.grafana.content import Content, ContentArgs
from infra.grafana.image import Image
from infra.grafana.key import SignInKey
from infra.grafana.pages import Pages
from infra.grafana.sources import RedshiftSource, SqlSource
from infra.grafana_settings import Hosting
from infra.hub import Hub
from infra.settings import AzureSettings, Settings

OWN_GRAFANA = "ai-cost-grafana"
"""The service's name of a Grafana that the program hosts."""


@dataclass(frozen=True)
class Shown:
    """What people look at: its address, and what a Grafana that keeps it was given."""

    url: pulumi.Input[str]
    content: Content | None = None
    options: pulumi.ResourceOptions | None = None
    """Where more can be given to it."""


def grafana_url(hub: Hub, settings: Settings) -> pulumi.Input[str]:
    """Where people look, known before it is there."""
    if settings.grafana.hosting is Hosting.EXTERNAL:
        return settings.grafana.url
    return address(OWN_GRAFANA, hub.storage.project_number.apply(str), settings.gcp.region)


def grafana(hub: Hub, settings: Settings, there: pulumi.ProviderResource | None) -> Shown:
    """What people look at."""
    reader = GrafanaReader(
        "grafana-reader",
        {
            "project": settings.gcp.project,
            "account_id": "grafana-reader",
            "dataset": hub.dataset,
        },
        hub.options,
    )
    if there is None:
        return Shown(_own_grafana(hub, settings, reader.email))
    return _external_grafana(hub, settings, reader.email, there)


def redshift_source(
    settings: Settings, native: AwsNative, options: pulumi.ResourceOptions
) -> RedshiftSource:
    """The pages about AWS, through the Data API."""
    reader = native.reader(settings.grafana.detail.aws_key_rotation)
    return RedshiftSource(
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
) -> SqlSource:
    """The pages about Azure, by the route that the settings name."""
    detail = settings.grafana.detail
    return SqlSource(
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


def detail_pages(
    settings: Settings, shown: Shown, natives: Mapping[Cloud, pulumi.Resource]
) -> None:
    """A page for each cloud, which asks its own warehouse; Google's is the hub."""
    if shown.content is None or shown.options is None:
        return
    sources = dict(natives)
    if Cloud.GCP in settings.clouds:
        sources[Cloud.GCP] = shown.content
    Pages(
        "grafana-detail",
        {
            "hub": readable(settings),
            "folder_uid": shown.content.folder_uid,
            "sources": sources,
        },
        shown.options,
    )


def readable(settings: Settings) -> Readable:
    """The hub, for who reads it."""
    return Readable(
        project=settings.gcp.project,
        dataset=settings.gcp.dataset,
        location=settings.gcp.bigquery_location,
        clouds=tuple(cloud for cloud in Cloud if cloud in settings.clouds),
        parity_days=settings.parity_days,
    )


def _external_grafana(
    hub: Hub,
    settings: Settings,
    reader: pulumi.Output[str],
    there: pulumi.ProviderResource,
) -> Shown:
    """Folder, data source, dashboards and alert rules in a Grafana that is there."""
    content: ContentArgs = {"hub": readable(settings), "reader": reader}
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
            "hub": readable(settings),
            "folder_uid": shown.folder_uid,
            "source_uid": shown.source_uid,
            "notify": settings.notify,
            "docs_url": settings.docs_url,
        },
        options,
    )
    return Shown(settings.grafana.url, shown, options)


def _own_grafana(hub: Hub, settings: Settings, reader: pulumi.Output[str]) -> pulumi.Output[str]:
    """A Grafana of our own in the hub's project: the dashboards are in its image."""
    image = Image(
        "grafana-image",
        {
            "hub": readable(settings),
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
