"""The native paths together: how they reach the hub, and what their collectors are told."""

from collections.abc import Mapping, Sequence

import pulumi

from handlers.native import native_environment
from handlers.native_names import NativeName
from handlers.record import Cloud
from handlers.settings import AZURE_AUDIENCE, Name
from infra.aws.billing import Billing as AwsBilling
from infra.aws.native import COLLECTOR_ROLE
from infra.aws.native import Database as Redshift
from infra.aws.native import Native as AwsNative
from infra.azure.billing import Billing as AzureBilling
from infra.azure.native import Database as AzureSql
from infra.azure.native import Native as AzureNative
from infra.azure.staging import COMMANDS
from infra.bundles import Runtime
from infra.gcp.federation import AwsProvider, AzureProvider, Pool, Publisher
from infra.grafana.sources import SQL_READER
from infra.hub import BundleOf, Hub
from infra.native_settings import CollectorRuntime
from infra.settings import AwsSettings, AzureSettings, Settings

Values = Mapping[Name | NativeName, pulumi.Input[str]]


def aws_native(
    hub: Hub,
    settings: Settings,
    aws: AwsSettings,
    billing: Sequence[AwsBilling],
    pool: Pool,
    bundle_of: BundleOf,
) -> AwsNative:
    """AWS's own path; its Lambda reaches the hub by the role that it runs as."""
    [home] = [one for one in billing if one.scope.id == aws.redshift.account]
    provider = AwsProvider(
        "aws-federation",
        {
            "project": settings.gcp.project,
            "pool_id": pool.pool_id,
            "pool_name": pool.pool_name,
            "account": aws.redshift.account,
            "role": COLLECTOR_ROLE,
            "function": _session(aws),
        },
        hub.options,
    )
    publisher = _publisher(hub, Cloud.AWS, provider.member)
    native = AwsNative.make(aws, home.options, settings.gcp.archive_years)

    def environment_of(
        database: Redshift, scopes: pulumi.Input[str]
    ) -> Mapping[str, pulumi.Input[str]]:
        values: Values = {
            **_shared(hub, settings, Cloud.AWS, aws.redshift.job.name, scopes),
            **_federated(provider.provider_name, publisher.email),
            NativeName.HISTORY: pulumi.Output.concat("gs://", hub.storage.archive),
            # Its own, so that a load waits for no other cloud.
            Name.ARCHIVE: database.archive,
            NativeName.REDSHIFT_WORKGROUP: database.workgroup,
            NativeName.REDSHIFT_DATABASE: database.database,
            NativeName.REDSHIFT_STAGING: database.staging,
            NativeName.REDSHIFT_ROLE: database.copy_role,
        }
        return native_environment(Cloud.AWS, values)

    native.collect(billing, settings.notify, bundle_of(Runtime.AWS), environment_of)
    return native


def _session(aws: AwsSettings) -> str | None:
    """The session of the collector's role that is let in: a task's has another name each day."""
    own = aws.redshift
    return own.job.name if own.runtime is CollectorRuntime.FUNCTION else None


def azure_native(
    hub: Hub,
    settings: Settings,
    azure: AzureSettings,
    billing: AzureBilling,
    pool: Pool,
    bundle_of: BundleOf,
) -> AzureNative:
    """Azure's own path; its Function App reaches the hub by its managed identity."""
    native = AzureNative.make(
        azure, billing, settings.grafana.detail.addresses, settings.gcp.archive_years
    )
    provider = AzureProvider(
        "azure-federation",
        {
            "project": settings.gcp.project,
            "pool_id": pool.pool_id,
            "pool_name": pool.pool_name,
            "tenant": azure.tenant,
            "principal": native.identity.principal_id,
        },
        hub.options,
    )
    publisher = _publisher(hub, Cloud.AZURE, provider.member)
    client_id = settings.grafana.detail.sql_client_id
    readers = {SQL_READER: client_id} if client_id else {}

    def environment_of(
        database: AzureSql, scopes: pulumi.Input[str]
    ) -> Mapping[str, pulumi.Input[str]]:
        values: Values = {
            **_shared(hub, settings, Cloud.AZURE, azure.sql.job, scopes),
            **_federated(provider.provider_name, publisher.email),
            NativeName.HISTORY: pulumi.Output.concat("gs://", hub.storage.archive),
            # Its own, so that a load waits for no other cloud.
            Name.ARCHIVE: database.archive,
            NativeName.GOOGLE_TOKEN_SCOPE: f"{AZURE_AUDIENCE}/.default",
            NativeName.IDENTITY: database.client_id,
            NativeName.COMMANDS_QUEUE: COMMANDS,
            NativeName.COMMANDS_SERVICE: database.queue_service,
            NativeName.COMMANDS_CREDENTIAL: "managedidentity",
            NativeName.COMMANDS_CLIENT_ID: database.client_id,
            NativeName.SQL_SERVER: database.host,
            NativeName.SQL_DATABASE: database.database,
            NativeName.SQL_USER: database.user,
            NativeName.SQL_ADMIN: database.admin_client_id,
            NativeName.SQL_READERS: pulumi.Output.json_dumps(readers),
        }
        return native_environment(Cloud.AZURE, values)

    native.collect(settings.notify, bundle_of(Runtime.AZURE), environment_of)
    return native


def _publisher(hub: Hub, cloud: Cloud, member: pulumi.Input[str]) -> Publisher:
    """The account that the collector of ``cloud`` acts as in the hub."""
    # Its rights are on single tables, which must be there.
    after = pulumi.ResourceOptions(depends_on=[hub.warehouse])
    options = pulumi.ResourceOptions.merge(hub.options, after)
    return Publisher(
        f"{cloud.lower()}-publisher",
        {
            "cloud": cloud,
            "account_id": f"{cloud.lower()}-native-publisher",
            "member": member,
            "places": hub.places,
        },
        options,
    )


def _shared(
    hub: Hub, settings: Settings, cloud: Cloud, job: str, scopes: pulumi.Input[str]
) -> Values:
    """What every collector is told, wherever it runs."""
    return {
        Name.JOB: job,
        Name.CLOUD: cloud,
        Name.PROJECT: settings.gcp.project,
        Name.LOCATION: settings.gcp.bigquery_location,
        Name.DATASET: hub.warehouse.dataset_id,
        Name.STAGING_DATASET: hub.warehouse.staging_dataset_id,
        Name.ARCHIVE: pulumi.Output.concat("gs://", hub.storage.archive),
        Name.SITE: pulumi.Output.concat("gs://", hub.storage.site),
        Name.SCOPES: scopes,
        Name.SHRINK_HOLD_SHARE: str(settings.shrink_hold_share),
    }


def _federated(provider: pulumi.Input[str], account: pulumi.Input[str]) -> Values:
    return {
        NativeName.GOOGLE_AUDIENCE: pulumi.Output.concat("//iam.googleapis.com/", provider),
        NativeName.GOOGLE_ACCOUNT: account,
    }
