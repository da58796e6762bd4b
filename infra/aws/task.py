"""The collector in AWS as a container task on Fargate, for bills that a Lambda has no time for.

It has the Lambda's role, environment and log. The Lambda stays for commands; the schedule starts
the task instead, and deliveries start nothing, since a Lambda could not take them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from pulumi_aws import ecs, scheduler

from handlers.runtimes.log import Step
from handlers.scan.room import WORKERS
from infra.aws.collector import cron
from infra.aws.identity import ServiceRole
from infra.aws.metrics import Metric, Told, alarm_on_one, count_lines
from infra.aws.permissions import pulls, runs_task, trusts_service

CORES = 4
"""As many parts of a bill are read at once."""
CPU, MEMORY_MB = f"{CORES * 1024}", "16384"
"""4 vCPUs and 16 GB, a pair that Fargate has:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html"""
SCRATCH_GB = 100
SCRATCH = "scratch"


class TaskArgs(TypedDict):
    """What the task and its schedule are made of."""

    region: str
    account: str
    job_name: str
    schedule: str
    """Five fields of cron, UTC."""
    message: Mapping[str, str]
    """The command that the task runs."""
    image: str
    """In a repository of ECR, by its digest."""
    role: pulumi.Input[str]
    """The ARN of the collector's role."""
    log_group: pulumi.Input[str]
    log_arn: pulumi.Input[str]
    dead_letter: pulumi.Input[str]
    """The ARN of the queue for what could not be started."""
    topic: pulumi.Input[str]
    """Whom to tell of a failure."""
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    """The Lambda's, complete (handlers/native_names.py)."""


class Task(pulumi.ComponentResource):
    """A task that the schedule starts, and an alarm when it fails."""

    definition: pulumi.Output[str]

    def __init__(
        self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Task", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        cluster = ecs.Cluster(
            f"{name}-cluster", region=args["region"], name=args["job_name"], opts=options
        )
        starter = ServiceRole(
            f"{name}-starter",
            {
                "role_name": f"{args['job_name']}-task-starter",
                "description": "Taken by Fargate to fetch the collector's image and write its log",
                "trust": trusts_service("ecs-tasks.amazonaws.com", args["account"]),
                "policy_name": "start-task",
                "policy": pulumi.Output.all(
                    log_group=args["log_arn"], repository=repository_arn(args["image"])
                ).apply(pulls),
            },
            options,
        )
        definition = ecs.TaskDefinition(
            f"{name}-definition",
            region=args["region"],
            family=args["job_name"],
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=CPU,
            memory=str(MEMORY_MB),
            ephemeral_storage={"size_in_gib": SCRATCH_GB},
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": "X86_64"},
            execution_role_arn=starter.arn,
            task_role_arn=args["role"],
            volumes=[{"name": SCRATCH}],
            container_definitions=_containers(args),
            opts=options,
        )
        self._schedule(name, args, cluster, definition, starter)
        self._failed(name, args)
        self.definition = definition.arn
        self.register_outputs({"definition": self.definition})

    def _schedule(
        self,
        name: str,
        args: TaskArgs,
        cluster: ecs.Cluster,
        definition: ecs.TaskDefinition,
        starter: ServiceRole,
    ) -> None:
        role = ServiceRole(
            f"{name}-schedule",
            {
                "role_name": f"{args['job_name']}-task-schedule",
                "description": "Taken by the schedule to start the collector's task",
                "trust": trusts_service("scheduler.amazonaws.com", args["account"]),
                "policy_name": "start-task",
                "policy": pulumi.Output.all(
                    cluster=cluster.arn,
                    family=f"arn:aws:ecs:{args['region']}:{args['account']}"
                    f":task-definition/{args['job_name']}",
                    roles=[args["role"], starter.arn],
                    dead_letter=args["dead_letter"],
                ).apply(runs_task),
            },
            pulumi.ResourceOptions(parent=self),
        )
        scheduler.Schedule(
            f"{name}-daily",
            region=args["region"],
            # Another name than the Lambda's: while one takes over from the other, both are there.
            name=f"{args['job_name']}-task",
            description="The daily run of the collector, as a task",
            schedule_expression=cron(args["schedule"]),
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": cluster.arn,
                "role_arn": role.arn,
                "ecs_parameters": {
                    "task_definition_arn": definition.arn,
                    "launch_type": "FARGATE",
                    "task_count": 1,
                    "network_configuration": {
                        "subnets": list(args["subnet_ids"]),
                        "security_groups": [args["security_group_id"]],
                        "assign_public_ip": True,
                    },
                },
                "retry_policy": {
                    "maximum_retry_attempts": 10,
                    "maximum_event_age_in_seconds": 6 * 3600,
                },
                "dead_letter_config": {"arn": args["dead_letter"]},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _failed(self, name: str, args: TaskArgs) -> None:
        """Counts the lines of attempts that failed; a task that was killed is told of as quiet."""
        metric = f"{args['job_name']}-task-failed"
        mine = pulumi.ResourceOptions(parent=self)
        count_lines(
            f"{name}-failed-lines",
            args["region"],
            args["log_group"],
            f'{{ ($.step = "{Step.FAILED}") || ($.step = "{Step.REFUSED}") }}',
            metric,
            mine,
        )
        alarm_on_one(
            f"{name}-failed",
            args["region"],
            Metric(metric),
            Told(
                f"{args['job_name']} failed as a task",
                "The collector's task in AWS wrote an error. It tries three times;"
                " `python -m infra status` shows whether a later attempt loaded the bills.",
            ),
            args["topic"],
            mine,
        )


def repository_arn(image: str) -> str:
    """The repository of an image named as ``ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@...``."""
    host, _, rest = image.partition("/")
    account, _, _, region, *_ = host.split(".")
    return f"arn:aws:ecr:{region}:{account}:repository/{rest.partition('@')[0]}"


def _containers(args: TaskArgs) -> pulumi.Output[str]:
    known: Mapping[str, Any] = {
        "environment": {
            **args["environment"],
            "AWS_REGION": args["region"],
            WORKERS: str(CORES),
        },
        "log_group": args["log_group"],
    }
    return pulumi.Output.json_dumps(
        pulumi.Output.all(**known).apply(
            lambda known: [
                {
                    "name": "collector",
                    "image": args["image"],
                    "essential": True,
                    "command": [json.dumps(dict(args["message"]))],
                    "user": "65532:65532",
                    "readonlyRootFilesystem": True,
                    "mountPoints": [{"sourceVolume": SCRATCH, "containerPath": "/tmp"}],  # noqa: S108
                    "environment": [
                        {"name": name, "value": value}
                        for name, value in sorted(known["environment"].items())
                    ],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": known["log_group"],
                            "awslogs-region": args["region"],
                            "awslogs-stream-prefix": "task",
                        },
                    },
                }
            ]
        )
    )
