"""How a bundle becomes the image that runs: where images are kept, and who makes them.

A build without an account of its own runs as the project's default one: in an old project that is
an editor of everything, in a new one it may lack the rights to build at all
(https://docs.cloud.google.com/build/docs/cloud-build-service-account-updates). So there is one
account for builds, with what https://cloud.google.com/functions/docs/securing/build-custom-sa asks
for, each right given as narrowly as it can be.
"""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

SOURCES = "gcf-v2-sources-"
"""How the buckets begin that Cloud Run functions copies a bundle to before it builds it. Google
makes them at the first deployment: https://cloud.google.com/functions/docs/building"""


class BuildArgs(TypedDict):
    """Where images go and where bundles come from."""

    project: pulumi.Input[str]
    region: pulumi.Input[str]
    account_id: pulumi.Input[str]
    """6 to 30 small letters, digits and hyphens."""
    bundles: pulumi.Input[str]
    """The bucket of the bundles."""


class Build(pulumi.ComponentResource):
    """The account that builds, and the repository it may write to."""

    service_account: pulumi.Output[str]
    """As ``projects/PROJECT/serviceAccounts/EMAIL``."""
    repository: pulumi.Output[str]
    """As ``projects/PROJECT/locations/REGION/repositories/NAME``."""

    def __init__(
        self, name: str, args: BuildArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Build", name, {}, opts)
        repository = gcp.artifactregistry.Repository(
            f"{name}-images",
            project=args["project"],
            location=args["region"],
            repository_id="ai-cost-jobs",
            format="DOCKER",
            description="Images of the jobs, made from their bundles.",
            # What runs is among the last three of its image, and keeping wins over deleting.
            # https://docs.cloud.google.com/artifact-registry/docs/repositories/cleanup-policy-overview
            cleanup_policies=[
                {"id": "keep-last", "action": "KEEP", "most_recent_versions": {"keep_count": 3}},
                {
                    "id": "delete-old",
                    "action": "DELETE",
                    "condition": {"older_than": f"{30 * 86_400}s"},
                },
            ],
            cleanup_policy_dry_run=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["project"],
            account_id=args["account_id"],
            display_name="Builds the jobs of AI cost monitoring",
            opts=pulumi.ResourceOptions(parent=self),
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        grants: list[pulumi.Resource] = [
            gcp.projects.IAMMember(
                f"{name}-logs",
                project=args["project"],
                role="roles/logging.logWriter",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            ),
            gcp.projects.IAMMember(
                f"{name}-sources",
                project=args["project"],
                role="roles/storage.objectViewer",
                member=member,
                condition={
                    "title": "only copies of bundles",
                    "expression": f'resource.name.startsWith("projects/_/buckets/{SOURCES}")',
                },
                opts=pulumi.ResourceOptions(parent=self),
            ),
            gcp.storage.BucketIAMMember(
                f"{name}-bundles",
                bucket=args["bundles"],
                role="roles/storage.objectViewer",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            ),
            gcp.artifactregistry.RepositoryIamMember(
                f"{name}-writes",
                project=args["project"],
                location=args["region"],
                repository=repository.repository_id,
                role="roles/artifactregistry.writer",
                member=member,
                opts=pulumi.ResourceOptions(parent=self),
            ),
        ]
        # Known once the account may build, so that no function is built before.
        granted = pulumi.Output.all(account.name, *(grant.urn for grant in grants))
        self.service_account = granted.apply(_first)
        self.repository = pulumi.Output.format(
            "projects/{}/locations/{}/repositories/{}",
            args["project"],
            args["region"],
            repository.repository_id,
        )
        self.register_outputs(
            {"service_account": self.service_account, "repository": self.repository}
        )


def _first(values: list[str]) -> str:
    return values[0]
