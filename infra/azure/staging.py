"""The Function App's own storage: what it runs, and the commands it is sent.

No key opens it: the host, the deployments and the queue go by the app's identity. Azure moves a
command that failed five times to the queue whose name ends with ``-poison``
(https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger), so
that one is made and watched too.
"""

import pulumi
from pulumi_azure_native import storage

from infra.azure.guards import AccountArgs, guarded_account

COMMANDS = "commands"
POISON = f"{COMMANDS}-poison"
DEPLOYMENTS = "deployments"


class Staging(pulumi.ComponentResource):
    """A storage account with the container of deployments, and the queue of commands."""

    account: pulumi.Output[str]
    account_id: pulumi.Output[str]
    deployments: pulumi.Output[str]
    """The container's URL."""
    queue_service: pulumi.Output[str]
    """The account's queue endpoint, without a slash at the end."""

    def __init__(
        self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Staging", name, {}, opts)
        group = args["resource_group"]
        # Back in phase 1 it leaves the stack, and commands that failed are still to be read.
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        account = guarded_account(f"{name}-account", args, None, kept)
        container = storage.BlobContainer(
            f"{name}-deployments",
            account_name=account.name,
            resource_group_name=group,
            container_name=DEPLOYMENTS,
            public_access=storage.PublicAccess.NONE,
            opts=kept,
        )
        for queue in (COMMANDS, POISON):
            storage.Queue(
                f"{name}-{queue}",
                account_name=account.name,
                resource_group_name=group,
                queue_name=queue,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.account = account.name
        self.account_id = account.id
        self.deployments = pulumi.Output.concat(
            "https://", account.name, ".blob.core.windows.net/", container.name
        )
        self.queue_service = pulumi.Output.concat(
            "https://", account.name, ".queue.core.windows.net"
        )
        self.register_outputs({"account": self.account, "deployments": self.deployments})
