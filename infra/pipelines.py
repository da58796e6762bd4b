"""The identities of GitHub's workflows in every cloud of an environment that names a repository."""

import pulumi

from infra.aws.billing import Billing as AwsBilling
from infra.aws.pipeline import Pipeline as AwsPipeline
from infra.azure.billing import Billing as AzureBilling
from infra.azure.pipeline import Pipeline as AzurePipeline
from infra.gcp.pipeline import Pipeline as GcpPipeline
from infra.hub import Hub
from infra.pipeline_settings import PipelineSettings
from infra.settings import AzureSettings, Settings

Variables = dict[str, pulumi.Input[str]]


def pipelines(
    hub: Hub,
    settings: Settings,
    pipeline: PipelineSettings,
    aws: AwsBilling | None,
    azure: AzureBilling | None,
) -> None:
    """Register them, and export the variables of the two environments of GitHub."""
    google = GcpPipeline(
        "pipeline",
        {
            "project": settings.gcp.project,
            "preview_subject": pipeline.preview_subject,
            "deploy_subject": pipeline.deploy_subject,
            "state_bucket": pipeline.state_bucket,
            "state_key": pipeline.state_key,
            "bundles": hub.storage.bundles,
        },
        hub.options,
    )
    shared: Variables = {
        "PULUMI_BACKEND_URL": f"gs://{pipeline.state_bucket}",
        "GCP_PROVIDER": google.provider,
    }
    preview: Variables = {**shared, "GCP_ACCOUNT": google.preview}
    deploy: Variables = {**shared, "GCP_ACCOUNT": google.deploy}
    if aws and settings.aws:
        for variables, role in zip((preview, deploy), in_aws(aws, pipeline), strict=True):
            variables |= {"AWS_ROLE": role, "AWS_REGION": settings.aws.region}
    if azure and settings.azure:
        found = in_azure(azure, settings.azure, pipeline)
        for variables, client in zip((preview, deploy), found, strict=True):
            variables |= {
                "AZURE_CLIENT_ID": client,
                "AZURE_TENANT_ID": settings.azure.tenant,
                "AZURE_SUBSCRIPTION_ID": settings.azure.subscription,
            }
    pulumi.export(
        "pipeline", {f"{pipeline.environment}-preview": preview, pipeline.environment: deploy}
    )


def in_aws(
    billing: AwsBilling, pipeline: PipelineSettings
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """The ARNs of the roles of previews and deploys."""
    made = AwsPipeline(
        f"aws-{billing.scope.id}-pipeline",
        {
            "account": billing.scope.id,
            "preview_subject": pipeline.preview_subject,
            "deploy_subject": pipeline.deploy_subject,
        },
        billing.options,
    )
    return made.preview, made.deploy


def in_azure(
    billing: AzureBilling, azure: AzureSettings, pipeline: PipelineSettings
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """The client ids of the identities of previews and deploys."""
    made = AzurePipeline(
        "azure-pipeline",
        {
            "subscription": azure.subscription,
            "resource_group": billing.group,
            "location": azure.location,
            "preview_subject": pipeline.preview_subject,
            "deploy_subject": pipeline.deploy_subject,
        },
        billing.options,
    )
    return made.preview, made.deploy
