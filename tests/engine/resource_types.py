"""How each resource type behaves in its cloud: the tables of ``resources.toml``."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from tests.engine.sdk import Mistake, SdkType, sdk_type
from tests.engine.values import Properties, Unknown, Value, at, plain

DATA = Path(__file__).with_name("resources.toml")


class TypeUnknown(LookupError):
    """A type or look-up that the test cloud has not learned."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something that must be there before this can be made, as the cloud insists."""

    type: str
    reference: str
    match: str | None = None
    """Only when the reference matches; its first group, if it has one, is what is looked up."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One table of ``resources.toml``; its head says what each key means."""

    token: str
    id: str
    realm: str = ""
    autoname: str | None = None
    api: str | None = None
    immutable: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    overwrites: bool = False
    guard: str | None = None
    defaults: Mapping[str, Value] = field(default_factory=dict[str, Value])
    patterns: Mapping[str, str] = field(default_factory=dict[str, str])
    computed: Mapping[str, Value] = field(default_factory=dict[str, Value])
    secret: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        return self.token.partition(":")[0]

    @property
    def sdk(self) -> SdkType:
        return sdk_type(self.token)

    def mistakes(self, inputs: Properties) -> Iterator[Mistake]:
        """Everything the provider would refuse before it asks the cloud."""
        yield from self.sdk.mistakes(inputs)
        for path, pattern in self.patterns.items():
            for where, value in _values(inputs, path):
                if isinstance(value, str) and not re.fullmatch(pattern, value):
                    yield Mistake(where, f"{value!r} does not match {pattern}")


@dataclass(frozen=True)
class Package:
    """What all types of one package share."""

    login_checked_at: str
    """``configure`` where the provider asks the cloud who it is before anything else."""
    login_error: str
    facts: Mapping[str, str]
    """What a provider knows when its configuration does not say so: its project, its region."""


@dataclass(frozen=True)
class Shelf:
    """All that the data file holds."""

    packages: Mapping[str, Package]
    types: Mapping[str, ResourceType]
    lookups: Mapping[str, Mapping[str, Value]]

    def type_of(self, token: str) -> ResourceType:
        """The type's behaviour.

        Raises:
            TokenUnknown: The installed SDK has no such type.
            TypeUnknown: It is a type, but not one the test cloud has learned.
        """
        sdk_type(token)
        if token not in self.types:
            raise TypeUnknown(f"{DATA.name} has no table for {token}: add one")
        return self.types[token]

    def lookup(self, token: str) -> Mapping[str, Value]:
        """The answer's template.

        Raises:
            TypeUnknown: The test cloud has not learned this look-up.
        """
        if token not in self.lookups:
            raise TypeUnknown(f"{DATA.name} has no table for the look-up {token}: add one")
        return self.lookups[token]


@cache
def shelf() -> Shelf:
    """The data file, read once."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return Shelf(
        packages={
            name: Package(**table)
            for name, table in cast(Mapping[str, dict[str, Any]], data["packages"]).items()
        },
        types={
            token: _type(token, table)
            for token, table in cast(Mapping[str, dict[str, object]], data["types"]).items()
        },
        lookups=cast(Mapping[str, Mapping[str, Value]], data["lookups"]),
    )


def _type(token: str, table: dict[str, object]) -> ResourceType:
    for name in ("immutable", "secret"):
        table[name] = tuple(cast(list[str], table.get(name, [])))
    needs = cast(list[dict[str, str]], table.get("needs", []))
    table["needs"] = tuple(Need(**need) for need in needs)
    return ResourceType(token=token, **cast(dict[str, Any], table))


def _values(inputs: Mapping[str, Value], path: str) -> Iterator[tuple[str, Value]]:
    """The values at a dotted path; ``*`` goes through all of a list or map."""
    before, star, after = path.partition(".*")
    value = plain(at(inputs, before))
    if not star:
        yield path, value
    elif isinstance(value, dict | list) and not isinstance(value, Unknown):
        names = value.keys() if isinstance(value, dict) else map(str, range(len(value)))
        for name in names:
            where = f"{before}.{name}{after}"
            yield where, plain(at(inputs, where))
