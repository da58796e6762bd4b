"""What the engine shows a pack, as the resources that the policies know.

The engine shows each resource's inputs once, before it is made, and at the end all resources with
their outputs. Rules on the whole graph speak of inputs too (an output lacks what a cloud only
takes, and has what it made of it), so the inputs are kept from the first look for the second.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pulumi.runtime.rpc import UNKNOWN
from pulumi_policy import (  # pyright: ignore[reportMissingModuleSource]
    PolicyProviderResource,
    PolicyResource,
    ResourceValidationArgs,
)
from pulumi_policy.proxy import UnknownValueError  # pyright: ignore[reportMissingModuleSource]

_PROVIDER = "pulumi:providers:"


@dataclass(frozen=True)
class Shown:
    """A resource as the engine shows it: :class:`infra.policies.policy.Resource`."""

    urn: str
    type: str
    name: str
    custom: bool
    provider: str
    protect: bool
    dependencies: Sequence[str]
    inputs: Mapping[str, Any]


@dataclass
class Graph:
    """The resources of one update, as far as they were shown."""

    _inputs: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

    def resource(self, shown: ResourceValidationArgs) -> Shown:
        """A resource that is about to be made; what depends on what is not told yet."""
        inputs = self._inputs[shown.urn] = cast("Mapping[str, Any]", plain(shown.props))
        return Shown(
            urn=shown.urn,
            type=shown.resource_type,
            name=shown.name,
            custom=_is_custom(shown.resource_type, shown.provider),
            provider=_reference(shown.provider),
            protect=shown.opts.protect,
            dependencies=(),
            inputs=inputs,
        )

    def whole(self, resources: Iterable[PolicyResource]) -> list[Shown]:
        """All of them, by name; one that only its state knows has its outputs for inputs."""
        found = [
            Shown(
                urn=resource.urn,
                type=resource.resource_type,
                name=resource.name,
                custom=_is_custom(resource.resource_type, resource.provider),
                provider=_reference(resource.provider),
                protect=resource.opts.protect,
                dependencies=tuple(each.urn for each in resource.dependencies),
                inputs=self._inputs.get(resource.urn)
                or cast("Mapping[str, Any]", plain(resource.props)),
            )
            for resource in resources
        ]
        return sorted(found, key=lambda resource: resource.urn)


def plain(value: object) -> object:
    """The same without the proxies, which raise where a value is not known before it is made."""
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value)
        return {key: _known(inner, key) for key in inner}
    if isinstance(value, Sequence) and not isinstance(value, str):
        inner = cast("Sequence[object]", value)
        return [_known(inner, position) for position in range(len(inner))]
    return value


def _known(inner: Any, key: str | int) -> object:  # noqa: ANN401 - a mapping or a sequence
    try:
        return plain(inner[key])
    except UnknownValueError:
        return UNKNOWN


def _is_custom(type_: str, provider: PolicyProviderResource | None) -> bool:
    return provider is not None or type_.startswith(_PROVIDER)


def _reference(provider: PolicyProviderResource | None) -> str:
    """The provider's URN, with the word for unknown as id: a pack is not told it."""
    return "" if provider is None else f"{provider.urn}::{UNKNOWN}"
