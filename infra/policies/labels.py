"""``managed-by`` on all that can carry it, so that a bill shows what this program costs.

Which types can is data, in ``labels.toml``. A recording knows no transforms: what it holds goes
through ``as_registered`` first; what the engine hands over has its tags already.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, cast

from infra.labels import tagged
from infra.policies.policy import Finding, Graph, GraphPolicy, Level, Resource, things
from infra.policies.values import at
from infra.recording import Recorded

LABEL = "managed-by"


@dataclass(frozen=True)
class Carrier:
    """A type that carries labels: in which field, and who puts them there."""

    field: str
    given: str


@dataclass(frozen=True)
class LabelTypes:
    """What is known of types and labels; ``cannot`` gives the reason."""

    carries: Mapping[str, Carrier]
    cannot: Mapping[str, str]


@cache
def label_types() -> LabelTypes:
    """The lists of ``labels.toml``."""
    text = files("infra.policies").joinpath("labels.toml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = tomllib.loads(text)
    return LabelTypes(
        carries={type_: Carrier(**rule) for type_, rule in found["carries"].items()},
        cannot=found["cannot"],
    )


def as_registered(graph: Sequence[Recorded], labels: Mapping[str, str]) -> list[Recorded]:
    """What was recorded, with the tags that the transform gives Azure's resources."""
    return [
        replace(resource, inputs=tagged(resource.type, resource.inputs, labels))
        if resource.custom
        else resource
        for resource in graph
    ]


def _findings(graph: Graph) -> Iterator[tuple[Resource, Finding]]:
    types = label_types()
    labelling = {resource.urn for resource in graph if _labels_everything(resource)}
    for resource in things(graph):
        # Grafana is not billed by resource and knows tags on dashboards only.
        if resource.type in types.cannot or resource.type.startswith("grafana:"):
            continue
        carrier = types.carries.get(resource.type)
        if carrier is None:
            yield (
                resource,
                Finding(
                    f"Whether '{resource.type}' carries labels is not known.",
                    "Add the type to infra/policies/labels.toml.",
                ),
            )
        elif not _has_label(resource, carrier, labelling):
            yield (
                resource,
                Finding(f"It has no '{LABEL}' in '{carrier.field}'.", _REMEDIES[carrier.given]),
            )


def _has_label(resource: Resource, carrier: Carrier, labelling: set[str]) -> bool:
    own = resource.inputs.get(carrier.field)
    if isinstance(own, Mapping) and LABEL in cast(Mapping[str, Any], own):
        return True
    return carrier.given == "provider" and resource.provider.rpartition("::")[0] in labelling


def _labels_everything(resource: Resource) -> bool:
    """Is it a provider with the label among its defaults, which it is given as JSON?"""
    if not resource.type.startswith("pulumi:providers:"):
        return False
    inputs = {key: _parsed(resource.inputs.get(key)) for key in ("defaultTags", "defaultLabels")}
    defaults = (at(inputs, path) for path in ("defaultTags.tags", "defaultLabels"))
    return any(
        isinstance(labels, Mapping) and LABEL in cast(Mapping[str, Any], labels)
        for labels in defaults
    )


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


_REMEDIES: Mapping[str, str] = {
    "provider": "Give its provider the default labels or tags of the settings.",
    "transform": "Call tag_azure before anything is registered.",
    "component": "Pass the labels of the settings to its component.",
}

LABELLED = GraphPolicy(
    name="labelled",
    level=Level.MANDATORY,
    reason="What carries no label is missing from what the platform says that it costs.",
    findings=_findings,
)
