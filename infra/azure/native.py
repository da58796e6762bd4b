"""Azure's own path: the database, the Function App that fills it, what watches it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import sql

from infra.azure.alarm import Alarm
from infra.azure.archive import CONTAINER as ARCHIVE
from infra.azure.archive import Archive
from infra.azure.billing import Billing
from infra.azure.code import Code
from infra.azure.collector import Collector, Watch
from infra.azure.identity import (
    MONITORING_METRICS_PUBLISHER,
    STORAGE_BLOB_DATA_CONTRIBUTOR,
    STORAGE_BLOB_DATA_OWNER,
    STORAGE_QUEUE_DATA_CONTRIBUTOR,
    STORAGE_TABLE_DATA_CONTRIBUTOR,
    Grant,
    Identity,
    reading,
)
from infra.azure.network import Network, SqlAccess
from infra.azure.staging import Staging
from infra.azure.warehouse import Warehouse
from infra.bundles import Planned
from infra.native_settings import SqlRoute
from infra.settings import AzureSettings

COLLECTOR = "ai-cost-native-collector"
ADMIN = "ai-cost-native-admin"
NETWORK = "ai-cost-monitoring"


@dataclass(frozen=True)
class Database:
    """Where the Function App finds warehouse and commands, and as whom it comes."""

    host: pulumi.Input[str]
    database: pulumi.Input[str]
    user: pulumi.Input[str]
    """The name of the collector's identity, which its contained user has."""
    client_id: pulumi.Input[str]
    """Of the collector's identity."""
    admin_client_id: pulumi.Input[str]
    """Of the identity that the command ``migrate`` uses."""
    queue_service: pulumi.Input[str]
    """Where the queue of commands is."""
    archive: pulumi.Input[str]
    """As ``https://ACCOUNT.blob.core.windows.net/CONTAINER``."""


EnvironmentOf = Callable[[Database, pulumi.Input[str]], Mapping[str, pulumi.Input[str]]]
"""The collector's environment, from its warehouse and its scopes as JSON."""


@dataclass(frozen=True)
class Native:
    """Azure's own path, as it is registered in the subscription."""

    settings: AzureSettings
    billing: Billing
    network: Network
    warehouse: Warehouse
    access: SqlAccess
    staging: Staging
    archive: Archive
    watch: Watch
    identity: Identity
    admin: Identity

    @classmethod
    def make(
        cls,
        settings: AzureSettings,
        billing: Billing,
        addresses: tuple[str, ...],
        archive_years: int,
    ) -> "Native":
        """Register warehouse and archive; ``addresses`` are those of a Grafana that comes in."""
        options, group, location = billing.options, billing.group, settings.location
        network = Network(
            "azure-network",
            {"resource_group": group, "location": location, "network_name": NETWORK},
            options,
        )
        staging = Staging(
            "azure-staging",
            {
                "resource_group": group,
                "location": location,
                "account": settings.sql.staging_account,
            },
            options,
        )
        archive = Archive(
            "azure-archive",
            {
                "resource_group": group,
                "location": location,
                "account": settings.sql.archive_account,
                "archive_years": archive_years,
            },
            options,
        )
        watch = Watch(
            "azure-watch",
            {"resource_group": group, "location": location, "watch_name": settings.sql.app},
            options,
        )
        identity = Identity(
            "azure-native-identity",
            {
                "subscription": settings.subscription,
                "resource_group": group,
                "location": location,
                "identity_name": COLLECTOR,
                "grants": _grants(settings, billing, staging, archive, watch),
            },
            options,
        )
        admin = Identity(
            "azure-admin-identity",
            {
                "subscription": settings.subscription,
                "resource_group": group,
                "location": location,
                "identity_name": ADMIN,
                "grants": [],
            },
            options,
        )
        warehouse = Warehouse(
            "azure-warehouse",
            {
                "resource_group": group,
                "location": location,
                "server": settings.sql.server,
                "tenant": settings.tenant,
                "admin_login": admin.identity_name,
                "admin_principal": admin.principal_id,
                "public_network_access": sql.ServerNetworkAccessFlag.ENABLED
                if settings.sql.route is SqlRoute.VNET_RULE
                else sql.ServerNetworkAccessFlag.DISABLED,
            },
            options,
        )
        access = SqlAccess(
            "azure-sql-access",
            {
                "resource_group": group,
                "location": location,
                "route": settings.sql.route,
                "server": warehouse.server,
                "server_id": warehouse.server_id,
                "network": network.id,
                "function_subnet": network.function_subnet,
                "endpoint_subnet": network.endpoint_subnet,
                "addresses": addresses,
            },
            options,
        )
        return cls(
            settings, billing, network, warehouse, access, staging, archive, watch, identity, admin
        )

    def collect(
        self, notify: Sequence[str], bundle: Planned, environment_of: EnvironmentOf
    ) -> None:
        """Register the Function App, its code, and what tells of it."""
        group, location = self.billing.group, self.settings.location
        names, options = self.settings.sql, self.billing.options
        code = Code(
            "azure-code",
            {
                "resource_group": group,
                "location": location,
                "account": names.bundles_account,
                "bundle": bundle,
            },
            options,
        )
        database = Database(
            host=self.warehouse.host,
            database=self.warehouse.database,
            user=self.identity.identity_name,
            client_id=self.identity.client_id,
            queue_service=self.staging.queue_service,
            archive=self.archive.url,
            admin_client_id=self.admin.client_id,
        )
        Collector(
            "azure-collector",
            {
                "resource_group": group,
                "location": location,
                "app_name": names.app,
                "identities": [self.identity.id, self.admin.id],
                "client_id": self.identity.client_id,
                "storage_account": self.staging.account,
                "deployments": self.staging.deployments,
                "subnet": self.network.function_subnet,
                "connection_string": self.watch.connection_string,
                "environment": environment_of(
                    database, pulumi.Output.json_dumps(self.billing.documents)
                ),
                "package_account": code.account,
                "package_container": code.container,
                "package": code.object_name,
                "after": [self.identity, self.warehouse, self.access, code],
            },
            options,
        )
        Alarm(
            "azure-alarm",
            {
                "resource_group": group,
                "location": location,
                "app_name": names.app,
                "insights_id": self.watch.component_id,
                "notify": notify,
            },
            options,
        )


def _grants(
    settings: AzureSettings, billing: Billing, staging: Staging, archive: Archive, watch: Watch
) -> list[Grant]:
    """What the collector reads, and what its host needs of its own account and log."""
    account = settings.sql.staging_account
    return [
        *reading([scope.id for scope in settings.scopes], billing.containers),
        Grant("host", STORAGE_BLOB_DATA_OWNER, account, staging.account_id),
        Grant("commands", STORAGE_QUEUE_DATA_CONTRIBUTOR, account, staging.account_id),
        Grant("timers", STORAGE_TABLE_DATA_CONTRIBUTOR, account, staging.account_id),
        Grant(
            "archive",
            STORAGE_BLOB_DATA_CONTRIBUTOR,
            f"{settings.sql.archive_account}/{ARCHIVE}",
            archive.container_id,
        ),
        Grant("log", MONITORING_METRICS_PUBLISHER, settings.sql.app, watch.component_id),
    ]
