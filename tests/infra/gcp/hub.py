"""The Google side as an environment builds it, without an engine and a cloud."""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from handlers.record import Cloud
from handlers.settings import Name, PushSignature, environment, names_for
from infra.bundles import Planned
from infra.gcp.alarm import Alarm
from infra.gcp.build import Build
from infra.gcp.code import Code
from infra.gcp.collector import Collector, push_audience
from infra.gcp.export import BillingExport
from infra.gcp.identity import JobIdentity, PushIdentity
from infra.gcp.reader import GrafanaReader
from infra.gcp.services import Services
from infra.gcp.storage import Storage
from infra.gcp.warehouse import Warehouse
from infra.grafana_settings import Hosting
from infra.recording import Recorded, Recording, record
from infra.scopes import GcpScope
from infra.stages import Phase

PROJECT, REGION = "demo-costs", "europe-west3"
DATASET, STAGING = "multi_cloud_costs", "multi_cloud_costs_staging"
EXPORT = "acme-billing.billing.gcp_billing_export_v1_01E214_63C8A3_9E57E3"
JOBS: dict[str, Cloud | None] = {
    "aws-daily-etl": Cloud.AWS,
    "azure-daily-etl": Cloud.AZURE,
    "gcp-daily-etl": Cloud.GCP,
    "hub-daily": None,
}
NOTIFY = ("mailto:platform@example.com", "https://hooks.example.com/T0/secret-part")


def build_hub(
    *,
    table: str | None = EXPORT,
    hosting: Hosting = Hosting.EXTERNAL,
    notify: Sequence[str] = NOTIFY,
    tasks: Sequence[str] = (),
) -> None:
    """All components, wired as the platform wires them."""
    provider = gcp.Provider("gcp", project=PROJECT, region=REGION)
    services = Services(
        "services",
        {"project": PROJECT, "hosting": hosting, "phase": Phase.HUB},
        pulumi.ResourceOptions(providers=[provider]),
    )
    opts = pulumi.ResourceOptions(providers=[provider], depends_on=services.ready)
    storage = Storage(
        "storage",
        {
            "project": PROJECT,
            "location": REGION,
            "bundles_bucket": f"{PROJECT}-bundles",
            "archive_bucket": f"{PROJECT}-archive",
            "site_bucket": f"{PROJECT}-site",
            "archive_years": 7,
        },
        opts,
    )
    warehouse = Warehouse(
        "warehouse",
        {"project": PROJECT, "location": "EU", "dataset": DATASET, "staging_dataset": STAGING},
        opts,
    )
    scopes = [GcpScope(id="01E214-63C8A3-9E57E3", table=table)]
    export = BillingExport(
        "export", {"project": PROJECT, "dataset": warehouse.dataset_id, "scopes": scopes}, opts
    )
    push = PushIdentity(
        "push",
        {
            "project": PROJECT,
            "account_id": "ai-cost-push",
            "pubsub_agent": services.pubsub_agent,
        },
        opts,
    )
    builds = Build(
        "build",
        {
            "project": PROJECT,
            "region": REGION,
            "account_id": "ai-cost-build",
            "bundles": storage.bundles,
        },
        opts,
    )
    digest = "0123456789abcdef"
    bundle = Planned(Path("bundles") / f"google-{digest}.zip", digest)
    code = Code("code", {"bucket": storage.bundles, "bundle": bundle}, opts)
    for job, cloud in JOBS.items():
        identity = JobIdentity(
            f"{job}-identity",
            {
                "project": PROJECT,
                "account_id": job,
                "display_name": job,
                "cloud": cloud,
                "dataset": warehouse.dataset_id,
                "staging_dataset": warehouse.staging_dataset_id,
                "writer_role": warehouse.writer_role,
                "archive": storage.archive,
                "site": storage.site,
                "shared": [],
                "exports": [table] if table else [],
            },
            opts,
        )
        Collector(
            job,
            {
                "project": PROJECT,
                "region": REGION,
                "job_name": job,
                "description": f"The job {job}.",
                "schedule": "0 3 * * *",
                "message": '{"run": "daily"}',
                "task": None,
                "source_bucket": storage.bundles,
                "source_object": code.object_name,
                "entry_point": "handle",
                "build_account": builds.service_account,
                "build_environment": {"GOOGLE_VENDOR_PIP_DEPENDENCIES": "vendor"},
                "image_repository": builds.repository,
                "environment": _environment(
                    {
                        Name.JOB: job,
                        Name.SCOPES: pulumi.Output.json_dumps(export.tables),
                        Name.PUSH_ACCOUNT: push.email,
                        Name.PUSH_AUDIENCE: push_audience(job, REGION, storage.project_number),
                        Name.PUSH_SIGNATURE: PushSignature.CLOUD_RUN.value,
                    },
                    cloud,
                ),
                "service_account": identity.email,
                "pubsub_agent": services.pubsub_agent,
            },
            opts,
        )
    Alarm(
        "alarm",
        {
            "project": PROJECT,
            "jobs": list(JOBS),
            "tasks": tasks,
            "notify": notify,
            "labels": {"managed-by": "ai-cost-monitoring"},
        },
        opts,
    )
    GrafanaReader(
        "grafana-reader",
        {"project": PROJECT, "account_id": "ai-cost-grafana", "dataset": warehouse.dataset_id},
        opts,
    )


def _environment(
    values: dict[Name, pulumi.Input[str]], cloud: Cloud | None
) -> dict[str, pulumi.Input[str]]:
    """What each job reads; what no component looks at has no real value."""
    return environment(cloud, {name: values.get(name, "x") for name in names_for(cloud)})


def recorded(program: Callable[[], None] = build_hub, *, preview: bool = False) -> Recording:
    """The graph that ``program`` registers; nobody changes it, so that all look at the same one."""
    return _recorded(program, preview)


@cache
def _recorded(program: Callable[[], None], preview: bool) -> Recording:
    return record(program, {}, preview=preview)


def one(recording: Recording, token: str, name: str) -> Recorded:
    """The resource of that type and name."""
    [found] = [resource for resource in recording.of_type(token) if resource.name == name]
    return found


def schema(table: Recorded) -> list[dict[str, Any]]:
    """The columns of a table, as BigQuery's API has them."""
    return cast("list[dict[str, Any]]", json.loads(table.inputs["schema"]))
