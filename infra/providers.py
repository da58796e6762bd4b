"""One provider for each login. Everything names one of these; default providers are disabled."""

from collections.abc import Mapping

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumiverse_grafana as grafana

from infra.grafana_settings import GrafanaSettings
from infra.scopes import AwsScope
from infra.settings import AwsSettings, AzureSettings, GcpSettings


def gcp_provider(settings: GcpSettings, labels: Mapping[str, str]) -> gcp.Provider:
    """The hub's project."""
    return gcp.Provider(
        "gcp",
        project=settings.project,
        region=settings.region,
        default_labels=dict(labels),
        user_project_override=True,
        billing_project=settings.project,
    )


def aws_provider(settings: AwsSettings, scope: AwsScope, labels: Mapping[str, str]) -> aws.Provider:
    """A payer account; another account's login is refused before anything is done."""
    return aws.Provider(
        f"aws-{scope.id}",
        region=settings.region,
        allowed_account_ids=[scope.id],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=scope.role)] if scope.role else None,
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(labels)),
    )


def azure_provider(settings: AzureSettings) -> azure.Provider:
    """The subscription that holds what is made in Azure."""
    return azure.Provider(
        "azure",
        subscription_id=settings.subscription,
        tenant_id=settings.tenant,
        location=settings.location,
    )


def grafana_provider(settings: GrafanaSettings) -> grafana.Provider:
    """The Grafana at the configured URL."""
    return grafana.Provider("grafana", url=settings.url, auth=settings.token)
