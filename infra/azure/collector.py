"""The collector in Azure: a Function App on Flex Consumption that nobody reaches from outside.

It starts by its timer and by the queue of commands, and goes out through its subnet. Its package is
deployed by OneDeploy, which azure-native has only inside a template (docs/adr/0008-onedeploy.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from pulumi_azure_native import applicationinsights, operationalinsights, resources, web

PYTHON = "3.13"
MEMORY_MB = 2048
MOST_INSTANCES = 40
"""The least that may be set; a load takes its lock, so that two at once do no harm."""
LOG_DAYS = 30
LOG_GB_A_DAY = 0.5
"""Where a day's log ends; a run writes a megabyte."""
SIGNED_FOR = "PT50M"


class WatchArgs(TypedDict):
    """Where what the Function App says is kept."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    watch_name: str


class Watch(pulumi.ComponentResource):
    """A workspace and Application Insights, to which only Entra lets in."""

    component_id: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(
        self, name: str, args: WatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Watch", name, {}, opts)
        group = args["resource_group"]
        workspace = operationalinsights.Workspace(
            f"{name}-workspace",
            workspace_name=args["watch_name"],
            resource_group_name=group,
            location=args["location"],
            sku={"name": operationalinsights.WorkspaceSkuNameEnum.PER_GB2018},
            retention_in_days=LOG_DAYS,
            workspace_capping={"daily_quota_gb": LOG_GB_A_DAY},
            features={"disable_local_auth": True},
            opts=pulumi.ResourceOptions(parent=self),
        )
        insights = applicationinsights.Component(
            f"{name}-insights",
            resource_name_=args["watch_name"],
            resource_group_name=group,
            location=args["location"],
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            workspace_resource_id=workspace.id,
            disable_local_auth=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.component_id = insights.id
        self.connection_string = insights.connection_string
        self.register_outputs({"component_id": self.component_id})


class CollectorArgs(TypedDict):
    """What the Function App is made of."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    app_name: str
    """The app's name, unique in all of Azure."""
    identities: Sequence[pulumi.Input[str]]
    """Resource ids of the identities it may act as, its own first."""
    client_id: pulumi.Input[str]
    """Of its own identity, which host, deployment and log go by."""
    storage_account: pulumi.Input[str]
    deployments: pulumi.Input[str]
    """The URL of the container that the platform keeps the package in."""
    subnet: pulumi.Input[str]
    connection_string: pulumi.Input[str]
    """Of Application Insights; without a right to send it opens nothing."""
    environment: Mapping[str, pulumi.Input[str]]
    """The collector's, complete (handlers/settings.py)."""
    package_account: pulumi.Input[str]
    package_container: pulumi.Input[str]
    package: pulumi.Input[str]
    """The bundle's name: another one has another name."""
    after: Sequence[pulumi.Resource]
    """What must be there before the code is: rights need minutes until all of Azure knows them, so
    that the slowest things to make come between."""


class Collector(pulumi.ComponentResource):
    """Plan, Function App, and its package."""

    app: pulumi.Output[str]
    app_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Collector", name, {}, opts)
        group = args["resource_group"]
        plan = web.AppServicePlan(
            f"{name}-plan",
            name=args["app_name"],
            resource_group_name=group,
            location=args["location"],
            kind="functionapp",
            reserved=True,
            sku={"name": "FC1", "tier": "FlexConsumption"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        app = web.WebApp(
            f"{name}-app",
            name=args["app_name"],
            resource_group_name=group,
            location=args["location"],
            kind="functionapp,linux",
            reserved=True,
            server_farm_id=plan.id,
            https_only=True,
            public_network_access="Disabled",
            virtual_network_subnet_id=args["subnet"],
            identity={
                "type": web.ManagedServiceIdentityType.USER_ASSIGNED,
                "user_assigned_identities": list(args["identities"]),
            },
            function_app_config={
                "deployment": {
                    "storage": {
                        "type": web.FunctionsDeploymentStorageType.BLOB_CONTAINER,
                        "value": args["deployments"],
                        "authentication": {
                            "type": web.AuthenticationType.USER_ASSIGNED_IDENTITY,
                            "user_assigned_identity_resource_id": args["identities"][0],
                        },
                    }
                },
                "runtime": {"name": web.RuntimeName.PYTHON, "version": PYTHON},
                "scale_and_concurrency": {
                    "instance_memory_mb": MEMORY_MB,
                    "maximum_instance_count": MOST_INSTANCES,
                },
            },
            site_config={
                "app_settings": _pairs({**_host(args), **args["environment"]}),
                "min_tls_version": web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
                "ftps_state": web.FtpsState.DISABLED,
                "http20_enabled": True,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        resources.Deployment(
            f"{name}-package",
            deployment_name=f"{args['app_name']}-package",
            resource_group_name=group,
            properties={
                "mode": resources.DeploymentMode.INCREMENTAL,
                "template": template(),
                "parameters": {
                    "app": {"value": app.name},
                    "account": {"value": args["package_account"]},
                    "container": {"value": args["package_container"]},
                    "package": {"value": args["package"]},
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[app, *args["after"]]),
        )
        self.app = app.name
        self.app_id = app.id
        self.register_outputs({"app": self.app, "app_id": self.app_id})


def _host(args: CollectorArgs) -> dict[str, pulumi.Input[str]]:
    """What the Functions host itself reads, each connection by identity.

    https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
    https://learn.microsoft.com/azure/azure-functions/functions-app-settings#applicationinsights_authentication_string
    """
    return {
        "AzureWebJobsStorage__accountName": args["storage_account"],
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": args["client_id"],
        "APPLICATIONINSIGHTS_CONNECTION_STRING": args["connection_string"],
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat(
            "Authorization=AAD;ClientId=", args["client_id"]
        ),
    }


def _pairs(values: Mapping[str, pulumi.Input[str]]) -> list[web.NameValuePairArgsDict]:
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def template() -> dict[str, Any]:
    """OneDeploy of a package, fetched by a signature that ends within the hour.

    The signature is made by Azure while the template runs, so that no state holds it.
    https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code#deployment-packages
    """
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            **{name: {"type": "string"} for name in ("app", "account", "container", "package")},
            # The one place where a template may ask for the time.
            "ends": {
                "type": "string",
                "defaultValue": f"[dateTimeAdd(utcNow(), '{SIGNED_FOR}', 'yyyy-MM-ddTHH:mm:ssZ')]",
            },
        },
        "variables": {
            "path": "[format('{0}/{1}', parameters('container'), parameters('package'))]",
            "signature": {
                "canonicalizedResource": (
                    "[format('/blob/{0}/{1}', parameters('account'), variables('path'))]"
                ),
                "signedResource": "b",
                "signedPermission": "r",
                "signedProtocol": "https",
                "signedExpiry": "[parameters('ends')]",
            },
        },
        "resources": [
            {
                "type": "Microsoft.Web/sites/extensions",
                "apiVersion": "2024-04-01",
                "name": "[format('{0}/onedeploy', parameters('app'))]",
                "properties": {
                    "packageUri": (
                        "[format('https://{0}.blob.core.windows.net/{1}?{2}',"
                        " parameters('account'), variables('path'),"
                        " listServiceSas(resourceId('Microsoft.Storage/storageAccounts',"
                        " parameters('account')), '2023-05-01',"
                        " variables('signature')).serviceSasToken)]"
                    ),
                    "remoteBuild": False,
                },
            }
        ],
    }
