"""Property values as the engine sends them: protobuf structs to Python and back.

A value that is not known before the cloud answers is ``Unknown.VALUE``; one that must never be
shown is wrapped in ``Secret``. Assets and archives stay the objects they are on the wire.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, cast

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

# The wire's own names: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
FILES = frozenset({"c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"})


class Unknown(Enum):
    """A value that only the cloud can give, asked for before it was."""

    VALUE = rpc.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value that state and logs may hold only encrypted."""

    value: "Value"

    def __repr__(self) -> str:
        return "Secret(***)"


Value: TypeAlias = (
    "bool | int | float | str | Unknown | Secret | list[Value] | dict[str, Value] | None"
)
Properties: TypeAlias = dict[str, Value]

# The engine knows more kinds of unknown than the one the Python SDK names: one per type.
_UNKNOWNS = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties of one message."""
    fields = cast(dict[str, object], json_format.MessageToDict(struct))
    return {name: _decode(value) for name, value in fields.items()}


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """The message of some properties."""
    struct = struct_pb2.Struct()
    json_format.ParseDict({name: _encode(value) for name, value in properties.items()}, struct)
    return struct


def plain(value: Value) -> Value:
    """The same value with its secrets laid open: for looking at, not for keeping."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def holds(value: Value, wanted: Callable[[Value], bool]) -> bool:
    """Whether the value, or any value inside it, is the wanted kind."""
    if wanted(value):
        return True
    if isinstance(value, Secret):
        return holds(value.value, wanted)
    if isinstance(value, list):
        return any(holds(item, wanted) for item in value)
    return isinstance(value, dict) and any(holds(item, wanted) for item in value.values())


def is_unknown(value: Value) -> bool:
    return value is Unknown.VALUE


def is_secret(value: Value) -> bool:
    return isinstance(value, Secret)


def is_file(value: Value) -> bool:
    """Whether it is an asset or an archive: a file's content on its way to a cloud."""
    return isinstance(value, dict) and value.get(SIGNATURE) in FILES


def at(properties: Mapping[str, Value], path: str) -> Value:
    """The value at a dotted path, None where there is none.

    Lists are gone through by number, and texts that hold a JSON object by its names.
    """
    value: Value = dict(properties)
    for step in path.split("."):
        if isinstance(value, Secret):
            value = value.value
        if isinstance(value, Unknown):
            return value
        if isinstance(value, str) and value.startswith("{"):
            value = cast(Value, json.loads(value))
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def put(properties: Properties, path: str, value: Value) -> None:
    """Set the value at a dotted path, making the objects on the way."""
    *way, last = path.split(".")
    for step in way:
        inner = plain(properties.get(step))
        inner = dict(inner) if isinstance(inner, dict) else {}
        properties[step] = inner
        properties = inner
    properties[last] = value


def _decode(value: object) -> Value:
    if isinstance(value, str):
        return Unknown.VALUE if value in _UNKNOWNS else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_decode(item) for item in cast(list[object], value)]
    if isinstance(value, dict):
        fields = cast(dict[str, object], value)
        if fields.get(SIGNATURE) == SECRET:
            return Secret(_decode(fields.get("value")))
        return {name: _decode(item) for name, item in fields.items()}
    return cast(bool | int | None, value)


def _encode(value: Value) -> object:
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _encode(value.value)}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {name: _encode(item) for name, item in value.items()}
    return value
