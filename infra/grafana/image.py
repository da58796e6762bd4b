"""The image of our own Grafana, built by ``pulumi up`` in the project itself.

Docker is not asked for on anybody's machine. The files (a Dockerfile, the data source, the
dashboards) go to the bucket of bundles under the name of their digest. A Cloud Run job then has
Cloud Build make the image from them, and is ready when that has ended well: its
``run_execution_token`` is the digest, so another content is another run, and nothing runs when
nothing changed. The base image and the plug-in, in the versions of ``dashboards/image.toml``, come
from Docker Hub and grafana.com while it is built.
"""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_gcp as gcp

from dashboards.provisioning import digest, image_files
from handlers.alerts import Hub

GCLOUD = "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim"
DOCKER = "gcr.io/cloud-builders/docker"
UNPACK = (
    "gcloud storage cp {source} context.zip && python3 -m zipfile -e context.zip /workspace/context"
)
SUBMIT = (
    'printf %s "$BUILD" > /tmp/build.json && exec gcloud builds submit --no-source '
    '--config=/tmp/build.json --project="$PROJECT" --region="$REGION"'
)
"""Ends with the build, and fails when it fails:
https://cloud.google.com/sdk/gcloud/reference/builds/submit"""


class ImageArgs(TypedDict):
    """What is built, where, and by whom."""

    hub: Hub
    region: pulumi.Input[str]
    bucket: pulumi.Input[str]
    """The bucket of bundles, which the builder may read."""
    repository: pulumi.Input[str]
    """As ``projects/PROJECT/locations/REGION/repositories/NAME``."""
    builder: pulumi.Input[str]
    """The account that builds, as ``projects/PROJECT/serviceAccounts/EMAIL``."""
    account_id: pulumi.Input[str]
    """Of the account that asks for the build: 6 to 30 small letters, digits and hyphens."""


class Image(pulumi.ComponentResource):
    """The image, there once this is made."""

    reference: pulumi.Output[str]
    """As a container's ``image``; its tag is the digest of what it was built from."""

    def __init__(
        self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:Image", name, {}, opts)
        project = args["hub"].project
        files = image_files(args["hub"])
        tag = digest(files)
        stored = gcp.storage.BucketObject(
            f"{name}-files",
            name=f"grafana/{tag}.zip",
            bucket=args["bucket"],
            source=pulumi.AssetArchive(
                {path: pulumi.StringAsset(text) for path, text in sorted(files.items())}
            ),
            content_type="application/zip",
            opts=pulumi.ResourceOptions(parent=self),
        )
        reference = pulumi.Output.from_input(args["repository"]).apply(_address)
        reference = pulumi.Output.format("{}/grafana:{}", reference, tag)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=project,
            account_id=args["account_id"],
            display_name="Asks for the image of Grafana to be built",
            opts=pulumi.ResourceOptions(parent=self),
        )
        grants = _grants(name, project, args["builder"], account, self)
        build = pulumi.Output.all(
            source=pulumi.Output.format("gs://{}/{}", args["bucket"], stored.name),
            reference=reference,
            builder=args["builder"],
        ).apply(_build)
        job = gcp.cloudrunv2.Job(
            f"{name}-build",
            project=project,
            location=args["region"],
            name="grafana-image",
            # The name and this together may have 62 characters.
            run_execution_token=tag,
            deletion_protection=False,
            template={
                "template": {
                    "service_account": account.email,
                    "timeout": "1800s",
                    "max_retries": 1,
                    "containers": [
                        {
                            "image": GCLOUD,
                            "commands": ["bash"],
                            "args": ["-c", SUBMIT],
                            "envs": [
                                {"name": "BUILD", "value": build},
                                {"name": "PROJECT", "value": project},
                                {"name": "REGION", "value": args["region"]},
                            ],
                        }
                    ],
                }
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=grants),
        )
        self.reference = pulumi.Output.all(reference=reference, built=job.id).apply(_reference)
        self.register_outputs({"reference": self.reference})


def _grants(
    name: str,
    project: str,
    builder: pulumi.Input[str],
    account: gcp.serviceaccount.Account,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """To start a build, and to have it run as the builder."""
    member = pulumi.Output.concat("serviceAccount:", account.email)
    return [
        gcp.projects.IAMMember(
            f"{name}-starts-builds",
            project=project,
            role="roles/cloudbuild.builds.editor",
            member=member,
            opts=pulumi.ResourceOptions(parent=parent),
        ),
        gcp.serviceaccount.IAMMember(
            f"{name}-uses-builder",
            service_account_id=builder,
            role="roles/iam.serviceAccountUser",
            member=member,
            opts=pulumi.ResourceOptions(parent=parent),
        ),
    ]


def _address(repository: str) -> str:
    """``REGION-docker.pkg.dev/PROJECT/NAME`` of a repository."""
    _, project, _, region, _, name = repository.split("/")
    return f"{region}-docker.pkg.dev/{project}/{name}"


def _build(known: Mapping[str, Any]) -> str:
    # https://docs.cloud.google.com/build/docs/build-config-file-schema
    unpack = UNPACK.format(source=known["source"])
    steps = [
        {"name": GCLOUD, "entrypoint": "bash", "args": ["-c", unpack]},
        {"name": DOCKER, "args": ["build", f"--tag={known['reference']}", "/workspace/context"]},
    ]
    said = {
        "steps": steps,
        "images": [known["reference"]],
        "serviceAccount": known["builder"],
        # A build of an account of its own has to say where its log goes.
        "options": {"logging": "CLOUD_LOGGING_ONLY"},
    }
    return json.dumps(said, sort_keys=True)


def _reference(known: Mapping[str, Any]) -> str:
    return str(known["reference"])
