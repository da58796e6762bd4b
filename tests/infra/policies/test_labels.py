import importlib
from collections.abc import Callable, Mapping
from typing import cast

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp

from infra.labels import AZURE_WITHOUT_TAGS
from infra.policies.labels import LABELLED, as_registered, label_types
from infra.recording import record

LABELS = {"managed-by": "ai-cost-monitoring", "team": "platform"}


def found(program: Callable[[], object], labels: Mapping[str, str] | None = None) -> list[str]:
    resources = record(lambda: _ignore(program()), {}).resources
    graph = resources if labels is None else as_registered(resources, labels)
    return [violation.found for violation in LABELLED.check(graph)]


def _ignore(_: object) -> None:
    pass


def aws_bucket(tags: Mapping[str, str]) -> None:
    provider = aws.Provider("aws", default_tags={"tags": dict(tags)})
    aws.s3.Bucket("bills", opts=pulumi.ResourceOptions(provider=provider))


def gcp_topic(labels: Mapping[str, str]) -> None:
    provider = gcp.Provider("gcp", default_labels=dict(labels))
    gcp.pubsub.Topic("daily", opts=pulumi.ResourceOptions(provider=provider))


def test_a_providers_default_tags_reach_its_resources() -> None:
    assert found(lambda: aws_bucket(LABELS)) == []
    assert found(lambda: gcp_topic(LABELS)) == []


def test_a_provider_without_the_label_is_found_by_its_resources() -> None:
    assert found(lambda: aws_bucket({"team": "platform"})) == ["It has no 'managed-by' in 'tags'."]
    assert found(lambda: gcp_topic({})) == ["It has no 'managed-by' in 'labels'."]


def test_another_providers_labels_do_not_count() -> None:
    def program() -> None:
        aws.Provider("labelled", default_tags={"tags": LABELS})
        aws_bucket({})

    assert found(program) == ["It has no 'managed-by' in 'tags'."]


def test_labels_of_its_own_are_enough() -> None:
    assert found(lambda: gcp.pubsub.Topic("daily", labels=LABELS)) == []


def test_an_alert_needs_its_own_since_defaults_do_not_reach_user_labels() -> None:
    def program(labels: Mapping[str, str] | None) -> None:
        provider = gcp.Provider("gcp", default_labels=LABELS)
        gcp.monitoring.NotificationChannel(
            "email",
            type="email",
            user_labels=labels,
            opts=pulumi.ResourceOptions(provider=provider),
        )

    assert found(lambda: program(None)) == ["It has no 'managed-by' in 'userLabels'."]
    assert found(lambda: program(LABELS)) == []


def test_azures_resources_have_the_tags_of_the_transform() -> None:
    def program() -> None:
        azure.resources.ResourceGroup("group")

    assert found(program) == ["It has no 'managed-by' in 'tags'."]
    assert found(program, LABELS) == []


def test_a_type_that_nobody_has_looked_at_is_found() -> None:
    assert found(lambda: aws.kinesis.Stream("letters", tags=LABELS)) == [
        "Whether 'aws:kinesis/stream:Stream' carries labels is not known."
    ]


def test_the_list_of_azures_types_without_tags_is_the_transforms() -> None:
    types = label_types()
    assert set(types.cannot) >= AZURE_WITHOUT_TAGS
    carrying = {type_ for type_ in types.carries if type_.startswith("azure-native:")}
    assert not carrying & AZURE_WITHOUT_TAGS


def test_the_lists_agree_with_the_sdks() -> None:
    types = label_types()
    for type_, carrier in types.carries.items():
        assert carrier.field in inputs_of(type_), type_
    for type_ in types.cannot:
        assert not {"labels", "tags", "userLabels"} & inputs_of(type_), type_


def inputs_of(type_: str) -> frozenset[str]:
    """The inputs that the SDK of a type's provider knows, camelCase."""
    package, module, name = type_.split(":")
    # A module that has the name of a word of Python's gets an underscore.
    module = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    sdk = importlib.import_module(f"pulumi_{package.replace('-', '_')}.{module}")
    # So called where a nested object has the plain name.
    known = getattr(sdk, f"{name}InitArgs", None) or getattr(sdk, f"{name}Args")
    arguments = cast(Mapping[str, object], vars(known))
    names = (key for key, value in arguments.items() if isinstance(value, property))
    return frozenset(_camel(key) for key in names)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
