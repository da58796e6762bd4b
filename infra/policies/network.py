"""No door that is open to the whole internet."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.policies.policy import Finding, Level, Resource, ResourcePolicy
from infra.policies.required import unmet
from infra.policies.values import at, each

NAME = "no-open-firewall"

EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0", "*", "any", "internet"})  # noqa: S104
"""How clouds write 'from anywhere'; in lower case."""

SOURCES: Mapping[str, tuple[str, ...]] = {
    "aws:ec2/securityGroup:SecurityGroup": ("ingress.cidrBlocks", "ingress.ipv6CidrBlocks"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("cidrIpv4", "cidrIpv6"),
    "azure-native:sql:FirewallRule": ("startIpAddress",),
    "gcp:sql/databaseInstance:DatabaseInstance": (
        "settings.ipConfiguration.authorizedNetworks.value",
    ),
}
"""Where a type says who may come in."""

_REMEDY = "Name the addresses that need it, or use a private endpoint."


def _findings(resource: Resource) -> Iterator[Finding]:
    yield from unmet(NAME, resource)
    for source in _sources(resource):
        if str(source).lower() in EVERYWHERE:
            yield Finding(f"It lets in everyone: '{source}'.", _REMEDY)


def _sources(resource: Resource) -> Iterator[object]:
    for path in SOURCES.get(resource.type, ()):
        yield from _along(resource.inputs, path.split("."))
    inputs = resource.inputs
    match resource.type:
        case "aws:ec2/securityGroupRule:SecurityGroupRule" if inputs.get("type") == "ingress":
            yield from each(inputs.get("cidrBlocks"))
            yield from each(inputs.get("ipv6CidrBlocks"))
        case "gcp:compute/firewall:Firewall" if inputs.get("direction") != "EGRESS":
            # Without any source a rule of Google's lets in everyone.
            if inputs.get("allows"):
                named = inputs.get("sourceTags") or inputs.get("sourceServiceAccounts")
                yield from each(inputs.get("sourceRanges") or (None if named else "0.0.0.0/0"))
        case "azure-native:network:SecurityRule":
            yield from _azure_sources(inputs)
        case "azure-native:network:NetworkSecurityGroup":
            for rule in each(inputs.get("securityRules")):
                yield from _azure_sources(rule)
        case _:
            pass


def _azure_sources(rule: Mapping[str, Any]) -> Iterator[object]:
    if rule.get("access") == "Allow" and rule.get("direction") == "Inbound":
        yield from each(rule.get("sourceAddressPrefix"))
        yield from each(rule.get("sourceAddressPrefixes"))


def _along(value: object, path: list[str]) -> Iterator[object]:
    """What stands at the end of ``path``, through every list on the way."""
    for item in each(value):
        if not path:
            yield item
        elif isinstance(item, Mapping):
            yield from _along(at(cast(Mapping[str, Any], item), path[0]), path[1:])


NO_OPEN_FIREWALL = ResourcePolicy(
    name=NAME,
    level=Level.MANDATORY,
    reason="What faces a network is private or restricted to named addresses.",
    findings=_findings,
)
