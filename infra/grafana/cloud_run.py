"""Grafana in the hub's own project: starts for a request, keeps nothing, seen by named people only.

Identity-Aware Proxy stands before the service, without a load balancer
(https://docs.cloud.google.com/run/docs/securing/identity-aware-proxy-cloud-run). It signs who asks,
and Grafana lets in whom it signs, as a viewer. Queries run as the service's own account, the
reader, so there is no key anywhere.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

PORT = 3000


class CloudRunArgs(TypedDict):
    """What runs, as whom, and who may see it."""

    project: pulumi.Input[str]
    project_number: pulumi.Input[str]
    region: pulumi.Input[str]
    service_name: pulumi.Input[str]
    """Up to 49 small letters, digits and hyphens."""
    image: pulumi.Input[str]
    """What ``Image`` gives, or any image with the same files, best by its digest."""
    reader: pulumi.Input[str]
    """The e-mail of the account that reads the costs."""
    viewers: Sequence[str]
    """``user:``, ``group:`` or ``domain:`` and a name; none lets nobody in."""


class CloudRun(pulumi.ComponentResource):
    """The service, and who may reach it."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: CloudRunArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:CloudRun", name, {}, opts)
        url = address(args["service_name"], args["project_number"], args["region"])
        proxy = gcp.projects.ServiceIdentity(
            f"{name}-proxy",
            project=args["project"],
            service="iap.googleapis.com",
            opts=pulumi.ResourceOptions(parent=self),
        )
        service = gcp.cloudrunv2.Service(
            f"{name}-service",
            project=args["project"],
            location=args["region"],
            name=args["service_name"],
            description="Dashboards of AI costs",
            ingress="INGRESS_TRAFFIC_ALL",
            iap_enabled=True,
            invoker_iam_disabled=False,
            deletion_protection=False,
            template={
                "service_account": args["reader"],
                # Two instances would know different users; one answers many requests at once.
                "scaling": {"min_instance_count": 0, "max_instance_count": 1},
                "containers": [
                    {
                        "image": args["image"],
                        "ports": {"container_port": PORT},
                        "resources": {
                            "limits": {"cpu": "1", "memory": "1Gi"},
                            "cpu_idle": True,
                            "startup_cpu_boost": True,
                        },
                        "startup_probe": {
                            "http_get": {"path": "/api/health", "port": PORT},
                            "period_seconds": 3,
                            "timeout_seconds": 3,
                            "failure_threshold": 30,
                        },
                        "envs": _environment(args, url),
                    }
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The proxy asks for the service under its own name, so that nobody else may.
        gcp.cloudrunv2.ServiceIamMember(
            f"{name}-proxied",
            project=args["project"],
            location=args["region"],
            name=service.name,
            role="roles/run.invoker",
            member=pulumi.Output.concat("serviceAccount:", proxy.email),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for viewer in args["viewers"]:
            gcp.iap.WebCloudRunServiceIamMember(
                f"{name}-seen-by-{viewer}",
                project=args["project"],
                location=args["region"],
                cloud_run_service_name=service.name,
                role="roles/iap.httpsResourceAccessor",
                member=viewer,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.url = url
        self.register_outputs({"url": self.url})


def address(
    service_name: pulumi.Input[str],
    project_number: pulumi.Input[str],
    region: pulumi.Input[str],
) -> pulumi.Output[str]:
    """Where the service will be, known before it is made.

    https://docs.cloud.google.com/run/docs/triggering/https-request
    """
    return pulumi.Output.format("https://{}-{}.{}.run.app", service_name, project_number, region)


def _environment(
    args: CloudRunArgs, url: pulumi.Output[str]
) -> list[gcp.cloudrunv2.ServiceTemplateContainerEnvArgsDict]:
    text = files("infra.grafana").joinpath("cloud_run.toml").read_text("utf-8")
    said: Mapping[str, str] = tomllib.loads(text)["environment"]
    values: Mapping[str, pulumi.Input[str]] = {
        **said,
        "GF_SERVER_ROOT_URL": url,
        "GF_AUTH_JWT_EXPECT_CLAIMS": _claims(args),
    }
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _claims(args: CloudRunArgs) -> pulumi.Output[str]:
    """Whom a token must be for, so that one for another service lets nobody in."""
    return pulumi.Output.all(
        number=args["project_number"], region=args["region"], service=args["service_name"]
    ).apply(_expected)


def _expected(known: Mapping[str, str]) -> str:
    audience = (
        f"/projects/{known['number']}/locations/{known['region']}/services/{known['service']}"
    )
    return json.dumps({"aud": audience, "iss": "https://cloud.google.com/iap"}, sort_keys=True)
