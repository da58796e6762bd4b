"""A job of the hub as a container task on Cloud Run, for bills that a function has no time for.

It has the function's account and environment. The function stays for commands; the schedule starts
the task instead.
"""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.scan.room import WORKERS

CORES = 4
"""As many parts of a bill are read at once."""
MEMORY = "16Gi"
"""The most that 4 CPUs may have. Files lie in memory, too:
https://docs.cloud.google.com/run/docs/configuring/jobs/memory-limits"""
TIMEOUT_SECONDS = 19 * 3600
"""Three attempts of six hours and the pauses between them, less than the day that Cloud Run allows
without a preview: https://docs.cloud.google.com/run/docs/configuring/task-timeout"""


def task_name(job: str) -> str:
    """The Cloud Run job that runs ``job``; the function's own service has the plain name."""
    return f"{job}-task"


class TaskArgs(TypedDict):
    """What one task is made of."""

    project: str
    region: str
    job_name: str
    message: str
    """The command that the task runs, as JSON."""
    image: str
    """In Artifact Registry, by its digest."""
    environment: Mapping[str, pulumi.Input[str]]
    """The function's, complete (``handlers.settings.environment``)."""
    service_account: pulumi.Input[str]
    """The address of the account that the function runs as."""
    starter: pulumi.Input[str]
    """The address of the account in whose name the schedule starts it."""


class Task(pulumi.ComponentResource):
    """A Cloud Run job, and who may start it."""

    start: str
    """Where a POST starts it."""
    starter: pulumi.Output[str]
    """The address of the account that may, known once it may."""

    def __init__(
        self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Task", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        job = gcp.cloudrunv2.Job(
            f"{name}-job",
            project=args["project"],
            location=args["region"],
            name=task_name(args["job_name"]),
            # It keeps nothing: whoever wants it gone may have it gone.
            deletion_protection=False,
            template={
                "task_count": 1,
                "parallelism": 1,
                "template": {
                    "service_account": args["service_account"],
                    "timeout": f"{TIMEOUT_SECONDS}s",
                    # It tries again by itself (handlers/runtimes/task.py).
                    "max_retries": 0,
                    "containers": [
                        {
                            "image": args["image"],
                            "args": [args["message"]],
                            "resources": {"limits": {"cpu": f"{CORES}", "memory": MEMORY}},
                            "envs": [
                                {"name": key, "value": value}
                                for key, value in sorted(
                                    {**args["environment"], WORKERS: f"{CORES}"}.items()
                                )
                            ],
                        }
                    ],
                },
            },
            opts=mine,
        )
        invoker = gcp.cloudrunv2.JobIamMember(
            f"{name}-invoker",
            project=args["project"],
            location=args["region"],
            name=job.name,
            role="roles/run.invoker",
            member=pulumi.Output.concat("serviceAccount:", args["starter"]),
            opts=mine,
        )
        # https://docs.cloud.google.com/run/docs/execute/jobs-on-schedule
        self.start = (
            f"https://run.googleapis.com/v2/projects/{args['project']}/locations/{args['region']}"
            f"/jobs/{task_name(args['job_name'])}:run"
        )
        self.starter = pulumi.Output.all(starter=args["starter"], granted=invoker.id).apply(
            lambda known: str(known["starter"])
        )
        self.register_outputs({"starter": self.starter})
