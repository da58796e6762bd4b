"""Writes docs/identities.md: every identity of an environment, and all that each may do.

``python -m tools.identities`` after a change of who may do what; a test compares. It lists what
the program registers for the two shipped stacks, not what somebody remembers of it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from infra.azure import identity as azure
from infra.commands.plan import recorded
from infra.recording import Recorded
from infra.stack_file import ROOT, read_stack

TARGET = ROOT / "docs" / "identities.md"
PHASES = ("1", "2")

_HEAD = """\
# Identities

Made by `python -m tools.identities` from what the program registers for the two shipped stacks.
Every identity that the program makes or grants something to, and everything that it may do; whoever
is not here was granted nothing there. Rights inside Redshift and Azure SQL are in
[warehouses](warehouses.md). What people and CI need is asked for by `python -m infra request`
and told by `python -m infra doctor`; the few secrets that remain are in [secrets](secrets.md).

"""

_AZURE_ROLES: Mapping[str, str] = {
    azure.COST_MANAGEMENT_READER: "Cost Management Reader",
    azure.STORAGE_BLOB_DATA_READER: "Storage Blob Data Reader",
    azure.STORAGE_BLOB_DATA_CONTRIBUTOR: "Storage Blob Data Contributor",
    azure.STORAGE_BLOB_DATA_OWNER: "Storage Blob Data Owner",
    azure.STORAGE_QUEUE_DATA_CONTRIBUTOR: "Storage Queue Data Contributor",
    azure.STORAGE_TABLE_DATA_CONTRIBUTOR: "Storage Table Data Contributor",
    azure.MONITORING_METRICS_PUBLISHER: "Monitoring Metrics Publisher",
}
_GOOGLE_SUBJECTS = (
    ("tableId", "table"),
    ("datasetId", "dataset"),
    ("bucket", "bucket"),
    ("topic", "topic"),
    ("subscription", "subscription"),
    ("repository", "repository"),
    ("serviceAccountId", "service account"),
    ("name", "service"),
    ("project", "project"),
)
"""Which input says what a right is about, the closest first."""

_RECORDED = ("@recorded.iam.gserviceaccount.com", "arn:aws:recorded:::")


@dataclass(frozen=True, order=True)
class Right:
    """That ``identity`` may do ``action`` on ``subject``."""

    cloud: str
    identity: str
    action: str
    subject: str


def page() -> str:
    """The page's text."""
    phases: dict[Right, list[str]] = defaultdict(list)
    trusted: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for phase in PHASES:
        values = read_stack(ROOT / f"Pulumi.phase{phase}.yaml").values
        resources = recorded({**values, "phase": phase}).resources
        for right in sorted(set(_rights(resources))):
            phases[right].append(phase)
        for trust in sorted(set(_trusts(resources))):
            trusted[trust].append(phase)
    return _HEAD + _trust_table(trusted) + _right_table(phases)


def _trust_table(trusted: Mapping[tuple[str, str, str], Sequence[str]]) -> str:
    rows = "".join(
        f"| {cloud} | {_code(identity)} | {who} | {' and '.join(phases)} |\n"
        for (cloud, identity, who), phases in sorted(trusted.items())
    )
    return (
        "## Who becomes whom\n\nNo password or key is in it; conditions are compared as they stand."
        f"\n\n| cloud | identity | taken by | phase |\n|---|---|---|---|\n{rows}"
    )


def _right_table(phases: Mapping[Right, Sequence[str]]) -> str:
    merged: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for right, named in sorted(phases.items()):
        merged[right.cloud, right.identity, right.action, " and ".join(named)].append(right.subject)
    rows = "".join(
        f"| {cloud} | {_code(identity)} | {action} | {'; '.join(subjects)} | {named} |\n"
        for (cloud, identity, action, named), subjects in merged.items()
    )
    return (
        "\n## What each may do\n\n| cloud | identity | may | on | phase |\n"
        f"|---|---|---|---|---|\n{rows}"
    )


def _code(text: str) -> str:
    return f"`{text}`"


def _rights(resources: Sequence[Recorded]) -> Iterator[Right]:
    for resource in resources:
        kind = resource.type.lower()
        if kind.startswith("gcp:") and "iammember" in kind:
            yield _google(resource, resources)
        elif kind in ("aws:iam/rolepolicy:rolepolicy", "aws:iam/userpolicy:userpolicy"):
            yield from _amazon(resource)
        elif kind == "azure-native:authorization:roleassignment":
            yield _microsoft(resource, resources)


def _google(resource: Recorded, resources: Sequence[Recorded]) -> Right:
    inputs = resource.inputs
    role = str(inputs["role"])
    if not role.startswith("roles/"):
        role = f"`{role}` ({', '.join(_permissions(role, resources))})"
    condition = cast("Mapping[str, Any]", inputs.get("condition") or {})
    limit = f", {condition['title']}" if condition else ""
    return Right("Google", _member(str(inputs["member"])), role + limit, _google_subject(inputs))


def _google_subject(inputs: Mapping[str, Any]) -> str:
    for key, word in _GOOGLE_SUBJECTS:
        if key in inputs:
            return f"{word} {_plain(str(inputs[key])).rpartition('/')[2]}"
    raise ValueError(f"a right on something unknown: {sorted(inputs)}")


def _permissions(role: str, resources: Sequence[Recorded]) -> list[str]:
    (custom,) = (one for one in resources if one.name == role)
    return [str(one) for one in cast("Sequence[object]", custom.inputs["permissions"])]


def _member(member: str) -> str:
    kind, _, name = member.partition(":")
    return _plain(name) if kind == "serviceAccount" else _plain(member.rpartition("/")[2])


def _amazon(resource: Recorded) -> Iterator[Right]:
    identity = _plain(str(resource.inputs.get("role") or resource.inputs.get("user")))
    for statement in _statements(str(resource.inputs["policy"])):
        actions = ", ".join(_listed(statement["Action"]))
        limit = " (under conditions)" if "Condition" in statement else ""
        for subject in _listed(statement["Resource"]):
            yield Right("AWS", identity, actions + limit, _plain(subject))


def _microsoft(resource: Recorded, resources: Sequence[Recorded]) -> Right:
    role = str(resource.inputs["roleDefinitionId"]).rpartition("/")[2]
    identity = _azure_identity(resource.parent, resources)
    return Right("Azure", identity, _AZURE_ROLES[role], _plain(str(resource.inputs["scope"])))


def _azure_identity(component: str, resources: Sequence[Recorded]) -> str:
    """The name of the identity that is in the same component as the assignment."""
    (found,) = (
        one
        for one in resources
        if one.type == "azure-native:managedidentity:UserAssignedIdentity"
        and one.parent == component
    )
    return str(found.inputs["resourceName"])


def _trusts(resources: Sequence[Recorded]) -> Iterator[tuple[str, str, str]]:
    for resource in resources:
        inputs = resource.inputs
        if resource.type == "aws:iam/role:Role":
            for statement in _statements(str(inputs["assumeRolePolicy"])):
                who = ", ".join(
                    _plain(name)
                    for names in cast("Mapping[str, Any]", statement["Principal"]).values()
                    for name in _listed(names)
                )
                limit = _conditions(cast("Mapping[str, Any]", statement.get("Condition") or {}))
                yield "AWS", str(inputs["name"]), who + limit
        elif resource.type.endswith(":FederatedIdentityCredential"):
            who = f"{inputs['issuer']} where sub = {inputs['subject']}"
            yield "Azure", _azure_identity(resource.parent, resources), who
        elif resource.type.endswith(":WorkloadIdentityPoolProvider"):
            name = str(inputs["workloadIdentityPoolProviderId"])
            yield "Google", name, f"whoever fulfils {_code(str(inputs['attributeCondition']))}"


def _conditions(found: Mapping[str, Any]) -> str:
    parts = [
        f"{key} = {' or '.join(_listed(value))}"
        for tests in found.values()
        for key, value in cast("Mapping[str, Any]", tests).items()
    ]
    return f" where {' and '.join(parts)}" if parts else ""


def _statements(policy: str) -> Sequence[Mapping[str, Any]]:
    return json.loads(policy)["Statement"]


def _listed(value: object) -> list[str]:
    return (
        [str(one) for one in cast("list[object]", value)]
        if isinstance(value, list)
        else [str(value)]
    )


def _plain(text: str) -> str:
    for stand_in in _RECORDED:
        text = text.replace(stand_in, "")
    return text


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
