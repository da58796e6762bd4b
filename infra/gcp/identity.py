"""Who the jobs are, and who may call them. No account has a key."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.record import Cloud
from infra.gcp.grants import WRITER, Grant, Place, grants_of


class Places(TypedDict):
    """The places that an account may be let into."""

    project: pulumi.Input[str]
    dataset: pulumi.Input[str]
    staging_dataset: pulumi.Input[str]
    writer_role: pulumi.Input[str]
    archive: pulumi.Input[str]
    site: pulumi.Input[str]
    shared: Sequence[str]
    """The tables that other warehouses publish to. Only their collectors get access to these
    alone."""
    exports: Sequence[str]
    """The tables of Google's billing export, as ``project.dataset.table``; none before there is
    one. Only the job of Google's bills gets access to them."""


class JobIdentityArgs(Places):
    """Which job it is, and the places it may be let into."""

    account_id: pulumi.Input[str]
    """6 to 30 small letters, digits and hyphens."""
    display_name: pulumi.Input[str]
    cloud: Cloud | None
    """Whose bills the job collects; None for the hub's own job."""


class JobIdentity(pulumi.ComponentResource):
    """The account of one job, with exactly the grants of roles.toml."""

    email: pulumi.Output[str]
    unique_id: pulumi.Output[str]
    """What AWS and Azure know the account by: a number that no later account of that name has."""

    def __init__(
        self, name: str, args: JobIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:JobIdentity", name, {}, opts)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["project"],
            account_id=args["account_id"],
            display_name=args["display_name"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        for grant in grants_of(args["cloud"]):
            grant_at(self, f"{name}-{grant.name}", grant, args, member)
        self.email = account.email
        self.unique_id = account.unique_id
        self.register_outputs({"email": self.email, "unique_id": self.unique_id})


def grant_at(
    parent: pulumi.ComponentResource,
    name: str,
    grant: Grant,
    places: Places,
    member: pulumi.Input[str],
) -> None:
    """Give ``member`` what ``grant`` says."""
    role = places["writer_role"] if grant.role == WRITER else grant.role
    options = pulumi.ResourceOptions(parent=parent)
    match grant.on:
        case Place.PROJECT:
            gcp.projects.IAMMember(
                name, project=places["project"], role=role, member=member, opts=options
            )
        case Place.DATASET | Place.STAGING:
            staging = grant.on is Place.STAGING
            gcp.bigquery.DatasetIamMember(
                name,
                project=places["project"],
                dataset_id=places["staging_dataset"] if staging else places["dataset"],
                role=role,
                member=member,
                opts=options,
            )
        case Place.SHARED:
            for table in places["shared"]:
                gcp.bigquery.IamMember(
                    f"{name}-{table}",
                    project=places["project"],
                    dataset_id=places["dataset"],
                    table_id=table,
                    role=role,
                    member=member,
                    opts=options,
                )
        case Place.ARCHIVE | Place.SITE:
            gcp.storage.BucketIAMMember(
                name,
                bucket=places["archive"] if grant.on is Place.ARCHIVE else places["site"],
                role=role,
                member=member,
                opts=options,
            )
        case Place.EXPORT:
            for project, dataset in sorted({_dataset_of(table) for table in places["exports"]}):
                gcp.bigquery.DatasetIamMember(
                    f"{name}-{project}-{dataset}",
                    project=project,
                    dataset_id=dataset,
                    role=role,
                    member=member,
                    opts=options,
                )


def _dataset_of(table: str) -> tuple[str, str]:
    """The dataset and not its table: Google makes that table, and would make it anew."""
    project, dataset, _ = table.rsplit(".", 2)
    return project, dataset


class PushIdentityArgs(TypedDict):
    """Who makes the account's tokens."""

    project: pulumi.Input[str]
    account_id: pulumi.Input[str]
    """6 to 30 small letters, digits and hyphens."""
    pubsub_agent: pulumi.Input[str]
    """Pub/Sub's own account, as a member for IAM."""


class PushIdentity(pulumi.ComponentResource):
    """The account in whose name Pub/Sub calls the jobs. It may call them and nothing else.

    Pub/Sub makes its tokens: https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
    """

    email: pulumi.Output[str]

    def __init__(
        self, name: str, args: PushIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:PushIdentity", name, {}, opts)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["project"],
            account_id=args["account_id"],
            display_name="Calls the jobs of AI cost monitoring",
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.serviceaccount.IAMMember(
            f"{name}-tokens",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=args["pubsub_agent"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.email = account.email
        self.register_outputs({"email": self.email})
