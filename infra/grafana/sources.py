"""The data sources of the native warehouses, which the pages of one cloud ask.

Redshift is asked through the Data API, so that there is no route to it but HTTPS. Azure SQL is
asked over the network: from the fixed addresses of a Grafana of one's own, or through Grafana
Cloud's Private Data Source Connect, whose agent stands in the Function App's network
(https://grafana.com/docs/grafana-cloud/connect-externally-hosted/private-data-source-connect/).
"""

from typing import TypedDict

import pulumi
import pulumiverse_grafana as grafana

from dashboards.detail.sources import REDSHIFT_PLUGIN, REDSHIFT_UID, SQL_PLUGIN, SQL_UID

SQL_READER = "ai-cost-grafana"
"""The contained user of Grafana's application in the database."""
MOST_CONNECTIONS = 5
"""An S0 has 60 requests at a time for everybody:
https://learn.microsoft.com/azure/azure-sql/database/resource-limits-dtu-single-databases"""


class RedshiftSourceArgs(TypedDict):
    """Where Redshift is, and as whom Grafana comes."""

    region: str
    workgroup: pulumi.Input[str]
    database: str
    role: pulumi.Input[str]
    """The ARN of the role that reads."""
    access_key: pulumi.Input[str]
    secret_key: pulumi.Input[str]


class RedshiftSource(pulumi.ComponentResource):
    """AWS's costs in detail.

    https://grafana.com/docs/plugins/grafana-redshift-datasource/latest/configure/
    """

    def __init__(
        self, name: str, args: RedshiftSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:RedshiftSource", name, {}, opts)
        said: dict[str, pulumi.Input[object]] = {
            "authType": "keys",
            "assumeRoleArn": args["role"],
            "defaultRegion": args["region"],
            "useServerless": True,
            "workgroupName": args["workgroup"],
            "database": args["database"],
        }
        secret = {"accessKey": args["access_key"], "secretKey": args["secret_key"]}
        grafana.oss.DataSource(
            f"{name}-source",
            name="AI costs in Redshift",
            uid=REDSHIFT_UID,
            type=REDSHIFT_PLUGIN,
            json_data_encoded=pulumi.Output.json_dumps(said, sort_keys=True),
            secure_json_data_encoded=pulumi.Output.secret(
                pulumi.Output.json_dumps(secret, sort_keys=True)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class SqlSourceArgs(TypedDict):
    """Where Azure SQL is, and as whom Grafana comes."""

    host: pulumi.Input[str]
    database: pulumi.Input[str]
    tenant: str
    client_id: str
    client_secret: pulumi.Input[str]
    private_connect: str
    """The network of Private Data Source Connect; empty for none."""


class SqlSource(pulumi.ComponentResource):
    """Azure's costs in detail.

    https://grafana.com/docs/grafana/latest/datasources/mssql/configure/
    """

    def __init__(
        self, name: str, args: SqlSourceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:SqlSource", name, {}, opts)
        said: dict[str, pulumi.Input[object]] = {
            "authenticationType": "Azure AD Authentication",
            "azureCredentials": {
                "authType": "clientsecret",
                "azureCloud": "AzureCloud",
                "tenantId": args["tenant"],
                "clientId": args["client_id"],
            },
            "database": args["database"],
            "encrypt": "true",
            "maxOpenConns": MOST_CONNECTIONS,
            "maxIdleConns": 1,
            "enableSecureSocksProxy": bool(args["private_connect"]),
        }
        secret = {"azureClientSecret": args["client_secret"]}
        grafana.oss.DataSource(
            f"{name}-source",
            name="AI costs in Azure SQL",
            uid=SQL_UID,
            type=SQL_PLUGIN,
            url=pulumi.Output.concat(args["host"], ":1433"),
            json_data_encoded=pulumi.Output.json_dumps(said, sort_keys=True),
            secure_json_data_encoded=pulumi.Output.secret(
                pulumi.Output.json_dumps(secret, sort_keys=True)
            ),
            private_data_source_connect_network_id=args["private_connect"] or None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
