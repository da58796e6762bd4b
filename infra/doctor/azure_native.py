"""Phase 2 in Azure: may the subscription make database and Function App where it should?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from infra.apis.web import Json
from infra.azure.warehouse import VERSION
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.settings import AzureSettings

CAPABILITIES = "2023-08-01"
"""https://learn.microsoft.com/rest/api/sql/capabilities/list-by-location"""
REGIONS = "2023-12-01"
"""https://learn.microsoft.com/rest/api/appservice/list-geo-regions/list-geo-regions"""
TIER, SIZE = "Standard", "S0"
OPEN = frozenset({"Available", "Default"})


def database(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """Is the smallest database to be had there? Some offers are kept out of busy regions."""
    said = place.azure.api().get(
        f"/subscriptions/{azure.subscription}/providers/Microsoft.Sql/locations/{azure.location}"
        "/capabilities",
        {"api-version": CAPABILITIES, "include": "supportedEditions"},
    )
    found = _size(said)
    state = "ok" if found.get("status") in OPEN else "closed"
    yield finding(
        f"azure-sql.{state}",
        location=azure.location,
        subscription=azure.subscription,
        size=SIZE,
        status=found.get("status", "not there"),
        reason=found.get("reason") or "no reason is given",
    )


def _size(said: Json) -> Mapping[str, Any]:
    """What is said of the size, or of the first thing above it that is closed or missing."""
    here: Mapping[str, Any] = said
    nothing: Mapping[str, Any] = {}
    for level, name in (
        ("supportedServerVersions", VERSION),
        ("supportedEditions", TIER),
        ("supportedServiceLevelObjectives", SIZE),
    ):
        if here.get("status") not in OPEN:
            return here
        below = cast("Sequence[Mapping[str, Any]]", here.get(level, ()))
        here = next((one for one in below if one.get("name") == name), nothing)
    return here


def functions(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """Does the location have the plan of the Function App?"""
    said = place.azure.api().get(
        f"/subscriptions/{azure.subscription}/providers/Microsoft.Web/geoRegions",
        {"api-version": REGIONS, "sku": "FlexConsumption"},
    )
    found = cast("Sequence[Mapping[str, Any]]", said.get("value", ()))
    known = sorted(str(one["name"]).lower().replace(" ", "") for one in found)
    yield finding(
        f"azure-functions.{'ok' if azure.location in known else 'closed'}",
        location=azure.location,
        known=", ".join(known) or "none",
    )
