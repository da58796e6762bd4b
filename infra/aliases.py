"""What was renamed keeps what it holds: by its old name the engine knows it in the state.

The list is data, ``aliases.toml``. An alias on a component is one on all that it holds, and where a
child's name begins with its own, on that too: https://www.pulumi.com/docs/iac/concepts/options/aliases/
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from handlers.errors import CostError

_LIST = Path(__file__).with_name("aliases.toml")
_KEYS = frozenset({"version", "type", "name", "was_name", "was_type"})


class AliasesMistaken(CostError):
    """An entry of the list can't be used."""


@dataclass(frozen=True)
class Renamed:
    """A resource by its type and name of today, and what it was called before ``version``."""

    version: str
    type: str
    name: str
    was_name: str | None
    was_type: str | None


def read_renamed(text: str) -> Sequence[Renamed]:
    """The entries of a list.

    Raises:
        AliasesMistaken: one lacks a key, has one that is not known, or says nothing of before.
    """
    entries: Iterable[Mapping[str, str]] = tomllib.loads(text).get("renamed", ())
    return [_entry(entry) for entry in entries]


def _entry(entry: Mapping[str, str]) -> Renamed:
    missing = {"version", "type", "name"} - entry.keys()
    unknown = entry.keys() - _KEYS
    was = {"was_name", "was_type"} & entry.keys()
    if missing or unknown or not was:
        raise AliasesMistaken(
            f"infra/aliases.toml: {dict(entry)} has not what an entry needs: version, type, name"
            " and at least one of was_name and was_type, and nothing else."
        )
    return Renamed(
        entry["version"],
        entry["type"],
        entry["name"],
        entry.get("was_name"),
        entry.get("was_type"),
    )


def keep_renamed(renamed: Sequence[Renamed] | None = None) -> None:
    """Give each resource that is registered from now on its earlier names.

    Without ``renamed``, those of the list.

    Raises:
        AliasesMistaken: see ``read_renamed``.
    """
    known = read_renamed(_LIST.read_text(encoding="utf-8")) if renamed is None else renamed
    if not known:
        return

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        mine = [one for one in known if (one.type, one.name) == (args.type_, args.name)]
        if not mine:
            return None
        before = pulumi.ResourceOptions(aliases=[_alias(one) for one in mine])
        opts = pulumi.ResourceOptions.merge(args.opts, before)
        return pulumi.ResourceTransformResult(props=args.props, opts=opts)

    pulumi.runtime.register_resource_transform(transform)


def _alias(renamed: Renamed) -> pulumi.Alias:
    """What an alias does not name is as it is today."""
    said = {"name": renamed.was_name, "type_": renamed.was_type}
    return pulumi.Alias(**{key: value for key, value in said.items() if value is not None})
