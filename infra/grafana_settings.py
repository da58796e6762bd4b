"""Where an environment's dashboards go, as its configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pulumi

from dashboards.source import Access
from infra.native_settings import DetailSettings, SqlRoute, read_detail
from infra.reading import Allowed, Mistake, Reader

HTTPS_URL = Allowed(
    r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w./~-]*)?",
    "an https URL without a user or a query",
    "https://acme.grafana.net",
)
_ROTATION = Allowed(r"[\w.-]{1,64}", "a short text, like the month", "2026-11")
_VIEWER = Allowed(
    r"(user|group):[^@\s,]+@[\w-]+(\.[\w-]+)+|domain:[\w-]+(\.[\w-]+)+",
    "user:NAME@HOST, group:NAME@HOST or domain:HOST",
    "group:finops@example.com",
)


class Hosting(StrEnum):
    """Where Grafana runs."""

    EXTERNAL = "external"
    """At a URL: Grafana Cloud or one's own, with a service account's token."""
    CLOUD_RUN = "cloud-run"
    """In the hub's project: stateless, behind Identity-Aware Proxy."""


class Login(StrEnum):
    """By what Grafana reads the hub: another thing is made for each, which takes other rights."""

    KEY = "key"
    METADATA = "metadata"
    CLOUD_RUN = "cloud-run"


@dataclass(frozen=True, kw_only=True, slots=True)
class GrafanaSettings:
    """Where the dashboards go, and who may see them."""

    hosting: Hosting
    url: str
    """Empty when the program hosts it."""
    token: pulumi.Output[str] | None
    """There when it is external."""
    access: Access
    """How an external Grafana proves to Google who it is."""
    key_rotation: str
    """Another text makes another key, where access is by key."""
    viewers: tuple[str, ...]
    """Who may see the Grafana that the program hosts, as members of IAM."""
    detail: DetailSettings

    @property
    def login(self) -> Login:
        """By what it reads the hub."""
        if self.hosting is Hosting.CLOUD_RUN:
            return Login.CLOUD_RUN
        return Login.KEY if self.access is Access.KEY else Login.METADATA


def read_grafana(
    reader: Reader, secrets: Mapping[str, pulumi.Output[str] | None], route: SqlRoute | None
) -> GrafanaSettings:
    """Where it runs, who sees it, and how it reaches the clouds' own warehouses."""
    hosting = reader.one_of("grafana", Hosting.EXTERNAL)
    external = hosting is Hosting.EXTERNAL
    if external and not reader.secret_is_set("grafana_token"):
        reader.mistakes.append(
            Mistake(
                "grafana_token",
                "is not set.",
                "the token of a service account of Grafana, as a secret",
                "pulumi config set --secret grafana_token",
            )
        )
    viewers = reader.texts("grafana_viewers", _VIEWER)
    if not external and not viewers:
        reader.note(
            "grafana_viewers",
            "is empty: nobody could open the Grafana on cloud-run.",
            f"a list of {_VIEWER.words}",
            f'["{_VIEWER.example}"]',
        )
    words = reader.text("grafana_access", Allowed("key|metadata", "key or metadata", "key"))
    return GrafanaSettings(
        hosting=hosting,
        url=reader.text("grafana_url", HTTPS_URL) if external else "",
        token=secrets.get("grafana_token") if external else None,
        access=Access.METADATA if words == "metadata" else Access.KEY,
        key_rotation=reader.text("grafana_key_rotation", _ROTATION),
        viewers=viewers,
        detail=read_detail(reader, secrets, route),
    )
