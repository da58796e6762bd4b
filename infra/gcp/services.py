"""The APIs of the project. Nothing can be made before they are enabled."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from infra.grafana_settings import Hosting
from infra.stages import Phase


@dataclass(frozen=True)
class Service:
    """An API, why it is needed, for which hosting of Grafana (None: any), and from which phase."""

    api: str
    reason: str
    hosting: Hosting | None
    phase: Phase


def services() -> tuple[Service, ...]:
    """What services.toml lists."""
    text = Path(__file__).with_name("services.toml").read_text(encoding="utf-8")
    return tuple(
        Service(
            api=entry["api"],
            reason=entry["reason"],
            hosting=Hosting(entry["hosting"]) if "hosting" in entry else None,
            phase=Phase(entry.get("phase", Phase.HUB)),
        )
        for entry in tomllib.loads(text)["service"]
    )


class ServicesArgs(TypedDict):
    """Which project, and what it will run."""

    project: pulumi.Input[str]
    hosting: Hosting
    """Where Grafana runs."""
    phase: Phase


class Services(pulumi.ComponentResource):
    """Enables the APIs and never disables one: others in the project may use them too.

    A component that names ``ready`` in its ``depends_on`` is registered after the last of them,
    and so are its children, which wait for their parent.
    """

    ready: list[pulumi.Resource]
    pubsub_agent: pulumi.Output[str]
    """Pub/Sub's own account in this project, as a member for IAM. A project in which Pub/Sub was
    never used has none, and a grant to it would be refused, so it is asked for."""

    def __init__(
        self, name: str, args: ServicesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Services", name, {}, opts)
        enabled = {
            service.api: gcp.projects.Service(
                f"{name}-{service.api.removesuffix('.googleapis.com')}",
                project=args["project"],
                service=service.api,
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service in services()
            if service.hosting in (None, args["hosting"]) and service.phase <= args["phase"]
        }
        agent = gcp.projects.ServiceIdentity(
            f"{name}-pubsub-agent",
            project=args["project"],
            service="pubsub.googleapis.com",
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[enabled["pubsub.googleapis.com"]], retain_on_delete=True
            ),
        )
        self.ready = [*enabled.values(), agent]
        self.pubsub_agent = pulumi.Output.concat("serviceAccount:", agent.email)
        self.register_outputs({"pubsub_agent": self.pubsub_agent})
