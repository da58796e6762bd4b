"""Whoever has what ``request`` asks for can make all that the program makes in Google Cloud."""

import re
from collections.abc import Mapping

import pytest

from infra.commands.plan import recorded
from infra.commands.request import requests
from infra.doctor.needs import needs
from infra.grafana_settings import Login
from infra.settings import Settings
from infra.stack_file import ROOT, read_stack
from infra.stages import Phase

pytestmark = pytest.mark.slow

CREATES: Mapping[str, str] = {
    "artifactregistry/repository:Repository": "artifactregistry.repositories.create",
    "bigquery/dataset:Dataset": "bigquery.datasets.create",
    "bigquery/table:Table": "bigquery.tables.create",
    "cloudfunctionsv2/function:Function": "cloudfunctions.functions.create",
    "cloudrunv2/job:Job": "run.jobs.create",
    "cloudrunv2/service:Service": "run.services.create",
    "cloudrunv2/serviceIamMember:ServiceIamMember": "run.services.setIamPolicy",
    "cloudscheduler/job:Job": "cloudscheduler.jobs.create",
    "iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember": "iap.webServices.setIamPolicy",
    "logging/metric:Metric": "logging.logMetrics.create",
    "monitoring/alertPolicy:AlertPolicy": "monitoring.alertPolicies.create",
    "monitoring/notificationChannel:NotificationChannel": "monitoring.notificationChannels.create",
    "projects/iAMCustomRole:IAMCustomRole": "iam.roles.create",
    "projects/iAMMember:IAMMember": "resourcemanager.projects.setIamPolicy",
    "projects/service:Service": "serviceusage.services.enable",
    "pubsub/subscription:Subscription": "pubsub.subscriptions.create",
    "pubsub/topic:Topic": "pubsub.topics.create",
    "pubsub/topicIAMMember:TopicIAMMember": "pubsub.topics.setIamPolicy",
    "serviceaccount/account:Account": "iam.serviceAccounts.create",
    "serviceaccount/iAMMember:IAMMember": "iam.serviceAccounts.setIamPolicy",
    "serviceaccount/key:Key": "iam.serviceAccountKeys.create",
    "storage/bucket:Bucket": "storage.buckets.create",
    "storage/bucketIAMMember:BucketIAMMember": "storage.buckets.setIamPolicy",
    "storage/bucketObject:BucketObject": "storage.objects.create",
}
"""https://docs.cloud.google.com/iam/docs/roles-permissions"""

BY_A_ROLE_THAT_HAS_ANOTHER = {
    "artifactregistry/repositoryIamMember:RepositoryIamMember",
    "bigquery/datasetIamMember:DatasetIamMember",
    "projects/serviceIdentity:ServiceIdentity",
    "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
}
"""Of the same role as the resource's own creation above."""

OWN_GRAFANA = {"grafana": "cloud-run", "grafana_viewers": '["group:finops@example.com"]'}


@pytest.mark.parametrize("changes", [{}, {"grafana_access": "metadata"}, OWN_GRAFANA])
def test_each_thing_in_the_hub_is_made_by_a_right_that_is_asked_for_and_looked_for(
    changes: Mapping[str, str],
) -> None:
    values = {**read_stack(ROOT / "Pulumi.phase1.yaml").values, **changes}
    settings = Settings.read("phase1", values, None)
    looked_for = needs("google", Phase.HUB, grafana=settings.grafana.login)
    rights = {permission for need in looked_for for permission in need["permissions"]}
    made = {
        resource.type.removeprefix("gcp:")
        for resource in recorded(values).resources
        if resource.type.startswith("gcp:")
    }
    assert {CREATES[type_] for type_ in made - BY_A_ROLE_THAT_HAS_ANOTHER} <= rights

    asked = " ".join(one.commands for one in requests(settings))
    assert {need["role"] for need in looked_for} == {
        role.removeprefix("roles/")
        for role in re.findall(
            r"\b(?:roles/)?[a-zA-Z]+\.[a-zA-Z]*(?:[aA]dmin|User|Writer)\b", asked
        )
    }


def test_no_key_can_be_made_where_grafana_needs_none() -> None:
    for login in (Login.METADATA, Login.CLOUD_RUN):
        assert not [n for n in needs("google", grafana=login) if "Key" in n["role"]]
