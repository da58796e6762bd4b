"""Nobody and nothing in general: no wildcard action, no wildcard principal, no owner's role."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.policies.policy import Finding, Level, Resource, ResourcePolicy
from infra.policies.values import each, statements, texts

ANYONE = frozenset({"allUsers", "allAuthenticatedUsers"})
"""Google's names for everyone, and for everyone with a Google account."""

PRIMITIVE_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""https://cloud.google.com/iam/docs/roles-overview#legacy-basic"""

POWERFUL_ROLES: Mapping[str, str] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged"""

_FEDERATION = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
_LAMBDA_PERMISSION = "aws:lambda/permission:Permission"
_POWERFUL_POLICIES = ("AdministratorAccess", "PowerUserAccess", "FullAccess")


def _wildcard_actions(resource: Resource) -> Iterator[Finding]:
    match resource.type.split(":")[0]:
        case "aws":
            yield from _aws_actions(resource)
        case "gcp":
            role = resource.inputs.get("role")
            if role in PRIMITIVE_ROLES:
                yield Finding(f"It grants '{role}'.", "Grant the predefined role that fits.")
        case "azure-native":
            yield from _azure_roles(resource)
        case _:
            pass


def _aws_actions(resource: Resource) -> Iterator[Finding]:
    for statement in statements(resource.inputs):
        if statement.get("Effect") != "Allow":
            continue
        for action in each(statement.get("Action")):
            if "*" in str(action):
                yield Finding(f"It allows '{action}'.", "Name each action.")
        if "NotAction" in statement:
            yield Finding("It allows all but some actions.", "Name each action in 'Action'.")
    for _, arn in texts(resource.inputs):
        if ":iam::aws:policy/" in arn and arn.endswith(_POWERFUL_POLICIES):
            yield Finding(f"It attaches '{arn}'.", "Write a policy with the actions needed.")


def _azure_roles(resource: Resource) -> Iterator[Finding]:
    definition = str(resource.inputs.get("roleDefinitionId", "")).rpartition("/")[2].lower()
    if definition in POWERFUL_ROLES:
        yield Finding(f"It grants {POWERFUL_ROLES[definition]}.", "Grant a role that only reads.")
    if resource.type == "azure-native:authorization:RoleDefinition":
        for permission in each(resource.inputs.get("permissions")):
            for field in ("actions", "dataActions"):
                for action in each(cast(Mapping[str, Any], permission).get(field)):
                    if "*" in str(action):
                        yield Finding(f"It allows '{action}'.", "Name each action.")


def _wildcard_principals(resource: Resource) -> Iterator[Finding]:
    for path, text in texts(resource.inputs):
        if resource.type.startswith("gcp:") and text in ANYONE:
            yield Finding(f"'{'.'.join(path)}' is '{text}'.", "Name who needs it.")
        if text.startswith("principalSet://") and text.endswith("/*"):
            yield Finding(f"It lets in a whole pool: '{text}'.", "Name one attribute's value.")
    if resource.type == _FEDERATION and not resource.inputs.get("attributeCondition"):
        yield Finding(
            "It trusts every identity of another cloud.",
            "Pin the one that needs it in 'attribute_condition'.",
        )
    if resource.type == _LAMBDA_PERMISSION:
        yield from _lambda_callers(resource)
    if resource.type.startswith("aws:"):
        for statement in statements(resource.inputs):
            if statement.get("Effect") == "Allow":
                yield from _aws_principals(statement)


def _lambda_callers(resource: Resource) -> Iterator[Finding]:
    principal = str(resource.inputs.get("principal", ""))
    if "*" in principal:
        yield Finding("It lets everyone call the function.", "Name who calls it in 'principal'.")
    if principal.endswith(".amazonaws.com") and not resource.inputs.get("sourceArn"):
        yield Finding(
            f"It lets {principal} call the function for anybody.", "Name whose in 'source_arn'."
        )


def _aws_principals(statement: Mapping[str, Any]) -> Iterator[Finding]:
    principal = statement.get("Principal")
    if "NotPrincipal" in statement:
        yield Finding("It allows everyone but some.", "Name who needs it in 'Principal'.")
    kinds = cast(Mapping[str, Any], principal) if isinstance(principal, dict) else {"": principal}
    if any("*" in str(who) for named in kinds.values() for who in each(named)):
        yield Finding("It allows everyone.", "Name who needs it in 'Principal'.")
    if "Federated" in kinds and not _pins_subject(statement):
        yield Finding(
            f"It trusts every identity of {kinds['Federated']}.",
            "Pin the token's subject and audience with StringEquals.",
        )


def _pins_subject(statement: Mapping[str, Any]) -> bool:
    conditions = cast(Mapping[str, Any], statement.get("Condition") or {})
    equals = cast(Mapping[str, Any], conditions.get("StringEquals") or {})
    return any(key.endswith(":sub") and value for key, value in equals.items()) and any(
        key.endswith((":aud", ":oaud")) and value for key, value in equals.items()
    )


NO_WILDCARD_ACTION = ResourcePolicy(
    name="no-wildcard-action",
    level=Level.MANDATORY,
    reason="Whoever takes over a collector must not get more than reading bills.",
    findings=_wildcard_actions,
)

NO_WILDCARD_PRINCIPAL = ResourcePolicy(
    name="no-wildcard-principal",
    level=Level.MANDATORY,
    reason="A grant to everyone is a grant to whoever finds the name.",
    findings=_wildcard_principals,
)
