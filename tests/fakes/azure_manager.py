"""Azure's resource manager as one login sees it, and an ``az`` that is logged in.

It refuses what the real one refuses: a token that is not the login's, a request without an
api-version or with one that the type does not have, a path that is none of its.
"""

import base64
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from re import IGNORECASE, fullmatch

from tests.fakes.json_server import Answer, Fields, Request, json_server

PRINCIPAL = "00000000-0000-4000-8000-0000000000ff"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
VERSIONS: Mapping[str, frozenset[str]] = {
    "roleassignments": frozenset({"2022-04-01"}),
    "providers": frozenset({"2021-04-01"}),
    "subscriptions": frozenset({"2022-12-01"}),
    "billing": frozenset({"2024-04-01"}),
    "exports": frozenset({"2023-11-01", "2024-08-01", "2025-03-01"}),
    "capabilities": frozenset({"2021-11-01", "2023-08-01"}),
    "georegions": frozenset({"2023-12-01", "2024-04-01"}),
}


@dataclass
class Azure:
    """What there is. A test changes it as it likes."""

    tenant: str
    token: str = ""
    roles: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Ids of role definitions that the login has, by scope."""
    registered: dict[str, str] = field(default_factory=dict[str, str])
    """The state of a namespace; Registered where none is said."""
    subscriptions: dict[str, Fields] = field(default_factory=dict[str, Fields])
    billing: dict[str, str] = field(default_factory=dict[str, str])
    """The agreement of a billing account, by its id in small letters."""
    property: dict[str, Fields] = field(default_factory=dict[str, Fields])
    """What the billing API says of a subscription, by its id."""
    exports: dict[str, Fields] = field(default_factory=dict[str, Fields])
    """Properties of an export, by SCOPE/NAME in small letters."""
    sql_sizes: dict[str, str] = field(default_factory=lambda: {"S0": "Available"})
    """The state of each size of a standard database; none: the location is closed."""
    flex_regions: list[str] = field(default_factory=lambda: ["East US 2", "West Europe"])
    """Where Flex Consumption is."""
    requests: list[Request] = field(default_factory=list[Request])

    def __post_init__(self) -> None:
        self.token = self.token or jwt(
            {"oid": PRINCIPAL, "tid": self.tenant, "upn": "ada@acme.example"}
        )


def jwt(claims: Mapping[str, str]) -> str:
    """A token that says so, with no signature that anybody would take."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    texts = [base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts]
    return ".".join([*texts, "fake-signature"])


def put_az(programs: Path, azure: Azure, *, error: str | None = None) -> None:
    """An ``az`` that hands out the token, or ends with ``error`` as the real one does.

    It takes the one call that Azure's library makes, and no other.
    """
    said = {
        "accessToken": azure.token,
        "expiresOn": "2099-01-01 00:00:00.000000",
        "expires_on": 4070908800,
        "subscription": "s",
        "tenant": azure.tenant,
        "tokenType": "Bearer",
    }
    answer = f"echo '{json.dumps(said)}'" if error is None else f"echo '{error}' >&2; exit 1"
    file = programs / "az"
    file.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f'  "account get-access-token --output json --resource https://management.azure.com"*'
        f'"--tenant {azure.tenant}"*|'
        f'"account get-access-token --output json --resource https://storage.azure.com"*'
        f'"--tenant {azure.tenant}"*)\n'
        f"    {answer} ;;\n"
        '  *) echo "az: unknown command: $*" >&2; exit 2 ;;\n'
        "esac\n",
        encoding="utf-8",
    )
    file.chmod(0o755)


@contextmanager
def azure_manager(
    azure: Azure, first: Callable[[Request], Answer | None] | None = None
) -> Generator[str]:
    """The server; its address. What ``first`` answers is not asked of ``azure``."""

    def answer(request: Request) -> Answer:
        found = first(request) if first else None
        return found or _answer(azure, request)

    with json_server(answer) as address:
        yield address


_SUBSCRIPTION = r"/subscriptions/[0-9a-f-]{36}"
_BILLING = r"/providers/Microsoft\.Billing/billingAccounts/[\w:.-]+"
_SCOPE = rf"(?P<scope>{_SUBSCRIPTION}|{_BILLING}(?:/billingProfiles/[\w-]+)?)"
_ROUTES: Sequence[tuple[str, str]] = (
    (
        "roleassignments",
        rf"(?P<scope>{_SUBSCRIPTION})/providers/Microsoft\.Authorization/roleAssignments",
    ),
    (
        "property",
        rf"(?P<scope>{_SUBSCRIPTION})/providers/Microsoft\.Billing/billingProperty/default",
    ),
    ("exports", rf"{_SCOPE}/providers/Microsoft\.CostManagement/exports/(?P<name>[\w-]+)"),
    (
        "capabilities",
        rf"(?P<scope>{_SUBSCRIPTION})/providers/Microsoft\.Sql/locations/(?P<name>\w+)/capabilities",
    ),
    ("georegions", rf"(?P<scope>{_SUBSCRIPTION})/providers/Microsoft\.Web/geoRegions"),
    ("providers", rf"(?P<scope>{_SUBSCRIPTION})/providers/(?P<name>[\w.]+)"),
    ("subscriptions", rf"(?P<scope>{_SUBSCRIPTION})"),
    ("billing", rf"(?P<scope>{_BILLING})"),
)


def _answer(azure: Azure, request: Request) -> Answer:
    azure.requests.append(request)
    if request.bearer != azure.token:
        return _error(401, "InvalidAuthenticationToken")
    if request.method != "GET":
        return _error(405, "MethodNotAllowed")
    for kind, pattern in _ROUTES:
        found = fullmatch(pattern, request.path, IGNORECASE)
        if found:
            versions = VERSIONS["billing" if kind == "property" else kind]
            if request.query.get("api-version") not in versions:
                return _error(400, "InvalidApiVersionParameter")
            return _of(azure, kind, found.groupdict(), request)
    return _error(404, f"InvalidResourceType: {request.path}")


def _of(azure: Azure, kind: str, names: Mapping[str, str], request: Request) -> Answer:
    scope = names["scope"]
    if kind == "roleassignments":
        if request.query.get("$filter") != f"assignedTo('{PRINCIPAL}')":
            return _error(400, "UnsupportedFilter")
        held = azure.roles.get(scope, [])
        role = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/"
        return Answer(
            200, {"value": [{"properties": {"roleDefinitionId": role + one}} for one in held]}
        )
    if kind == "capabilities":
        return Answer(200, _capabilities(azure))
    if kind == "georegions":
        flex = request.query.get("sku") == "FlexConsumption"
        return Answer(200, {"value": [{"name": name} for name in azure.flex_regions if flex]})
    if kind == "providers":
        state = azure.registered.get(names["name"], "Registered")
        return Answer(200, {"namespace": names["name"], "registrationState": state})
    found: Fields | None
    if kind == "subscriptions":
        found = azure.subscriptions.get(scope)
    elif kind == "property":
        properties = azure.property.get(scope)
        found = {"properties": properties} if properties else None
    elif kind == "billing":
        agreement = azure.billing.get(scope.lower())
        found = {"properties": {"agreementType": agreement}} if agreement else None
    else:
        export = azure.exports.get(f"{scope}/{names['name']}".lower())
        found = {"properties": _with_runs(export, request)} if export else None
    return Answer(200, found) if found else _error(404, "ResourceNotFound")


def _capabilities(azure: Azure) -> Fields:
    if not azure.sql_sizes:
        reason = "Provisioning is restricted in this region."
        return {"name": "East US 2", "status": "Disabled", "reason": reason}
    sizes = [{"name": name, "status": state} for name, state in azure.sql_sizes.items()]
    edition = {"name": "Standard", "status": "Available", "supportedServiceLevelObjectives": sizes}
    version = {"name": "12.0", "status": "Default", "supportedEditions": [edition]}
    return {"name": "East US 2", "status": "Available", "supportedServerVersions": [version]}


def _with_runs(export: Fields, request: Request) -> Fields:
    """Runs come only to who asks for them."""
    if request.query.get("$expand") == "runHistory":
        return export
    return {name: value for name, value in export.items() if name != "runHistory"}


def _error(status: int, code: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": code}})
