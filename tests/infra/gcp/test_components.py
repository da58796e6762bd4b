"""What holds of every component on the Google side."""

from collections import Counter

from infra.recording import Recording
from tests.infra.gcp.hub import recorded

PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer", "roles/browser"}
EVERYONE = {"allUsers", "allAuthenticatedUsers"}


def test_a_preview_registers_what_an_up_registers() -> None:
    before, after = recorded(preview=True), recorded()
    assert [resource.urn for resource in before.resources] != []
    assert {resource.urn for resource in before.resources} == {
        resource.urn for resource in after.resources
    }


def test_every_resource_belongs_to_a_component_and_every_component_to_the_stack(
    either: Recording,
) -> None:
    components = {r.urn for r in either.resources if r.type.startswith("ai-cost-monitoring:gcp:")}
    for resource in either.resources:
        if resource.custom and not resource.is_provider:
            assert resource.parent in components, resource.urn
        if resource.urn in components:
            assert not resource.parent


def test_every_component_registers_its_outputs(either: Recording) -> None:
    for resource in either.resources:
        if resource.type.startswith("ai-cost-monitoring:gcp:"):
            assert resource.urn in either.registered_outputs


def test_every_resource_names_the_provider_that_the_caller_gave(either: Recording) -> None:
    for resource in either.resources:
        if resource.custom and not resource.is_provider and resource.type.startswith("gcp:"):
            assert "::gcp::" in resource.provider, resource.urn


def test_a_child_is_named_after_its_component(either: Recording) -> None:
    names = {resource.urn: resource.name for resource in either.resources}
    for resource in either.resources:
        if resource.type.startswith("gcp:"):
            assert resource.name.startswith(f"{names[resource.parent]}-"), resource.urn


def test_no_two_things_of_a_type_have_the_same_name_in_the_cloud(hub: Recording) -> None:
    keys = ("accountId", "tableId", "datasetId", "name", "service", "roleId", "repositoryId")
    named = [
        (resource.type, tuple(str(resource.inputs.get(key)) for key in keys))
        for resource in hub.resources
        if any(key in resource.inputs for key in keys) and "member" not in resource.inputs
    ]
    assert [thing for thing, times in Counter(named).items() if times > 1] == []


def test_no_grant_is_a_primitive_role_or_to_everyone(hub: Recording) -> None:
    grants = [resource for resource in hub.resources if "member" in resource.inputs]
    assert len(grants) > 20
    for grant in grants:
        assert grant.inputs["role"] not in PRIMITIVE, grant.urn
        assert not grant.inputs["role"].endswith("admin"), grant.urn
        assert grant.inputs["member"] not in EVERYONE, grant.urn


def test_no_grant_replaces_those_of_others(hub: Recording) -> None:
    """A binding or policy would take away what another program granted."""
    for resource in hub.resources:
        assert not resource.type.lower().endswith(("iambinding", "iampolicy")), resource.urn


def test_no_account_has_a_key(hub: Recording) -> None:
    assert hub.of_type("gcp:serviceaccount/key:Key") == []
