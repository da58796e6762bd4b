"""The parts in the hub's project that every job shares, and what a job is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi

from handlers.record import Cloud
from handlers.settings import Name, PushSignature, environment
from handlers.tables import LOAD_LOCK, PUBLISHED_TO_HUB
from infra.bundles import BUILD_ENVIRONMENT, ENTRY_POINT, Planned, Runtime
from infra.gcp.build import Build
from infra.gcp.code import Code
from infra.gcp.collector import Collector, push_audience
from infra.gcp.identity import JobIdentity, Places, PushIdentity
from infra.gcp.services import Services
from infra.gcp.storage import Storage
from infra.gcp.task import Task
from infra.gcp.warehouse import Warehouse
from infra.native_settings import CollectorRuntime
from infra.providers import gcp_provider
from infra.settings import GcpSettings, Job, Settings

DAILY = '{"run": "daily"}'
"""What a schedule sends (handlers/messages.py)."""

BundleOf = Callable[[Runtime], Planned]
Values = Mapping[Name, pulumi.Input[str]]


@dataclass(frozen=True)
class Hub:
    """The hub: what is there once for all jobs."""

    settings: GcpSettings
    options: pulumi.ResourceOptions
    """Of a component in the hub: its provider, and that the APIs are enabled."""
    services: Services
    storage: Storage
    warehouse: Warehouse
    build: Build
    push: PushIdentity
    bundle: pulumi.Output[str]
    """The Google bundle's object in the bucket of bundles."""

    @property
    def dataset(self) -> pulumi.Output[str]:
        """The dataset of all tables and views."""
        return self.warehouse.dataset_id

    @property
    def collects_by_task(self) -> bool:
        """Are the daily runs of the clouds' jobs tasks? The hub's own job reads no bills."""
        return self.settings.runtime is CollectorRuntime.CONTAINER

    @property
    def places(self) -> Places:
        """The places that an account may be let into."""
        return {
            "project": self.settings.project,
            "dataset": self.warehouse.dataset_id,
            "staging_dataset": self.warehouse.staging_dataset_id,
            "writer_role": self.warehouse.writer_role,
            "archive": self.storage.archive,
            "site": self.storage.site,
            "shared": [table.name for table in (*PUBLISHED_TO_HUB, LOAD_LOCK)],
            "exports": [scope.table for scope in self.settings.scopes if scope.table],
        }

    @classmethod
    def make(cls, settings: Settings, bundle_of: BundleOf) -> "Hub":
        """Register the hub."""
        google = gcp_provider(settings.gcp, settings.labels)
        project, region = settings.gcp.project, settings.gcp.region
        services = Services(
            "services",
            {
                "project": project,
                "hosting": settings.grafana.hosting,
                "phase": settings.phase,
            },
            pulumi.ResourceOptions(providers=[google]),
        )
        options = pulumi.ResourceOptions(providers=[google], depends_on=services.ready)
        storage = Storage(
            "storage",
            {
                "project": project,
                "location": settings.gcp.bigquery_location,
                "bundles_bucket": settings.gcp.bundles_bucket,
                "archive_bucket": settings.gcp.archive_bucket,
                "site_bucket": settings.gcp.site_bucket,
                "archive_years": settings.gcp.archive_years,
            },
            options,
        )
        warehouse = Warehouse(
            "warehouse",
            {
                "project": project,
                "location": settings.gcp.bigquery_location,
                "dataset": settings.gcp.dataset,
                "staging_dataset": settings.gcp.staging_dataset,
            },
            options,
        )
        build = Build(
            "build",
            {
                "project": project,
                "region": region,
                "account_id": "ai-cost-build",
                "bundles": storage.bundles,
            },
            options,
        )
        push = PushIdentity(
            "push",
            {
                "project": project,
                "account_id": "ai-cost-push",
                "pubsub_agent": services.pubsub_agent,
            },
            options,
        )
        code = Code(
            "code", {"bucket": storage.bundles, "bundle": bundle_of(Runtime.GOOGLE)}, options
        )
        return cls(
            settings.gcp, options, services, storage, warehouse, build, push, code.object_name
        )

    def identity(self, name: str, job: Job, cloud: Cloud | None) -> JobIdentity:
        """The account of a job."""
        return JobIdentity(
            f"{name}-job-identity",
            {
                "account_id": job.name,
                "display_name": f"AI cost monitoring: {job.name}",
                "cloud": cloud,
                **self.places,
            },
            self.options,
        )

    def job(
        self, name: str, job: Job, cloud: Cloud | None, identity: JobIdentity, own: Values
    ) -> str:
        """A job of the hub; ``own`` is what its environment holds beyond every job's."""
        settings = self.settings
        values: dict[Name, pulumi.Input[str]] = {
            Name.JOB: job.name,
            Name.PROJECT: settings.project,
            Name.LOCATION: settings.bigquery_location,
            Name.DATASET: self.warehouse.dataset_id,
            Name.STAGING_DATASET: self.warehouse.staging_dataset_id,
            Name.ARCHIVE: pulumi.Output.concat("gs://", self.storage.archive),
            Name.SITE: pulumi.Output.concat("gs://", self.storage.site),
            Name.PUSH_AUDIENCE: push_audience(
                job.name, settings.region, self.storage.project_number
            ),
            Name.PUSH_ACCOUNT: self.push.email,
            Name.PUSH_SIGNATURE: PushSignature.CLOUD_RUN,
            **({Name.CLOUD: cloud} if cloud else {}),
            **own,
        }
        told = environment(cloud, values)
        Collector(
            f"{name}-job",
            {
                "project": settings.project,
                "region": settings.region,
                "job_name": job.name,
                "description": f"Collects the bills of {cloud}" if cloud else "The hub's own job",
                "schedule": job.schedule,
                "message": DAILY,
                "task": self._task(name, job, identity, told)
                if cloud and self.collects_by_task
                else None,
                "source_bucket": self.storage.bundles,
                "source_object": self.bundle,
                "entry_point": ENTRY_POINT,
                "build_account": self.build.service_account,
                "build_environment": BUILD_ENVIRONMENT,
                "image_repository": self.build.repository,
                "environment": told,
                "service_account": identity.email,
                "pubsub_agent": self.services.pubsub_agent,
            },
            self.options,
        )
        return job.name

    def _task(
        self,
        name: str,
        job: Job,
        identity: JobIdentity,
        told: Mapping[str, pulumi.Input[str]],
    ) -> Task:
        """The same job without a function's limits."""
        return Task(
            f"{name}-task",
            {
                "project": self.settings.project,
                "region": self.settings.region,
                "job_name": job.name,
                "message": DAILY,
                "image": self.settings.image,
                "environment": told,
                "service_account": identity.email,
                "starter": self.push.email,
            },
            self.options,
        )
