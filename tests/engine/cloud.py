"""A cloud in memory: what exists in it, what it refuses, and what it was asked.

It outlives the runs of the engine, as a real cloud does, so a test can change or delete things
behind the engine's back, let a creation fail, or let a login expire.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock

from tests.engine.resource_types import Need, ResourceType, shelf
from tests.engine.templates import HoleMissing, merged, render, render_all
from tests.engine.values import Properties, Secret, Unknown, Value, at, plain, put

Facts = Mapping[str, Value]
"""What the asking provider is configured with: project, region, account, labels."""

GOOGLE_ACCOUNT = "gcp:serviceaccount/account:Account"
GOOGLE_API = "gcp:projects/service:Service"


class Refused(RuntimeError):
    """The cloud's own answer to something it does not do."""


@dataclass(frozen=True)
class Call:
    """One question of the engine. It holds no values: those may be secret."""

    method: str
    type: str
    name: str
    urn: str
    preview: bool
    package: str


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A creation that fails: the n-th of those that match, and then no more."""

    nth: int = 1
    type: str = ""
    name: str = ""
    message: str = "Error 500: backendError, please try again"

    def matches(self, kind: ResourceType, name: str) -> bool:
        return self.type in ("", kind.token) and self.name in ("", name)


@dataclass
class Thing:
    """One thing that exists."""

    type: ResourceType
    id: str
    inputs: Properties
    outputs: Properties

    def is_called(self, reference: str) -> bool:
        """Whether a reference of any usual form means this thing: id, name, address or ARN."""
        names = {self.id, self.id.rpartition("/")[2]}
        names |= {str(plain(self.outputs.get(name))) for name in ("name", "email", "arn", "uid")}
        return reference in names or reference.rpartition("/")[2] == self.id


@dataclass
class Cloud:
    """All four packages' clouds; one object for the life of a test environment."""

    calls: list[Call] = field(default_factory=list[Call])
    things: dict[tuple[str, str], Thing] = field(default_factory=dict[tuple[str, str], Thing])
    _faults: list[Fault] = field(default_factory=list[Fault])
    _expired: set[str] = field(default_factory=set[str])
    _after: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    _lock: RLock = field(default_factory=RLock)

    # What a test does to it.

    def fail_creation(self, fault: Fault) -> None:
        """Let a later creation fail once."""
        self._faults.append(fault)

    def after_creating(self, name: str, happens: Callable[[], None]) -> None:
        """Let something happen once a thing is made, before the engine hears of it."""
        self._after[name] = happens

    def expire_login(self, package: str) -> None:
        self._expired.add(package)

    def renew_login(self, package: str) -> None:
        self._expired.discard(package)

    def add(self, token: str, inputs: Properties, facts: Facts | None = None) -> Thing:
        """Put something there that no engine made."""
        kind = shelf().type_of(token)
        everything = {**shelf().packages[kind.package].facts, **(facts or {})}
        return self._make(kind, inputs, everything)

    def remove(self, token: str, identity: str) -> None:
        """Delete something behind the engine's back."""
        del self.things[token, identity]

    def of_type(self, token: str) -> list[Thing]:
        return [thing for (kind, _), thing in sorted(self.things.items()) if kind == token]

    def calls_of(self, *methods: str, preview: bool = False) -> list[Call]:
        return [c for c in self.calls if c.method in methods and c.preview == preview]

    # What a provider asks of it.

    def record(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def check_login(self, package: str) -> None:
        """Raises:
        Refused: The package's login has expired.
        """
        if package in self._expired:
            raise Refused(shelf().packages[package].login_error)

    def create(self, kind: ResourceType, name: str, inputs: Properties, facts: Facts) -> Thing:
        """Make a thing.

        Raises:
            Refused: Its API is off, what it needs is not there, its id is taken, or a fault.
        """
        with self._lock:
            self._check_needs(kind, inputs, facts)
            self._meet_faults(kind, name)
            thing = self._make(kind, inputs, facts)
            self._after.pop(name, _nothing)()
            return thing

    def update(self, thing: Thing, inputs: Properties, facts: Facts) -> Thing:
        """Change a thing; what the cloud drew for it stays."""
        with self._lock:
            self._check_needs(thing.type, inputs, facts)
            changed = replace(thing, inputs=inputs)
            changed.outputs = self.outputs(changed.type, inputs, facts, thing.id)
            self.things[_key(thing.type, thing.id, facts)] = changed
            return changed

    def delete(self, kind: ResourceType, identity: str, facts: Facts) -> None:
        """Delete a thing; what is gone already stays gone.

        Raises:
            Refused: The thing guards itself, as a table with deletion protection does.
        """
        with self._lock:
            thing = self.find(kind, identity, facts)
            if thing and kind.guard and plain(thing.outputs.get(kind.guard)) is True:
                raise Refused(f"cannot destroy {identity} without setting {kind.guard}=false first")
            self.things.pop(_key(kind, identity, facts), None)

    def find(self, kind: ResourceType, identity: str, facts: Facts) -> Thing | None:
        return self.things.get(_key(kind, identity, facts))

    def identify(self, kind: ResourceType, inputs: Properties, facts: Facts) -> Value:
        """The id that the cloud gives a thing, unknown while an input it is made of is."""
        known = merged({**kind.defaults, **inputs}, facts)
        return plain(render(kind.id, known, f"{kind.token} {sorted(map(str, inputs.items()))}"))

    def outputs(
        self, kind: ResourceType, inputs: Properties, facts: Facts, identity: Value
    ) -> Properties:
        """All properties of a thing: defaults, inputs, then what the cloud computes."""
        outputs: Properties = {**kind.defaults, **inputs}
        known = merged(outputs, {**facts, "id": identity})
        for fact in ("project", "region"):
            if fact in kind.sdk.outputs() and fact in facts:
                outputs[fact] = known[fact]
        outputs.update(_labels(kind, inputs, facts))
        for path, template in kind.computed.items():
            value = Unknown.VALUE if identity is Unknown.VALUE else None
            value = value or render_all(template, known, f"{kind.token} {identity}")
            put(outputs, path, Secret(value) if path in kind.secret else value)
        return outputs

    def _make(self, kind: ResourceType, inputs: Properties, facts: Facts) -> Thing:
        identity = str(self.identify(kind, inputs, facts))
        if self.find(kind, identity, facts) and not kind.overwrites:
            raise Refused(f"Error 409: {kind.token} {identity} exists already")
        thing = Thing(kind, identity, inputs, self.outputs(kind, inputs, facts, identity))
        self.things[_key(kind, identity, facts)] = thing
        return thing

    def _meet_faults(self, kind: ResourceType, name: str) -> None:
        for number, fault in enumerate(self._faults):
            if not fault.matches(kind, name):
                continue
            if fault.nth == 1:
                del self._faults[number]
                raise Refused(fault.message)
            self._faults[number] = replace(fault, nth=fault.nth - 1)
            return

    def _check_needs(self, kind: ResourceType, inputs: Properties, facts: Facts) -> None:
        if kind.api and not self._exists(GOOGLE_API, kind.api):
            raise Refused(
                f"Error 403: {kind.api} has not been used in this project before or it is disabled"
            )
        for need in kind.needs:
            reference = _reference(need, merged(inputs, facts))
            if reference and not self._exists(need.type, reference):
                raise Refused(f"Error 404: {need.type} {reference} does not exist")

    def _exists(self, token: str, reference: str) -> bool:
        if token == GOOGLE_API:
            return any(plain(api.inputs.get("service")) == reference for api in self.of_type(token))
        return any(thing.is_called(reference) for thing in self.of_type(token))


def _nothing() -> None:
    """What happens after most creations."""


def _key(kind: ResourceType, identity: str, facts: Facts) -> tuple[str, str]:
    """Where a thing is kept; what is named per account has its account before its id."""
    return kind.token, f"{plain(render(kind.realm, facts, ''))}{identity}"


def _reference(need: Need, known: Mapping[str, Value]) -> str | None:
    try:
        reference = str(plain(render(need.reference, known, "")))
    except HoleMissing:
        return None
    if need.match is None:
        return reference
    found = re.fullmatch(need.match, reference)
    return (found[1] if found.groups() else reference) if found else None


def _labels(kind: ResourceType, inputs: Properties, facts: Facts) -> Properties:
    """What the providers say by themselves of all that can carry labels or tags."""
    if kind.package == "aws" and "tagsAll" in kind.sdk.outputs():
        return {"tagsAll": inputs.get("tags") or {}}
    if kind.package != "gcp" or "effectiveLabels" not in kind.sdk.outputs():
        return {}
    own = plain(inputs.get("labels"))
    default = plain(at(facts, "defaultLabels"))
    both: Properties = {**(default if isinstance(default, dict) else {})}
    both.update(own if isinstance(own, dict) else {})
    return {
        "pulumiLabels": both,
        "effectiveLabels": {**both, "goog-pulumi-provisioned": "true"},
    }
