"""Each resource names its provider, and no two have the same name in the same place."""

import re
from collections.abc import Iterator, Mapping

from pulumi.runtime.rpc import UNKNOWN

from infra.policies.policy import Finding, Graph, GraphPolicy, Level, Resource, things
from infra.policies.values import at

_DEFAULT = re.compile(r"::default(_[\w.-]+)?(::|$)")

PHYSICAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "aws:bcmdata/export:Export": ("export.name",),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": ("tagKey",),
    "aws:cloudwatch/eventRule:EventRule": ("name",),
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name",),
    "aws:iam/role:Role": ("name",),
    "aws:iam/rolePolicy:RolePolicy": ("role", "name"),
    "aws:iam/user:User": ("name",),
    "aws:lambda/function:Function": ("name",),
    "aws:redshiftserverless/namespace:Namespace": ("namespaceName",),
    "aws:redshiftserverless/workgroup:Workgroup": ("workgroupName",),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:scheduler/schedule:Schedule": ("name",),
    "aws:sns/topic:Topic": ("name",),
    "aws:sqs/queue:Queue": ("name",),
    "azure-native:authorization:RoleAssignment": ("roleAssignmentName",),
    "azure-native:costmanagement:Export": ("scope", "exportName"),
    "azure-native:managedidentity:FederatedIdentityCredential": (
        "resourceGroupName",
        "resourceName",
        "federatedIdentityCredentialResourceName",
    ),
    "azure-native:managedidentity:UserAssignedIdentity": ("resourceGroupName", "resourceName"),
    "azure-native:monitor:ScheduledQueryRule": ("resourceGroupName", "ruleName"),
    "azure-native:network:VirtualNetwork": ("resourceGroupName", "virtualNetworkName"),
    "azure-native:resources:ResourceGroup": ("resourceGroupName",),
    "azure-native:sql:Database": ("serverName", "databaseName"),
    "azure-native:sql:Server": ("serverName",),
    "azure-native:storage:BlobContainer": ("accountName", "containerName"),
    "azure-native:storage:Queue": ("accountName", "queueName"),
    "azure-native:storage:StorageAccount": ("accountName",),
    "azure-native:web:WebApp": ("name",),
    "gcp:bigquery/dataset:Dataset": ("project", "datasetId"),
    "gcp:bigquery/table:Table": ("project", "datasetId", "tableId"),
    "gcp:cloudfunctionsv2/function:Function": ("project", "location", "name"),
    "gcp:cloudscheduler/job:Job": ("project", "region", "name"),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": ("project", "workloadIdentityPoolId"),
    "gcp:logging/metric:Metric": ("project", "name"),
    "gcp:projects/service:Service": ("project", "service"),
    "gcp:pubsub/subscription:Subscription": ("project", "name"),
    "gcp:pubsub/topic:Topic": ("project", "name"),
    "gcp:serviceaccount/account:Account": ("project", "accountId"),
    "gcp:storage/bucket:Bucket": ("name",),
    "grafana:oss/folder:Folder": ("uid",),
    "grafana:oss/dataSource:DataSource": ("uid",),
}
"""What makes a type's physical name, within one provider."""

GLOBAL = frozenset(
    {
        "aws:s3/bucket:Bucket",
        "azure-native:sql:Server",
        "azure-native:storage:StorageAccount",
        "azure-native:web:WebApp",
        "gcp:storage/bucket:Bucket",
    }
)
"""Types whose names are unique in the whole cloud, whoever's account they are in."""


def _default_providers(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    for resource in things(graph):
        if not resource.provider or _DEFAULT.search(resource.provider):
            yield (
                resource,
                Finding(
                    "It would use whoever happens to be logged in.",
                    "Give its component a provider: opts=ResourceOptions(providers=[...]).",
                ),
            )


def _same_names(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    seen: dict[tuple[str, ...], Resource] = {}
    for resource in things(graph):
        name = _physical_name(resource)
        if name is None:
            continue
        if (first := seen.setdefault(name, resource)) is not resource:
            yield (
                resource,
                Finding(
                    f"It has the name of {first.urn}: '{'/'.join(name[2:])}'.",
                    "One of the two overwrites the other: give it a name of its own.",
                ),
            )


def _physical_name(resource: Resource) -> tuple[str, ...] | None:
    """Type, provider and the parts of the name; None where a part is not known yet."""
    fields = PHYSICAL_NAMES.get(resource.type)
    if fields is None:
        return None
    parts = [_text(resource, field) for field in fields]
    if any(part is None for part in parts):
        return None
    where = "" if resource.type in GLOBAL else resource.provider
    return (resource.type, where, *(str(part).lower() for part in parts))


def _text(resource: Resource, field: str) -> str | None:
    found = at(resource.inputs, field)
    return found if isinstance(found, str) and found != UNKNOWN else None


EXPLICIT_PROVIDER = GraphPolicy(
    name="explicit-provider",
    level=Level.MANDATORY,
    reason="An update must never land in the account of whoever is logged in.",
    findings=_default_providers,
)

UNIQUE_NAMES = GraphPolicy(
    name="unique-names",
    level=Level.MANDATORY,
    reason="Two resources with one name overwrite each other, or the second fails half way.",
    findings=_same_names,
)
