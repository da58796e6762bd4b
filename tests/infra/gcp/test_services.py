from functools import partial

import pytest

from infra.gcp.services import services
from infra.grafana_settings import Hosting
from infra.recording import Recording
from tests.infra.gcp.hub import build_hub, one, recorded

SERVICE = "gcp:projects/service:Service"


def test_every_api_is_listed_once_and_with_a_reason() -> None:
    apis = [service.api for service in services()]
    assert sorted(set(apis)) == sorted(apis)
    assert all(len(service.reason.split()) > 2 for service in services())


def test_an_api_is_never_disabled_when_the_stack_goes(either: Recording) -> None:
    enabled = either.of_type(SERVICE)
    assert len(enabled) >= 13
    for service in enabled:
        assert service.inputs["disableOnDestroy"] is False
        assert not service.inputs.get("disableDependentServices")


@pytest.mark.parametrize(
    "api",
    ["bigquery", "storage", "pubsub", "cloudscheduler", "cloudfunctions", "run", "cloudbuild",
     "artifactregistry", "logging", "monitoring", "iam", "cloudresourcemanager"],
)  # fmt: skip
def test_the_api_of_everything_that_is_made_is_enabled(hub: Recording, api: str) -> None:
    inputs = one(hub, SERVICE, f"services-{api}").inputs
    assert inputs["service"] == f"{api}.googleapis.com"
    assert inputs["project"] == "demo-costs"


@pytest.mark.parametrize("hosting", list(Hosting))
def test_identity_aware_proxy_is_enabled_only_where_grafana_runs_in_the_project(
    hosting: Hosting,
) -> None:
    apis = {
        r.inputs["service"] for r in recorded(partial(build_hub, hosting=hosting)).of_type(SERVICE)
    }
    assert ("iap.googleapis.com" in apis) is (hosting is Hosting.CLOUD_RUN)


def test_the_other_components_come_after_every_api(either: Recording) -> None:
    apis = {service.urn for service in either.of_type(SERVICE)}
    components = [
        resource
        for resource in either.resources
        if resource.type.startswith("ai-cost-monitoring:gcp:") and resource.name != "services"
    ]
    order = [resource.urn for resource in either.resources]
    last = max(order.index(urn) for urn in apis)
    for component in components:
        assert apis <= set(component.dependencies)
        assert order.index(component.urn) > last
    for resource in either.resources:
        if resource.parent in {component.urn for component in components}:
            assert order.index(resource.urn) > last


def test_the_account_of_pubsub_is_asked_for_once_its_api_is_there(either: Recording) -> None:
    [agent] = either.of_type("gcp:projects/serviceIdentity:ServiceIdentity")
    assert agent.inputs["service"] == "pubsub.googleapis.com"
    assert one(either, SERVICE, "services-pubsub").urn in agent.dependencies
