"""The network of the container task: a way out to the clouds' APIs, and none in.

A task on Fargate needs an address of its own to reach them, unless one pays for a NAT gateway; its
security group lets nothing in. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
"""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import TypedDict

import pulumi
from pulumi_aws import ec2

BLOCK = "10.88.0.0/24"
"""Nothing is routed to it from elsewhere, so it may be the same in every environment."""
EVERYWHERE = "0.0.0.0/0"
HTTPS = 443


class EgressArgs(TypedDict):
    """Where the network is."""

    region: str
    zones: Sequence[str]
    """The letters of availability zones, one subnet each."""


class Egress(pulumi.ComponentResource):
    """Subnets with a way out, and a security group that lets HTTPS out and nothing in."""

    subnet_ids: Sequence[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: EgressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Egress", name, {}, opts)
        options, region = pulumi.ResourceOptions(parent=self), args["region"]
        vpc = ec2.Vpc(
            f"{name}-vpc",
            region=region,
            cidr_block=BLOCK,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            opts=options,
        )
        # What AWS makes with every network lets its members talk to each other.
        ec2.DefaultSecurityGroup(f"{name}-default", region=region, vpc_id=vpc.id, opts=options)
        gateway = ec2.InternetGateway(f"{name}-gateway", region=region, vpc_id=vpc.id, opts=options)
        routes = ec2.RouteTable(
            f"{name}-routes",
            region=region,
            vpc_id=vpc.id,
            routes=[{"cidr_block": EVERYWHERE, "gateway_id": gateway.id}],
            opts=options,
        )
        group = ec2.SecurityGroup(
            f"{name}-group",
            region=region,
            vpc_id=vpc.id,
            description="The collector's task: HTTPS out, nothing in",
            ingress=[],
            egress=[
                {
                    "protocol": "tcp",
                    "from_port": HTTPS,
                    "to_port": HTTPS,
                    "cidr_blocks": [EVERYWHERE],
                }
            ],
            opts=options,
        )
        blocks = [str(block) for block in ip_network(BLOCK).subnets(new_prefix=26)]
        ids: list[pulumi.Output[str]] = []
        for zone, block in zip(args["zones"], blocks, strict=False):
            subnet = ec2.Subnet(
                f"{name}-{zone}",
                region=region,
                vpc_id=vpc.id,
                availability_zone=f"{region}{zone}",
                cidr_block=block,
                map_public_ip_on_launch=False,
                opts=options,
            )
            routed = ec2.RouteTableAssociation(
                f"{name}-{zone}-routes",
                region=region,
                subnet_id=subnet.id,
                route_table_id=routes.id,
                opts=options,
            )
            # Known once it has a way out.
            ids.append(pulumi.Output.all(subnet.id, routed.id).apply(_first))
        self.subnet_ids = ids
        self.security_group_id = group.id
        self.register_outputs(
            {"subnet_ids": self.subnet_ids, "security_group_id": self.security_group_id}
        )


def _first(values: list[str]) -> str:
    return values[0]
