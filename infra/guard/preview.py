"""A preview as ``pulumi preview --json --show-sames`` prints it, read as hostile input.

A preview that failed is read too: what it found until then, and why it ended. Values that are
secret are masked by the engine, values that are not known yet are its word for that.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from handlers.errors import UsageError
from infra.recording import SECRET, STACK, Recorded, Recording

LARGEST = 64 * 1024 * 1024
"""Bytes of a preview; one of a few hundred resources has two million."""

_MASK = "[secret]"
_KINDS: Mapping[str, str] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "discard": "delete",
    "same": "same",
    "read": "same",
    "refresh": "same",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "discard-replaced": "replace",
    "import-replacement": "replace",
    "read-replacement": "replace",
    "remove-pending-replace": "replace",
}
"""Each step that the engine knows, as what it means for the thing:
https://github.com/pulumi/pulumi/blob/v3.259.0/pkg/resource/deploy/step.go"""


class PreviewUnreadable(UsageError):
    """The file is not what ``pulumi preview --json`` prints."""


class Op(StrEnum):
    """What would become of a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SAME = "same"


@dataclass(frozen=True)
class Change:
    """A resource and what would become of it.

    ``properties`` are the names of inputs that change, ``replaces`` those for which it has to be
    made anew.
    """

    op: Op
    urn: str
    before: Recorded | None
    after: Recorded | None
    properties: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """Its type token."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True)
class Preview:
    """Everything that a preview says; ``errors`` are why it failed, if it did."""

    stack: str
    changes: tuple[Change, ...]
    config: Mapping[str, str]
    errors: tuple[str, ...]

    @property
    def before(self) -> Recording:
        """The resources as they are."""
        return _recording(change.before for change in self.changes)

    @property
    def after(self) -> Recording:
        """The resources as they would be."""
        return _recording(change.after for change in self.changes)

    def of(self, op: Op) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.op is op]


def read_preview(text: str) -> Preview:
    """The preview that ``text`` holds.

    Raises:
        PreviewUnreadable: it is none, or one without the resources that stay as they are.
    """
    document = _document(text)
    steps = [_mapping(step, "a step") for step in _sequence(document.get("steps"), "steps")]
    changes = _merged(_change(step) for step in steps)
    if not changes:
        errors = _errors(document)
        raise PreviewUnreadable(
            "The preview shows no resource." + (f" It failed: {errors[0]}" if errors else "")
        )
    same = _mapping(document.get("changeSummary") or {}, "changeSummary").get("same") or 0
    if same and not any(change.op is Op.SAME for change in changes):
        raise PreviewUnreadable(
            f"The preview leaves out {same} resources that stay as they are, and rules on the whole"
            " can't be checked: run 'pulumi preview --json --show-sames'."
        )
    config = _mapping(document.get("config") or {}, "config")
    return Preview(
        stack=changes[0].urn.removeprefix("urn:pulumi:").partition("::")[0],
        changes=tuple(changes),
        config={key: str(value) for key, value in config.items()},
        errors=_errors(document),
    )


def _document(text: str) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        raise PreviewUnreadable(f"The preview has {len(text)} characters: allowed are {LARGEST}.")
    try:
        # What the engine says about a failure may follow the document.
        document, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError) as error:
        raise PreviewUnreadable(
            f"The preview is not JSON ({str(error)[:80]}): make it with"
            " 'pulumi preview --json --show-sames >preview.json'."
        ) from None
    return _mapping(document, "the preview")


def _change(step: Mapping[str, Any]) -> Change:
    word, urn = str(step.get("op")), str(step.get("urn"))
    if word not in _KINDS:
        raise PreviewUnreadable(f"The preview has a step '{word[:40]}', which is not known here.")
    if not urn.startswith("urn:pulumi:") or urn.count("::") < 3:
        raise PreviewUnreadable(f"The preview has a step for '{urn[:80]}', which is no URN.")
    before, after = _state(step.get("oldState")), _state(step.get("newState"))
    op = Op(_KINDS[word])
    named = tuple(str(name) for name in _sequence(step.get("diffReasons") or (), "diffReasons"))
    return Change(
        op=op,
        urn=urn,
        before=before,
        after=after,
        properties=named or (_changed(before, after) if op is Op.UPDATE else ()),
        replaces=tuple(
            str(name) for name in _sequence(step.get("replaceReasons") or (), "replaceReasons")
        ),
    )


def _changed(before: Recorded | None, after: Recorded | None) -> tuple[str, ...]:
    """The names of inputs that differ, where the engine does not say."""
    if before is None or after is None:
        return ()
    names = before.inputs.keys() | after.inputs.keys()
    return tuple(
        sorted(name for name in names if before.inputs.get(name) != after.inputs.get(name))
    )


def _merged(changes: Iterator[Change]) -> list[Change]:
    """One change for each resource: the steps of a replacement are one.

    A preview with refresh looks at each resource first, and says what it would do to it after that.
    """
    found: dict[str, Change] = {}
    for change in changes:
        earlier = found.get(change.urn)
        if earlier is None or earlier.op is Op.SAME:
            found[change.urn] = change
        elif Op.REPLACE in (change.op, earlier.op):
            found[change.urn] = Change(
                op=Op.REPLACE,
                urn=change.urn,
                before=earlier.before or change.before,
                after=change.after or earlier.after,
                properties=earlier.properties or change.properties,
                replaces=earlier.replaces or change.replaces,
            )
    return list(found.values())


def _state(value: object) -> Recorded | None:
    if value is None:
        return None
    state = _mapping(value, "a state")
    urn = str(state.get("urn"))
    parent = str(state.get("parent") or "")
    return Recorded(
        urn=urn,
        type=str(state.get("type")),
        name=urn.rpartition("::")[2],
        custom=bool(state.get("custom")),
        parent="" if STACK in parent else parent,
        provider=str(state.get("provider") or ""),
        protect=bool(state.get("protect")),
        retain_on_delete=bool(state.get("retainOnDelete")),
        dependencies=tuple(
            str(each) for each in _sequence(state.get("dependencies") or (), "dependencies")
        ),
        inputs=_unmasked(_mapping(state.get("inputs") or {}, "inputs")),
        import_id=str(state.get("importID") or ""),
        aliases=(),
        ignore_changes=(),
        delete_before_replace=False,
        replace_on_changes=(),
    )


def _unmasked(value: Any) -> Any:  # noqa: ANN401 - inputs are whatever a provider takes
    """The same, with what the engine masks marked as a recording marks a secret."""
    if value == _MASK:
        return {SECRET: _MASK}
    if isinstance(value, dict):
        inner = cast("dict[str, Any]", value)
        return {key: _unmasked(each) for key, each in inner.items()}
    if isinstance(value, list):
        return [_unmasked(each) for each in cast("list[Any]", value)]
    return value


def _errors(document: Mapping[str, Any]) -> tuple[str, ...]:
    said = (
        _mapping(each, "a diagnostic")
        for each in _sequence(document.get("diagnostics") or (), "diagnostics")
    )
    return tuple(
        str(each.get("message") or "").strip().removeprefix("error: ")
        for each in said
        if each.get("severity") == "error"
    )


def _recording(resources: Iterator[Recorded | None]) -> Recording:
    return Recording(
        resources=tuple(
            each for each in resources if each is not None and each.type != "pulumi:pulumi:Stack"
        ),
        registered_outputs=frozenset(),
        outputs={},
    )


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PreviewUnreadable(f"The preview has {what} that is not an object.")
    return cast("dict[str, Any]", value)


def _sequence(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise PreviewUnreadable(f"The preview has no list '{what}'.")
    return cast("Sequence[object]", value)
