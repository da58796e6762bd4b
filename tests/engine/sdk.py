"""What the installed SDKs know about a resource type: its inputs, their types, its outputs.

The SDKs carry no schema, but their classes are generated from it. Mocks check nothing of it and
the engine leaves it to the provider, so the test provider asks here.
"""

# The SDKs' registry and the names of inputs are kept in modules that pulumi calls private.
# pyright: reportPrivateUsage=false
import importlib
import inspect
import types
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin

import pulumi
from pulumi import _types
from pulumi.runtime import rpc

from tests.engine.values import Secret, Unknown, Value, is_file

MODULES = {
    "aws": "pulumi_aws",
    "gcp": "pulumi_gcp",
    "azure-native": "pulumi_azure_native",
    "grafana": "pulumiverse_grafana",
}


class TokenUnknown(LookupError):
    """No class of the installed SDK bears this type token."""


@dataclass(frozen=True)
class Mistake:
    """An input that the SDK's own types refuse."""

    property: str
    reason: str


@dataclass(frozen=True)
class SdkType:
    """A resource class and the class of its inputs."""

    resource: type
    inputs: type

    def outputs(self) -> frozenset[str]:
        """The names of all properties that state can hold."""
        return frozenset(_types.resource_types(self.resource))

    def mistakes(self, properties: Mapping[str, Value]) -> Iterator[Mistake]:
        """What a provider refuses: missing or unknown names, values of another JSON type."""
        return _object_mistakes(dict(properties), self.inputs, "")


@cache
def sdk_type(token: str) -> SdkType:
    """The SDK's class for a type token such as ``gcp:storage/bucket:Bucket``.

    Raises:
        TokenUnknown: The SDK has no such type.
    """
    package, module, _ = token.split(":")
    importlib.import_module(MODULES[package])
    for registered in rpc._RESOURCE_MODULES.get(f"{package}:{module}", []):
        info = cast(dict[str, Any], vars(registered)["mod_info"])
        name = cast(dict[str, str], info["classes"]).get(token)
        if name:
            namespace = importlib.import_module(info["fqn"])
            inputs = getattr(namespace, f"{name}InitArgs", None)
            return SdkType(getattr(namespace, name), inputs or getattr(namespace, f"{name}Args"))
    raise TokenUnknown(f"{MODULES[package]} has no resource type {token}")


def input_names(cls: type) -> frozenset[str]:
    """The names of a resource's inputs, as the provider knows them."""
    return frozenset(_fields(cls))


@cache
def _fields(cls: type) -> Mapping[str, object]:
    return cast(Mapping[str, object], _types.input_type_types(cls))


@cache
def _required(cls: type) -> frozenset[str]:
    """The inputs without a default, as the provider names them."""
    names = cast(Mapping[str, str], _types.input_type_py_to_pulumi_names(cls))
    arguments = inspect.signature(cls).parameters.values()
    return frozenset(
        names.get(argument.name, argument.name)
        for argument in arguments
        if argument.default is inspect.Parameter.empty
    )


def _object_mistakes(value: dict[str, Value], cls: type, path: str) -> Iterator[Mistake]:
    fields = _fields(cls)
    for name in sorted(_required(cls) - {name for name, item in value.items() if item is not None}):
        yield Mistake(_join(path, name), f"'{name}' is required")
    for name, item in value.items():
        # What begins with two underscores is the engine's own: __defaults, __pulumi.
        if name.startswith("__") or item is None:
            continue
        where = _join(path, name)
        if name not in fields:
            known = ", ".join(sorted(fields))
            yield Mistake(where, f"'{name}' is not an input; there are: {known}")
        else:
            yield from _mistakes(item, fields[name], where)


def _mistakes(value: Value, kind: object, path: str) -> Iterator[Mistake]:
    if isinstance(value, Secret):
        value = value.value
    choices = _choices(kind)
    if value is None or isinstance(value, Unknown) or not choices:
        return
    yield from min((list(_misfits(value, choice, path)) for choice in choices), key=len)


def _misfits(value: Value, kind: object, path: str) -> Iterator[Mistake]:
    """What is wrong with a known value, for one alternative of its type."""
    origin = cast(type, get_origin(kind) or kind)
    if _types.is_input_type(origin) and isinstance(value, dict):
        yield from _object_mistakes(value, origin, path)
    elif origin in (Mapping, dict) and isinstance(value, dict):
        for name, item in value.items():
            yield from _mistakes(item, get_args(kind)[-1], _join(path, name))
    elif origin in (Sequence, list) and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _mistakes(item, get_args(kind)[0], _join(path, str(number)))
    elif not _fits(value, origin):
        yield Mistake(path, f"expected {_named(origin)}, got {_shown(value)}")


def _choices(kind: object) -> list[object]:
    """The alternatives of a type, without the SDK's own promises; none where all is allowed."""
    if kind is Any:
        return []
    if get_origin(kind) not in (Union, types.UnionType):
        return [kind]
    found: list[object] = []
    for choice in get_args(kind):
        if choice is type(None) or get_origin(choice) in (Awaitable, pulumi.Output):
            continue
        found += _choices(choice)
    return found


def _fits(value: Value, kind: type) -> bool:
    if issubclass(kind, Enum):
        return value in {member.value for member in kind}
    if issubclass(kind, pulumi.Asset | pulumi.Archive):
        return is_file(value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return kind in (str, bool) and isinstance(value, kind)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _named(kind: type) -> str:
    names: dict[object, str] = {
        str: "text",
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        Sequence: "a list",
    }
    if issubclass(kind, Enum):
        return "one of " + ", ".join(sorted(str(member.value) for member in kind))
    return names.get(cast(object, kind), "an object")


def _shown(value: Value) -> str:
    return type(value).__name__ if isinstance(value, dict | list) else repr(value)
