"""Walking the inputs of a resource, and telling what is secret or not known yet."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi.runtime.rpc import UNKNOWN

from infra.recording import SECRET

Path = tuple[str, ...]


def is_secret(value: object) -> bool:
    """Is it a value that the engine encrypts?"""
    return isinstance(value, Mapping) and SECRET in cast(Mapping[str, object], value)


def texts(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in ``value`` that is neither secret nor unknown, with the path to it."""
    if isinstance(value, str):
        if value != UNKNOWN:
            yield path, value
    elif isinstance(value, Mapping):
        inner_values = cast(Mapping[str, object], value)
        if not is_secret(inner_values):
            for key, inner in inner_values.items():
                yield from texts(inner, (*path, key))
    elif isinstance(value, Sequence):
        for inner in cast(Sequence[object], value):
            yield from texts(inner, path)


def at(inputs: Mapping[str, Any], path: str) -> object:
    """The value at a dotted path; None where there is none."""
    found: object = inputs
    for key in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast(Mapping[str, object], found).get(key)
    return found


def each(value: object) -> Sequence[Any]:
    """A list as it is, a single value as a list of one, nothing as an empty list."""
    if value is None:
        return ()
    return cast(Sequence[Any], value) if isinstance(value, list) else (value,)


def statements(inputs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The statements of every IAM document in the inputs of an AWS resource.

    A document is a text that is a JSON object with a ``Statement``, wherever it stands.
    """
    for _, text in texts(inputs):
        if not text.lstrip().startswith("{"):
            continue
        try:
            document: object = json.loads(text)
        except ValueError:
            continue
        if isinstance(document, dict):
            found = cast(dict[str, Any], document)
            yield from (s for s in each(found.get("Statement")) if isinstance(s, dict))
