"""The parts of Grafana's side, wired as the platform wires them, and recorded without a cloud."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pulumi
import pulumi_gcp as gcp
import pulumiverse_grafana as grafana

from handlers.alerts import Hub
from infra.grafana.alerts import Alerts
from infra.grafana.cloud_run import CloudRun
from infra.grafana.content import Content
from infra.grafana.image import Image
from infra.grafana.key import SignInKey
from infra.recording import SECRET, Recorded, Recording, record

HUB = Hub(project="demo-costs", dataset="multi_cloud_costs", location="EU")
READER = "grafana-reader@demo-costs.iam.gserviceaccount.com"
BUILDER = "build@demo-costs.iam.gserviceaccount.com"
NOTIFY = ("mailto:a@example.com", "mailto:b@example.com", "https://hooks.example.com/T0/part")


def external(*, with_key: bool = True, notify: Sequence[str] = NOTIFY, docs_url: str = "") -> None:
    hub = HUB
    google = gcp.Provider("gcp", project=hub.project)
    there = grafana.Provider("grafana", url="https://grafana.example.com", auth="x")
    opts = pulumi.ResourceOptions(providers=[google, there])
    key: dict[str, pulumi.Output[str]] = {}
    if with_key:
        made = SignInKey(
            "grafana-key",
            {
                "project": hub.project,
                "account_id": "grafana-sign-in",
                "reader": READER,
                "rotation": "2026-11",
            },
            opts,
        )
        key["credentials"] = made.credentials
    content = (
        Content("grafana", {"hub": hub, "reader": READER, "credentials": key["credentials"]}, opts)
        if with_key
        else Content("grafana", {"hub": hub, "reader": READER}, opts)
    )
    Alerts(
        "grafana-alerts",
        {
            "hub": hub,
            "folder_uid": content.folder_uid,
            "source_uid": content.source_uid,
            "notify": notify,
            "docs_url": docs_url,
        },
        opts,
    )


def on_cloud_run() -> None:
    hub = HUB
    google = gcp.Provider("gcp", project=hub.project)
    opts = pulumi.ResourceOptions(providers=[google])
    image = Image(
        "grafana-image",
        {
            "hub": hub,
            "region": "europe-west3",
            "bucket": "demo-costs-ai-cost-bundles",
            "repository": "projects/demo-costs/locations/europe-west3/repositories/ai-cost-jobs",
            "builder": f"projects/demo-costs/serviceAccounts/{BUILDER}",
            "account_id": "grafana-image",
        },
        opts,
    )
    service = CloudRun(
        "grafana",
        {
            "project": hub.project,
            "project_number": "123456789012",
            "region": "europe-west3",
            "service_name": "ai-cost-grafana",
            "image": image.reference,
            "reader": READER,
            "viewers": ("domain:example.com", "group:finops@example.com"),
        },
        opts,
    )
    pulumi.export("url", service.url)


# A recording is never changed, so that all tests look at the same one.
@cache
def recorded_external(
    *, with_key: bool = True, notify: tuple[str, ...] = NOTIFY, docs_url: str = ""
) -> Recording:
    return record(lambda: external(with_key=with_key, notify=notify, docs_url=docs_url), {})


@cache
def previewed(program: Callable[[], None]) -> Recording:
    return record(program, {}, preview=True)


@cache
def recorded_cloud_run() -> Recording:
    return record(on_cloud_run, {})


def one(found: Recording, token: str) -> Recorded:
    (resource,) = found.of_type(token)
    return resource


def is_secret(value: object) -> bool:
    return isinstance(value, Mapping) and SECRET in value
