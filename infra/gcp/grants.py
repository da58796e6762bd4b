"""What each job's account may do: roles.toml, read and checked."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from handlers.record import Cloud

WRITER = "writer"
"""The role of our own, in roles.toml; the others are Google's."""
HUB = "hub"


class Place(StrEnum):
    """Where a role is granted."""

    PROJECT = "project"
    DATASET = "dataset"
    SHARED = "shared"
    """Each table that other warehouses publish to."""
    STAGING = "staging"
    ARCHIVE = "archive"
    SITE = "site"
    EXPORT = "export"


@dataclass(frozen=True)
class Grant:
    """A role at a place, for the jobs of these clouds; None is the hub's own job."""

    name: str
    jobs: frozenset[Cloud | None]
    on: Place
    role: str
    reason: str


def grants() -> tuple[Grant, ...]:
    """Every grant that roles.toml lists."""
    return tuple(
        Grant(
            name=entry["name"],
            jobs=frozenset(None if job == HUB else Cloud(job) for job in entry["jobs"]),
            on=Place(entry["on"]),
            role=entry["role"],
            reason=entry["reason"],
        )
        for entry in _roles()["grant"]
    )


def grants_of(cloud: Cloud | None) -> tuple[Grant, ...]:
    """The grants of the job that collects ``cloud``, or of the hub's own."""
    return tuple(grant for grant in grants() if cloud in grant.jobs)


def publisher_grants() -> tuple[Grant, ...]:
    """What the collectors of other clouds may do in the hub."""
    return tuple(
        Grant(
            name=entry["name"],
            jobs=frozenset(),
            on=Place(entry["on"]),
            role=entry["role"],
            reason=entry["reason"],
        )
        for entry in _roles()["publisher"]
    )


def writer_permissions() -> tuple[str, ...]:
    """The permissions of the role ``writer``."""
    return tuple(entry["permission"] for entry in _roles()["writer"])


def _roles() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("roles.toml").read_text(encoding="utf-8"))
