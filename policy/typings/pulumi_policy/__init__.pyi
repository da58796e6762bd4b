"""What of pulumi-policy the pack uses: it is installed in the pack's own environment only."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias

class EnforcementLevel(Enum):
    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"

class PolicyResourceOptions:
    protect: bool

class PolicyProviderResource:
    urn: str

class ResourceValidationArgs:
    resource_type: str
    props: Mapping[str, Any]
    urn: str
    name: str
    opts: PolicyResourceOptions
    provider: PolicyProviderResource | None

class PolicyResource:
    resource_type: str
    props: Mapping[str, Any]
    urn: str
    name: str
    opts: PolicyResourceOptions
    provider: PolicyProviderResource | None
    dependencies: list[PolicyResource]

class StackValidationArgs:
    resources: list[PolicyResource]

ReportViolation: TypeAlias = Callable[[str, str | None], None]

class Policy:
    name: str
    description: str
    enforcement_level: EnforcementLevel | None

class ResourceValidationPolicy(Policy):
    def __init__(
        self,
        name: str,
        description: str,
        validate: Callable[[ResourceValidationArgs, ReportViolation], None],
        enforcement_level: EnforcementLevel | None = None,
    ) -> None: ...

class StackValidationPolicy(Policy):
    def __init__(
        self,
        name: str,
        description: str,
        validate: Callable[[StackValidationArgs, ReportViolation], None],
        enforcement_level: EnforcementLevel | None = None,
    ) -> None: ...

class PolicyPack:
    def __init__(self, name: str, policies: list[Policy]) -> None: ...
