"""What a cloud answers, written as text with holes: ``projects/{project}/topics/{name}``.

A hole names a property by its dotted path, or a fact about the provider that asks (``project``,
``account``). ``{name|word}`` stands for ``word`` where there is none. ``{hex:8}``, ``{digits:21}``
and ``{guid}`` stand for what clouds draw by lot; here they follow from the resource's identity, so
that a test sees the same ones in every run.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping

from tests.engine.values import Properties, Secret, Unknown, Value, at, holds, is_secret, plain

_HOLE = re.compile(r"\{(?P<path>[\w.-]+)(?::(?P<length>\d+))?(?:\|(?P<otherwise>[^}]*))?\}")


class HoleMissing(LookupError):
    """A text names a property that the resource does not have."""


def render(text: str, properties: Mapping[str, Value], identity: str) -> Value:
    """The text with its holes filled; unknown or secret when any of its values is.

    Raises:
        HoleMissing: A hole without ``|`` names a property that is not there.
    """
    pieces: list[str] = []
    secret = False
    end = 0
    for hole in _HOLE.finditer(text):
        value = _fill(hole, properties, identity)
        if isinstance(value, Unknown):
            return value
        secret = secret or holds(value, is_secret)
        pieces += [text[end : hole.start()], str(plain(value))]
        end = hole.end()
    filled = "".join((*pieces, text[end:]))
    return Secret(filled) if secret else filled


def render_all(template: Value, properties: Mapping[str, Value], identity: str) -> Value:
    """The same for a text anywhere inside a value."""
    if isinstance(template, str):
        return render(template, properties, identity)
    if isinstance(template, list):
        return [render_all(item, properties, identity) for item in template]
    if isinstance(template, dict):
        return {name: render_all(item, properties, identity) for name, item in template.items()}
    return template


def merged(properties: Mapping[str, Value], facts: Mapping[str, Value]) -> Properties:
    """The properties, with the provider's facts where the resource itself says nothing."""
    said = {name: value for name, value in properties.items() if value is not None}
    return {**facts, **said}


def _fill(hole: re.Match[str], properties: Mapping[str, Value], identity: str) -> Value:
    path = hole["path"]
    value = at(properties, path)
    if value is not None:
        return value
    drawn = hashlib.sha256(identity.encode()).hexdigest()
    length = int(hole["length"] or 0)
    match path:
        case "hex":
            return drawn[:length]
        case "digits":
            return f"1{int(drawn, 16)}"[:length]
        case "guid":
            return str(uuid.UUID(drawn[:32]))
        case _ if hole["otherwise"] is not None:
            return hole["otherwise"]
        case _:
            raise HoleMissing(path)
