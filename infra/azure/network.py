"""The network of the Function App, and the ways from it into the database.

The service route is a virtual-network rule: the database keeps its public endpoint, which answers
the Function App's subnet alone, and it costs nothing. The private route is an endpoint of the
database in the network itself, with a name of its own, and it costs by the hour.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import network, privatedns, sql

from infra.native_settings import SqlRoute

BLOCK = "10.88.0.0/24"
FUNCTION_SUBNET = "function"
ENDPOINT_SUBNET = "endpoints"
DELEGATE = "Microsoft.App/environments"
"""What a subnet of Flex Consumption is given to:
https://learn.microsoft.com/azure/azure-functions/functions-networking-options#subnets"""
PRIVATE_ZONE = "privatelink.database.windows.net"


class NetworkArgs(TypedDict):
    """Where the network is."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    network_name: str


class Network(pulumi.ComponentResource):
    """A network with a subnet for the Function App and one for private endpoints."""

    id: pulumi.Output[str]
    function_subnet: pulumi.Output[str]
    endpoint_subnet: pulumi.Output[str]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Network", name, {}, opts)
        guard = network.NetworkSecurityGroup(
            f"{name}-guard",
            network_security_group_name=args["network_name"],
            resource_group_name=args["resource_group"],
            location=args["location"],
            security_rules=[_nothing_comes_in()],
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Subnets within their network: an update of one that is registered beside it takes it out.
        net = network.VirtualNetwork(
            f"{name}-network",
            virtual_network_name=args["network_name"],
            resource_group_name=args["resource_group"],
            location=args["location"],
            address_space={"address_prefixes": [BLOCK]},
            subnets=[
                {
                    "name": FUNCTION_SUBNET,
                    "address_prefix": "10.88.0.0/26",
                    "delegations": [{"name": "functions", "service_name": DELEGATE}],
                    "service_endpoints": [{"service": "Microsoft.Sql"}],
                    "network_security_group": {"id": guard.id},
                },
                {
                    "name": ENDPOINT_SUBNET,
                    "address_prefix": "10.88.0.64/27",
                    "network_security_group": {"id": guard.id},
                },
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.id = net.id
        self.function_subnet = pulumi.Output.concat(net.id, "/subnets/", FUNCTION_SUBNET)
        self.endpoint_subnet = pulumi.Output.concat(net.id, "/subnets/", ENDPOINT_SUBNET)
        self.register_outputs({"id": self.id})


class SqlAccessArgs(TypedDict):
    """Which server is reached from where."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    route: SqlRoute
    server: pulumi.Input[str]
    server_id: pulumi.Input[str]
    network: pulumi.Input[str]
    """The network's resource id."""
    function_subnet: pulumi.Input[str]
    endpoint_subnet: pulumi.Input[str]
    addresses: tuple[str, ...]
    """Public addresses that may come in as well: those a Grafana of one's own goes out by."""


class SqlAccess(pulumi.ComponentResource):
    """The one way from the Function App to the database, and each named address."""

    def __init__(
        self, name: str, args: SqlAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:SqlAccess", name, {}, opts)
        if args["route"] is SqlRoute.VNET_RULE:
            sql.VirtualNetworkRule(
                f"{name}-function",
                resource_group_name=args["resource_group"],
                server_name=args["server"],
                virtual_network_rule_name="function",
                virtual_network_subnet_id=args["function_subnet"],
                ignore_missing_vnet_service_endpoint=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
        else:
            self._endpoint(name, args)
        for address in args["addresses"]:
            sql.FirewallRule(
                f"{name}-{address.replace('.', '-')}",
                resource_group_name=args["resource_group"],
                server_name=args["server"],
                firewall_rule_name=f"grafana-{address.replace('.', '-')}",
                start_ip_address=address,
                end_ip_address=address,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def _endpoint(self, name: str, args: SqlAccessArgs) -> None:
        options = pulumi.ResourceOptions(parent=self)
        group = args["resource_group"]
        endpoint = network.PrivateEndpoint(
            f"{name}-endpoint",
            private_endpoint_name=f"{name}-endpoint",
            resource_group_name=group,
            location=args["location"],
            subnet={"id": args["endpoint_subnet"]},
            private_link_service_connections=[
                {
                    "name": "sql",
                    "private_link_service_id": args["server_id"],
                    "group_ids": ["sqlServer"],
                }
            ],
            opts=options,
        )
        zone = privatedns.PrivateZone(
            f"{name}-zone",
            private_zone_name=PRIVATE_ZONE,
            resource_group_name=group,
            location="global",
            opts=options,
        )
        privatedns.VirtualNetworkLink(
            f"{name}-zone-link",
            private_zone_name=zone.name,
            resource_group_name=group,
            virtual_network_link_name="collector",
            location="global",
            registration_enabled=False,
            virtual_network={"id": args["network"]},
            opts=options,
        )
        network.PrivateDnsZoneGroup(
            f"{name}-zone-group",
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=group,
            private_dns_zone_configs=[{"name": "sql", "private_dns_zone_id": zone.id}],
            opts=options,
        )


def _nothing_comes_in() -> network.SecurityRuleArgsDict:
    return {
        "name": "nothing-from-the-internet",
        "priority": 4000,
        "direction": network.SecurityRuleDirection.INBOUND,
        "access": network.SecurityRuleAccess.DENY,
        "protocol": "*",
        "source_address_prefix": "Internet",
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": "*",
    }
