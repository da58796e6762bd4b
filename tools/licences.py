"""Which licence each locked package has: what it says of itself, read by licences.toml."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

LICENCES = Path(__file__).with_name("licences.toml")
OWN_LOCKS = ("aws", "azure", "demo", "dev", "google")
_PIN = re.compile(r"(?m)^([a-z0-9.-]+)==([^\s;\\]+)")


class LicenceUnknown(Exception):
    """Somebody must decide whether the package may be used, and write it down."""


@dataclass(frozen=True, order=True)
class Pinned:
    """A package of one version."""

    name: str
    version: str


def pinned(lock: Path) -> list[Pinned]:
    """What a lock installs, by name."""
    text = lock.read_text(encoding="utf-8")
    return sorted(Pinned(found[1], found[2]) for found in _PIN.finditer(text))


def locks(root: Path) -> Mapping[str, Path]:
    """The product's and its tests' locks of the repository at ``root``, by a short name.

    The other locks are for tools in environments of their own, of which nothing is imported here.
    """
    return {
        **{name: root / "locks" / f"{name}.txt" for name in OWN_LOCKS},
        "pulumi": root / "requirements.txt",
    }


def said(name: str) -> str | None:
    """What the installed package says its licence is, in its own words; None if not installed."""
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if "License-Expression" in found:
        return str(found["License-Expression"])
    named = [
        line.rpartition(" :: ")[2]
        for line in found.get_all("Classifier") or ()
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    if named:
        return ", ".join(named)
    # Some put the whole text there; its first line is its name.
    return next(iter((found.get_all("License") or [""])[0].strip().splitlines()), "")


def licence(package: Pinned, lock: str) -> str:
    """The package's licence in SPDX.

    Raises:
        LicenceUnknown: what it says is not in licences.toml, or not for that lock.
    """
    words = said(package.name)
    for entry in _listed("package"):
        if entry["name"] == package.name and entry["says"] == words:
            if lock not in entry.get("only", [lock]):
                raise LicenceUnknown(
                    f"{package.name} ({words}) is in the lock '{lock}', and allowed in"
                    f" {', '.join(entry['only'])} only: find another, or change {LICENCES.name}."
                )
            return str(entry["spdx"])
    if words is None:
        for entry in _listed("absent"):
            if entry["name"] == package.name:
                return str(entry["spdx"])
    allowed: Mapping[str, str] = _data()["allowed"]
    if words is None or words not in allowed:
        raise LicenceUnknown(
            f"{package.name} {package.version} (lock '{lock}') says '{words}': decide whether it"
            " may be used, and add it to tools/licences.toml."
        )
    return allowed[words]


def _listed(kind: str) -> Sequence[Mapping[str, Any]]:
    return _data()[kind]


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(LICENCES.read_text(encoding="utf-8"))
