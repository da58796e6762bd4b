"""One job of the hub: when it runs, what carries its messages, the function, what is left over.

A function's own trigger has no dead letter, so topic and subscription are ours and the function
is a plain one that answers HTTP: https://docs.cloud.google.com/pubsub/docs/dead-letter-topics.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.settings import Name
from infra.gcp.task import Task

ACK_SECONDS = 600
"""The longest Pub/Sub waits for an answer, a minute more than the function may take."""
TIMEOUT_SECONDS = 540
ATTEMPTS = 7
"""Pauses of 1, 2, 4, 8, 10 and 10 minutes: 35 in all. While the job is busy with a message it
refuses a second one, so these must be longer than two runs."""
KEPT_FAILED = "2678400s"
"""31 days, the longest a subscription keeps a message that nobody has taken."""
CLOUD = "https://www.googleapis.com/auth/cloud-platform"
"""What a token of Google's own APIs is for; the account's rights say the rest."""
KEPT_WAITING = "604800s"
"""7 days: longer than any retry."""


def dead_letter(job: str) -> str:
    """The topic and the subscription that keep a message to ``job`` when every attempt failed."""
    return f"{job}-dead-letter"


def push_audience(
    job: str, region: pulumi.Input[str], project_number: pulumi.Input[int]
) -> pulumi.Output[str]:
    """Whom the token of a push is for: the URL of the job's Cloud Run service.

    It is the one of the service's two URLs that is known before the service is there, as it must
    be to stand in the function's own environment:
    https://docs.cloud.google.com/run/docs/triggering/https-request#deterministic
    """
    return pulumi.Output.format("https://{}-{}.{}.run.app", job, project_number, region)


class CollectorArgs(TypedDict):
    """What one job is made of."""

    project: pulumi.Input[str]
    region: pulumi.Input[str]
    job_name: str
    """The name of function, topic, subscription and schedule; 2 to 49 small letters, digits, -."""
    description: str
    schedule: pulumi.Input[str]
    """A cron expression, UTC."""
    message: str
    """What the schedule sends, as JSON."""
    task: Task | None
    """What the schedule starts instead; None where the function does the daily run."""
    source_bucket: pulumi.Input[str]
    source_object: pulumi.Input[str]
    """The bundle: another one has another name."""
    entry_point: str
    build_account: pulumi.Input[str]
    """As ``projects/PROJECT/serviceAccounts/EMAIL``."""
    build_environment: Mapping[str, str]
    image_repository: pulumi.Input[str]
    """As ``projects/PROJECT/locations/REGION/repositories/NAME``."""
    environment: Mapping[str, pulumi.Input[str]]
    """The function's, complete (``handlers.settings.environment``). Whom a push is from and for
    is read from it, so that the function expects what the subscription sends."""
    service_account: pulumi.Input[str]
    """The address of the account that the job runs as."""
    pubsub_agent: pulumi.Input[str]
    """Pub/Sub's own account, as a member for IAM."""


class Collector(pulumi.ComponentResource):
    """Schedule, topic, push subscription, function; and a dead letter that keeps what failed."""

    function_name: pulumi.Output[str]
    topic: pulumi.Output[str]
    """As ``projects/PROJECT/topics/NAME``: where a message for the job is sent."""
    subscription: pulumi.Output[str]

    def __init__(
        self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Collector", name, {}, opts)
        function = self._function(name, args)
        invoker = gcp.cloudrunv2.ServiceIamMember(
            f"{name}-invoker",
            project=args["project"],
            location=args["region"],
            name=function.name,
            role="roles/run.invoker",
            member=pulumi.Output.concat("serviceAccount:", args["environment"][Name.PUSH_ACCOUNT]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        topic = gcp.pubsub.Topic(
            f"{name}-topic",
            project=args["project"],
            name=args["job_name"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        failed = self._dead_letter(name, args)
        subscription = self._subscription(name, args, function, topic, failed)
        # A message that comes before the subscription is there goes nowhere.
        self._schedule(name, args, topic, [subscription, invoker])
        self.function_name = function.name
        self.topic = topic.id
        self.subscription = subscription.name
        self.register_outputs(
            {
                "function_name": self.function_name,
                "topic": self.topic,
                "subscription": self.subscription,
            }
        )

    def _schedule(
        self,
        name: str,
        args: CollectorArgs,
        topic: gcp.pubsub.Topic,
        after: Sequence[pulumi.Resource],
    ) -> None:
        """Sends the message each day, or starts the task that has it; one or the other."""
        task = args["task"]
        gcp.cloudscheduler.Job(
            f"{name}-schedule",
            project=args["project"],
            region=args["region"],
            name=args["job_name"],
            description=args["description"],
            schedule=args["schedule"],
            time_zone="Etc/UTC",
            pubsub_target=None
            if task
            else {
                "topic_name": topic.id,
                "data": base64.b64encode(args["message"].encode()).decode(),
            },
            http_target={
                "http_method": "POST",
                "uri": task.start,
                "oauth_token": {"service_account_email": task.starter, "scope": CLOUD},
            }
            if task
            else None,
            retry_config={"retry_count": 5},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _function(self, name: str, args: CollectorArgs) -> gcp.cloudfunctionsv2.Function:
        """One message at a time, reached from inside the project alone.

        Pub/Sub counts as inside: https://docs.cloud.google.com/run/docs/securing/ingress.
        """
        return gcp.cloudfunctionsv2.Function(
            f"{name}-function",
            project=args["project"],
            location=args["region"],
            name=args["job_name"],
            description=args["description"],
            build_config={
                "runtime": "python313",
                "entry_point": args["entry_point"],
                "environment_variables": dict(args["build_environment"]),
                "service_account": args["build_account"],
                "docker_repository": args["image_repository"],
                "source": {
                    "storage_source": {
                        "bucket": args["source_bucket"],
                        "object": args["source_object"],
                    }
                },
            },
            service_config={
                "available_memory": "512Mi",
                "timeout_seconds": TIMEOUT_SECONDS,
                "min_instance_count": 0,
                "max_instance_count": 1,
                "max_instance_request_concurrency": 1,
                "ingress_settings": "ALLOW_INTERNAL_ONLY",
                "all_traffic_on_latest_revision": True,
                "service_account_email": args["service_account"],
                "environment_variables": args["environment"],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _dead_letter(self, name: str, args: CollectorArgs) -> gcp.pubsub.Topic:
        """Without a subscription of its own, a dead letter would be thrown away on arrival.

        https://docs.cloud.google.com/pubsub/docs/dead-letter-topics
        """
        topic = gcp.pubsub.Topic(
            f"{name}-dead-letter",
            project=args["project"],
            name=dead_letter(args["job_name"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.pubsub.Subscription(
            f"{name}-dead-letter-kept",
            project=args["project"],
            name=dead_letter(args["job_name"]),
            topic=topic.id,
            message_retention_duration=KEPT_FAILED,
            expiration_policy={"ttl": ""},
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.pubsub.TopicIAMMember(
            f"{name}-dead-letter-publisher",
            project=args["project"],
            topic=topic.name,
            role="roles/pubsub.publisher",
            member=args["pubsub_agent"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return topic

    def _subscription(
        self,
        name: str,
        args: CollectorArgs,
        function: gcp.cloudfunctionsv2.Function,
        topic: gcp.pubsub.Topic,
        failed: gcp.pubsub.Topic,
    ) -> gcp.pubsub.Subscription:
        """Pushes to the function; Pub/Sub must be able to take a message off it to set it aside."""
        subscription = gcp.pubsub.Subscription(
            f"{name}-push",
            project=args["project"],
            name=args["job_name"],
            topic=topic.id,
            ack_deadline_seconds=ACK_SECONDS,
            message_retention_duration=KEPT_WAITING,
            expiration_policy={"ttl": ""},
            push_config={
                "push_endpoint": function.service_config.apply(
                    lambda service: service.uri if service and service.uri else ""
                ),
                "oidc_token": {
                    "service_account_email": args["environment"][Name.PUSH_ACCOUNT],
                    "audience": args["environment"][Name.PUSH_AUDIENCE],
                },
            },
            retry_policy={"minimum_backoff": "60s", "maximum_backoff": "600s"},
            dead_letter_policy={
                "dead_letter_topic": failed.id,
                "max_delivery_attempts": ATTEMPTS,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.pubsub.SubscriptionIAMMember(
            f"{name}-push-subscriber",
            project=args["project"],
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=args["pubsub_agent"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return subscription
