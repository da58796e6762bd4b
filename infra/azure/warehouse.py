"""Azure SQL: the warehouse of Azure's costs, which only Entra lets in.

Its administrator is an identity of the Function App, used for the command ``migrate`` alone: that
makes the tables, and a contained user with its rights for the collector and for Grafana
(handlers/warehouses/azuresql/migration.py). So nobody needs a password, nor a way into the network.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import sql

DATABASE = "costs"
VERSION = "12.0"
"""Of every server in Azure SQL."""
SHORT_TERM_DAYS = 14
"""How far back the database can be restored to any second; standard allows 35:
https://learn.microsoft.com/azure/azure-sql/database/automated-backups-overview"""
WEEKLY, MONTHLY, YEARLY = "P6W", "P13M", "P7Y"
"""How long one backup of each week, month and year is kept."""


class WarehouseArgs(TypedDict):
    """What it is called, who administers it, and whether it has a public endpoint."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    server: pulumi.Input[str]
    """The server's name, unique in all of Azure."""
    tenant: pulumi.Input[str]
    admin_login: pulumi.Input[str]
    admin_principal: pulumi.Input[str]
    """The object id of the identity that administers it."""
    public_network_access: sql.ServerNetworkAccessFlag
    """Enabled: for named networks and addresses alone. Disabled: for private endpoints alone."""


class Warehouse(pulumi.ComponentResource):
    """A server and its database: protected, kept when the stack goes, and backed up for years."""

    server: pulumi.Output[str]
    server_id: pulumi.Output[str]
    host: pulumi.Output[str]
    database: pulumi.Output[str]

    def __init__(
        self, name: str, args: WarehouseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Warehouse", name, {}, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        group = args["resource_group"]
        server = sql.Server(
            f"{name}-server",
            server_name=args["server"],
            resource_group_name=group,
            location=args["location"],
            version=VERSION,
            minimal_tls_version="1.2",
            public_network_access=args["public_network_access"],
            restrict_outbound_network_access=sql.ServerNetworkAccessFlag.ENABLED,
            administrators={
                "administrator_type": sql.AdministratorType.ACTIVE_DIRECTORY,
                "principal_type": sql.PrincipalType.APPLICATION,
                "login": args["admin_login"],
                "sid": args["admin_principal"],
                "tenant_id": args["tenant"],
                "azure_ad_only_authentication": True,
            },
            opts=kept,
        )
        database = sql.Database(
            f"{name}-database",
            database_name=DATABASE,
            server_name=server.name,
            resource_group_name=group,
            location=args["location"],
            sku={"name": "S0", "tier": "Standard"},
            # Names of models and customers differ by case; the tables say the same by themselves.
            collation="Latin1_General_100_BIN2_UTF8",
            requested_backup_storage_redundancy=sql.BackupStorageRedundancy.GEO,
            opts=kept,
        )
        sql.BackupShortTermRetentionPolicy(
            f"{name}-short-term",
            policy_name="default",
            database_name=database.name,
            server_name=server.name,
            resource_group_name=group,
            retention_days=SHORT_TERM_DAYS,
            diff_backup_interval_in_hours=24,
            opts=kept,
        )
        sql.LongTermRetentionPolicy(
            f"{name}-long-term",
            policy_name="default",
            database_name=database.name,
            server_name=server.name,
            resource_group_name=group,
            weekly_retention=WEEKLY,
            monthly_retention=MONTHLY,
            yearly_retention=YEARLY,
            week_of_year=1,
            opts=kept,
        )
        self.server = server.name
        self.server_id = server.id
        self.host = server.fully_qualified_domain_name
        self.database = database.name
        self.register_outputs({"server": self.server, "host": self.host})
