"""Environments that are right, for tests to break one value of."""

import json

from handlers.record import Cloud
from handlers.scopes import AwsScope, AzureScope, GcpScope, document
from handlers.settings import Name, environment

AUDIENCE = "https://aws-daily-etl-abc.a.run.app"
ACCOUNT = "pusher@hub-project.iam.gserviceaccount.com"
SUBSCRIPTION = "/subscriptions/8f14e45f-ceea-467f-9e3b-1c2d3e4f5a6b"

GRAFANA = "https://grafana.example.com"

SCOPES = {
    Cloud.AWS: document(
        AwsScope,
        id="210987654321",
        role_arn="arn:aws:iam::210987654321:role/ai-cost-collector",
        region="us-east-1",
        bucket="aws-cost-exports-210987654321",
        prefix="cost-reports",
        export="cur2",
    ),
    Cloud.AZURE: document(
        AzureScope,
        id=SUBSCRIPTION,
        account_url="https://aicostexports.blob.core.windows.net",
        container="exports",
        prefix="",
        export="actual",
    ),
    Cloud.GCP: document(
        GcpScope,
        id="01E214-63C8A3-9E57E3",
        table="hub-project.billing.gcp_billing_export_v1_01E214_63C8A3_9E57E3",
    ),
}

SHARED = {
    Name.PROJECT: "hub-project",
    Name.LOCATION: "EU",
    Name.DATASET: "multi_cloud_costs",
    Name.STAGING_DATASET: "multi_cloud_costs_staging",
    Name.ARCHIVE: "gs://hub-project-ai-cost-archive",
    Name.SITE: "gs://hub-project-ai-cost-site/site",
    Name.PUSH_AUDIENCE: AUDIENCE,
    Name.PUSH_ACCOUNT: ACCOUNT,
    Name.PUSH_SIGNATURE: "cloud-run",
}


def of_job(cloud: Cloud | None, scopes: list[dict[str, str]] | None = None) -> dict[str, str]:
    """The environment of a cloud's job, or of the hub's; made as infra makes it."""
    if cloud is None:
        return environment(None, {**SHARED, Name.JOB: "hub-daily", Name.GRAFANA_URL: GRAFANA})
    listed = [SCOPES[cloud]] if scopes is None else scopes
    values = {
        **SHARED,
        Name.JOB: f"{cloud.lower()}-daily-etl",
        Name.CLOUD: cloud.value,
        Name.SCOPES: json.dumps(listed),
        Name.SHRINK_HOLD_SHARE: "0.2",
    }
    if cloud is Cloud.AZURE:
        values[Name.AZURE_TENANT] = "1d2c3b4a-0000-4000-8000-0123456789ab"
        values[Name.AZURE_CLIENT_ID] = "aaaabbbb-0000-4000-8000-0123456789ab"
    return environment(cloud, values)
