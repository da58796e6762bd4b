"""Google Cloud: who is logged in, and what that login may do on the hub's project."""

from collections.abc import Iterator

from infra.apis.google import Kind
from infra.apis.login import LoginExpired, LoginMissing
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.doctor.needs import needs


def login(place: Place) -> Iterator[Finding]:
    """Which login there is, whose, and whether Google takes it."""
    try:
        found = place.google
        who = found.who()
    except LoginMissing as error:
        yield finding("google-login.missing", error=error.reason)
    except LoginExpired as error:
        yield finding("google-login.expired", error=error.reason)
    else:
        state = "key" if found.kind is Kind.KEY else "ok"
        yield finding(f"google-login.{state}", who=who, kind=found.kind)


def rights(place: Place) -> Iterator[Finding]:
    """The permissions on the project, asked for as the login itself.

    https://docs.cloud.google.com/resource-manager/reference/rest/v1/projects/testIamPermissions
    """
    project = place.environment.settings.gcp.project
    found = place.google
    settings = place.environment.settings
    wanted = needs("google", settings.phase, settings.gcp.runtime, settings.grafana.login)
    every = [permission for need in wanted for permission in need["permissions"]]
    answer = found.api("projects", project).post(
        f"/v1/projects/{project}:testIamPermissions", {"permissions": every}
    )
    held = set(answer.get("permissions", []))
    if held >= set(every):
        yield finding("google-rights.ok", project=project, count=len(every))
        return
    who = found.who()
    kind = "serviceAccount" if who.endswith(".gserviceaccount.com") else "user"
    for need in wanted:
        missing = [permission for permission in need["permissions"] if permission not in held]
        if missing:
            yield finding(
                "google-rights.missing",
                project=project,
                member=f"{kind}:{who}",
                role=need["role"],
                why=need["why"],
                missing=", ".join(missing),
            )
