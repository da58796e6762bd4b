"""The network of the warehouse: three private subnets, and no way in or out.

Redshift Serverless stands in a network though everybody speaks to it through the Data API, which
is HTTPS with IAM: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html. COPY and UNLOAD
reach S3 by the service's own way as long as enhanced VPC routing is off. So there is no gateway,
no address and nothing that costs.
"""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import TypedDict

import pulumi
from pulumi_aws import ec2

BLOCK = "10.87.0.0/24"
"""Isolated, so it may be the same in every environment."""


class NetworkArgs(TypedDict):
    """Where the network is."""

    region: str
    zones: Sequence[str]
    """The letters of three availability zones:
    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-usage-considerations.html"""


class Network(pulumi.ComponentResource):
    """Subnets in three zones, and a security group that lets nothing in."""

    subnet_ids: Sequence[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Network", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            f"{name}-vpc",
            region=args["region"],
            cidr_block=BLOCK,
            enable_dns_support=True,
            opts=options,
        )
        # What AWS makes with every network lets its members talk to each other.
        ec2.DefaultSecurityGroup(
            f"{name}-default", region=args["region"], vpc_id=vpc.id, opts=options
        )
        group = ec2.SecurityGroup(
            f"{name}-group",
            region=args["region"],
            vpc_id=vpc.id,
            description="The warehouse of AI costs: reached through the Data API alone",
            ingress=[],
            egress=[],
            opts=options,
        )
        blocks = [str(block) for block in ip_network(BLOCK).subnets(new_prefix=26)]
        self.subnet_ids = [
            ec2.Subnet(
                f"{name}-{zone}",
                region=args["region"],
                vpc_id=vpc.id,
                availability_zone=f"{args['region']}{zone}",
                cidr_block=block,
                map_public_ip_on_launch=False,
                opts=options,
            ).id
            for zone, block in zip(args["zones"], blocks, strict=False)
        ]
        self.security_group_id = group.id
        self.register_outputs(
            {"subnet_ids": self.subnet_ids, "security_group_id": self.security_group_id}
        )
