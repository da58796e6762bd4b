"""Which locked packages have known vulnerabilities, as OSV knows them: `make audit`.

``python -m tools.audit [--service URL]``. Exit code 1: one that audit.toml does not accept; 2: the
service could not be asked, so nothing is known. It is the one command of these that needs a
network. https://google.github.io/osv.dev/post-v1-querybatch/
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import requests

from tools.licences import Pinned, locks, pinned

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).with_suffix(".toml")
SERVICE = "https://api.osv.dev"
_AT_ONCE = 1000
"""The most queries that the service takes in one request."""

_SECONDS = 60


class ServiceAway(Exception):
    """The service could not be asked, or its answer can't be read."""


@dataclass(frozen=True)
class Vulnerability:
    """A known one of a locked package; ``locks`` are those that have this version."""

    package: Pinned
    id: str
    locks: Sequence[str]

    def __str__(self) -> str:
        where = ", ".join(self.locks)
        return f"{self.package.name} {self.package.version} ({where}): {self.id}"


@dataclass(frozen=True)
class Accepted:
    """A vulnerability that is known to do no harm here, until a day."""

    id: str
    package: str
    reason: str
    until: date


def by_package(folder: Path) -> Mapping[Pinned, Sequence[str]]:
    """Every locked package with the names of its locks."""
    found: dict[Pinned, list[str]] = {}
    for name, lock in locks(folder).items():
        for package in pinned(lock):
            found.setdefault(package, []).append(name)
    return found


def known(packages: Mapping[Pinned, Sequence[str]], service: str) -> Iterator[Vulnerability]:
    """What the service knows of ``packages``.

    Raises:
        ServiceAway: it could not be asked, or did not answer for every package.
    """
    every = list(packages)
    for first in range(0, len(every), _AT_ONCE):
        some = every[first : first + _AT_ONCE]
        for package, ids in zip(some, _asked(some, service), strict=True):
            yield from (Vulnerability(package, each, packages[package]) for each in ids)


def _asked(packages: Sequence[Pinned], service: str) -> list[list[str]]:
    queries = [
        {"package": {"name": each.name, "ecosystem": "PyPI"}, "version": each.version}
        for each in packages
    ]
    try:
        answer = requests.post(
            f"{service}/v1/querybatch", json={"queries": queries}, timeout=_SECONDS
        )
        answer.raise_for_status()
        results: Sequence[Mapping[str, Any]] = answer.json()["results"]
        found = [[str(one["id"]) for one in each.get("vulns", ())] for each in results]
    except (requests.RequestException, LookupError, TypeError, AttributeError) as error:
        raise ServiceAway(
            f"{service}: can't be asked ({type(error).__name__}: {error}). Whether a locked package"
            " has a known vulnerability is not known; try again where there is a network."
        ) from None
    if len(found) != len(packages):
        raise ServiceAway(f"{service}: {len(found)} answers to {len(packages)} queries.")
    return found


def accepted(data: Path = DATA) -> list[Accepted]:
    """What audit.toml accepts."""
    entries = tomllib.loads(data.read_text("utf-8")).get("accepted", [])
    return [Accepted(**entry) for entry in entries]


def unaccepted(
    found: Sequence[Vulnerability], allowed: Sequence[Accepted], today: date
) -> list[Vulnerability]:
    """Those of ``found`` that nobody accepted for longer than ``today``."""
    names = {(each.id, each.package) for each in allowed if today < each.until}
    return [each for each in found if (each.id, each.package.name) not in names]


def main(words: Sequence[str]) -> int:
    """Ask the service about every locked package, and say what it knows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service", default=SERVICE)
    packages = by_package(ROOT)
    try:
        found = list(known(packages, parser.parse_args(words).service))
    except ServiceAway as error:
        print(error, file=sys.stderr)
        return 2
    left = unaccepted(found, accepted(), datetime.now(UTC).date())
    for each in left:
        print(each)
    print(
        f"{len(packages)} locked packages, {len(found)} known vulnerabilities,"
        f" {len(found) - len(left)} of them accepted"
    )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
