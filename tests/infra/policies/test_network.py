from collections.abc import Callable

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.policies.network import NO_OPEN_FIREWALL
from infra.recording import record


def found(program: Callable[[], object]) -> list[str]:
    recording = record(lambda: _ignore(program()), {})
    return [violation.found for violation in NO_OPEN_FIREWALL.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("source", "breaches"), [("0.0.0.0/0", 1), ("203.0.113.7/32", 0)], ids=["open", "named"]
)
def test_a_security_group_that_lets_in_everyone_is_found(source: str, breaches: int) -> None:
    def program() -> None:
        aws.ec2.SecurityGroup(
            "warehouse",
            ingress=[
                {"protocol": "tcp", "from_port": 5439, "to_port": 5439, "cidr_blocks": [source]}
            ],
        )

    assert len(found(program)) == breaches


def test_a_single_rule_from_everywhere_in_ipv6_is_found() -> None:
    def program() -> None:
        aws.vpc.SecurityGroupIngressRule(
            "warehouse", security_group_id="sg-1", ip_protocol="tcp", cidr_ipv6="::/0"
        )

    assert found(program) == ["It lets in everyone: '::/0'."]


def test_what_goes_out_may_go_everywhere() -> None:
    def program() -> None:
        aws.ec2.SecurityGroup(
            "warehouse",
            egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
        )

    assert found(program) == []


def test_a_firewall_of_google_without_a_source_lets_in_everyone() -> None:
    # https://cloud.google.com/firewall/docs/firewalls#sources_or_destinations_for_the_rule
    def program(sources: list[str] | None, tags: list[str] | None) -> None:
        gcp.compute.Firewall(
            "hub",
            network="default",
            allows=[{"protocol": "tcp"}],
            source_ranges=sources,
            source_tags=tags,
        )

    assert found(lambda: program(None, None)) == ["It lets in everyone: '0.0.0.0/0'."]
    assert found(lambda: program(["0.0.0.0/0"], None)) == ["It lets in everyone: '0.0.0.0/0'."]
    assert found(lambda: program(["10.0.0.0/8"], None)) == []
    assert found(lambda: program(None, ["collector"])) == []


@pytest.mark.parametrize(
    ("first", "last", "breaches"),
    [
        ("0.0.0.0", "255.255.255.255", 1),
        # https://learn.microsoft.com/azure/azure-sql/database/firewall-configure: all of Azure
        ("0.0.0.0", "0.0.0.0", 1),
        ("203.0.113.7", "203.0.113.7", 0),
    ],
)
def test_a_firewall_rule_of_azure_sql_names_addresses(first: str, last: str, breaches: int) -> None:
    def program() -> None:
        azure.sql.FirewallRule(
            "warehouse",
            resource_group_name="g",
            server_name="s",
            start_ip_address=first,
            end_ip_address=last,
        )

    assert len(found(program)) == breaches


@pytest.mark.parametrize(
    ("source", "access", "breaches"),
    [("*", "Allow", 1), ("Internet", "Allow", 1), ("*", "Deny", 0), ("10.1.0.0/16", "Allow", 0)],
)
def test_a_security_rule_of_azure_names_its_sources(
    source: str, access: str, breaches: int
) -> None:
    def program() -> None:
        azure.network.NetworkSecurityGroup(
            "warehouse",
            resource_group_name="g",
            security_rules=[
                {
                    "name": "in",
                    "access": access,
                    "direction": "Inbound",
                    "priority": 100,
                    "protocol": "Tcp",
                    "source_address_prefix": source,
                }
            ],
        )

    assert len(found(program)) == breaches


def test_a_warehouse_with_a_public_address_is_found() -> None:
    def program(public: bool) -> None:
        aws.redshiftserverless.Workgroup(
            "warehouse", namespace_name="n", workgroup_name="w", publicly_accessible=public
        )

    assert found(lambda: program(True)) == ["'publiclyAccessible' is True."]
    assert found(lambda: program(False)) == []


def test_a_function_that_the_internet_reaches_is_found() -> None:
    def program(ingress: str) -> None:
        gcp.cloudfunctionsv2.Function(
            "collector", location="us-central1", service_config={"ingress_settings": ingress}
        )

    assert found(lambda: program("ALLOW_INTERNAL_ONLY")) == []
    assert found(lambda: program("ALLOW_ALL")) == [
        "'serviceConfig.ingressSettings' is 'ALLOW_ALL'."
    ]


def test_a_function_app_that_the_internet_reaches_is_found() -> None:
    def program(access: str | None) -> None:
        azure.web.WebApp(
            "collector", resource_group_name="g", public_network_access=access, https_only=True
        )

    assert found(lambda: program("Disabled")) == []
    assert found(lambda: program("Enabled")) == ["'publicNetworkAccess' is 'Enabled'."]
    assert found(lambda: program(None)) == ["'publicNetworkAccess' is not set."]


def test_a_subnet_that_gives_public_addresses_is_found() -> None:
    def program(public: bool) -> None:
        aws.ec2.Subnet("warehouse", vpc_id="vpc-1", map_public_ip_on_launch=public)

    assert found(lambda: program(False)) == []
    assert found(lambda: program(True)) == ["'mapPublicIpOnLaunch' is True."]
