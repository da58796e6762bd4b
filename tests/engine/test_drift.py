"""Drift on the real engine: things changed and deleted behind its back."""

from collections.abc import Callable
from dataclasses import replace

import pulumi
import pulumi_gcp as gcp
import pytest

from infra.drift.compare import Kind, compare
from infra.guard.preview import Op, read_preview
from tests.engine.conftest import NewStack
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

TOPIC = "gcp:pubsub/topic:Topic"
PROJECT = "demo-costs"


def topics(*names: str) -> Callable[[], None]:
    """A program of topics: small, so that the engine is quick."""

    def program() -> None:
        there = gcp.Provider("gcp", project=PROJECT, region="us-central1")
        api = gcp.projects.Service(
            "pubsub",
            service="pubsub.googleapis.com",
            project=PROJECT,
            opts=pulumi.ResourceOptions(provider=there),
        )
        options = pulumi.ResourceOptions(provider=there, depends_on=[api])
        for name in names:
            gcp.pubsub.Topic(name, name=name, project=PROJECT, opts=options)

    return program


def change_behind_its_back(stack: Stack, name: str, **inputs: str) -> None:
    [(key, thing)] = [
        (key, thing) for key, thing in stack.cloud.things.items() if thing.id.endswith(f"/{name}")
    ]
    stack.cloud.things[key] = replace(
        thing, inputs={**thing.inputs, **inputs}, outputs={**thing.outputs, **inputs}
    )


def test_what_was_changed_or_deleted_is_found_and_what_waits_is_told_apart(
    new_stack: NewStack,
) -> None:
    stack = new_stack("drift", topics("hub", "gone", "kept"))
    stack.init({"Pulumi.yaml": "name: drift\nruntime: python\n"})
    stack.up()
    before = stack.state_text()
    change_behind_its_back(stack, "hub", messageRetentionDuration="86400s")
    [gone] = [thing.id for thing in stack.cloud.of_type(TOPIC) if thing.id.endswith("/gone")]
    stack.cloud.remove(TOPIC, gone)

    stack.program = topics("hub", "gone", "kept", "new")
    drift = compare(
        read_preview(stack.preview_text("--show-sames")),
        read_preview(stack.preview_text("--show-sames", "--refresh")),
    )

    assert [(one.name, one.kind, one.properties) for one in drift.drifted] == [
        ("gone", Kind.GONE, ()),
        ("hub", Kind.CHANGED, ("messageRetentionDuration",)),
    ]
    assert [(one.name, one.op) for one in drift.pending] == [("new", Op.CREATE)]
    assert stack.state_text() == before, "a look changes nothing"
