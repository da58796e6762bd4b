"""A cloud's own warehouse at the door: Redshift or Azure SQL, as whoever is logged in there.

``redshift`` and ``azuresql`` take the database from the environment, as the collectors have it;
``redshift:WORKGROUP/DATABASE`` and ``azuresql:SERVER/DATABASE`` name it in the command.
"""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol

import duckdb

from handlers.alerts.runner import Runner
from handlers.archive import Archive, bill_folder
from handlers.commands.options import google_clients
from handlers.errors import UsageError
from handlers.ledger import LedgerRow
from handlers.native import is_allowed, read_some
from handlers.native_names import NativeName
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.settings import Name
from handlers.warehouses import Warehouse

_QUARANTINE = "quarantine"


class Opens(Protocol):
    """What a cloud's module of clients makes for the door."""

    def warehouse(self) -> Warehouse:
        """The database; the same one each time."""
        ...

    def archive(self, place: str, folder: Path) -> Archive:
        """The archive at that place of the cloud's own storage."""
        ...


@dataclass(frozen=True)
class Kind:
    """A kind of warehouse: whose bills it has, what its words name, and what else it needs."""

    word: str
    cloud: Cloud
    target: tuple[NativeName, NativeName]
    shape: str
    others: tuple[NativeName, ...]
    module: str
    lock: str


KINDS: Mapping[str, Kind] = {
    kind.word: kind
    for kind in (
        Kind(
            "redshift",
            Cloud.AWS,
            (NativeName.REDSHIFT_WORKGROUP, NativeName.REDSHIFT_DATABASE),
            "WORKGROUP/DATABASE",
            (NativeName.REDSHIFT_STAGING, NativeName.REDSHIFT_ROLE),
            "handlers.runtimes.aws_door",
            "locks/aws.txt",
        ),
        Kind(
            "azuresql",
            Cloud.AZURE,
            (NativeName.SQL_SERVER, NativeName.SQL_DATABASE),
            "SERVER/DATABASE",
            (),
            "handlers.runtimes.azure_door",
            "locks/azure.txt",
        ),
    )
}


@dataclass(frozen=True)
class NativeStore:
    """The database, with the archive that the environment names."""

    kind: Kind
    opens: Opens
    place: str
    """Of the archive: in the cloud's own storage, or gs://BUCKET/PREFIX."""
    scratch: Scratch
    local: bool = False

    @property
    def warehouse(self) -> Warehouse:
        """See ``Store``."""
        return self.opens.warehouse()

    @property
    def clouds(self) -> tuple[Cloud, ...]:
        """See ``Store``."""
        return (self.kind.cloud,)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """See ``Store``; what is asked over all clouds is asked of the hub.

        Raises:
            UsageError: always.
        """
        del connection
        raise UsageError(
            f"{self.kind.word} is not asked this: the hub has what all clouds are told. Use"
            " --warehouse bigquery."
        )

    def archive(self) -> Archive:
        """See ``Store``."""
        return self._archive(self.place, "archive")

    def quarantine(self) -> Archive:
        """See ``Store``: below the archive."""
        return self._archive(self._set_aside, _QUARANTINE)

    def quarantine_of(self, row: LedgerRow) -> str:
        """See ``Store``."""
        below = bill_folder(Path(), row.cloud_provider, row.scope, row.billing_period)
        return f"{self._set_aside}/{below.as_posix()}"

    @property
    def _set_aside(self) -> str:
        return f"{self.place.rstrip('/')}/{_QUARANTINE}"

    def _archive(self, place: str, name: str) -> Archive:
        if place.startswith("gs://"):
            return google_clients().archive_at(place, name, self.scratch)
        return self.opens.archive(place, self.scratch.below(name))


def open_native(words: str, scratch: Scratch) -> NativeStore:
    """The store that ``words`` name; their kind is one of ``KINDS``.

    Raises:
        UsageError: the words are malformed, or the cloud's packages are not installed.
        SettingsError: the environment does not say the rest.
    """
    word, colon, target = words.partition(":")
    kind = KINDS[word]
    named: Mapping[str, str] = _target(kind, words, target) if colon else {}
    needed = (*kind.target, *kind.others, Name.ARCHIVE)
    given = read_some(kind.cloud, {**os.environ, **named}, needed)
    opens: Opens = _module(kind).opens(given, scratch)
    return NativeStore(kind, opens, given[Name.ARCHIVE], scratch)


def _target(kind: Kind, words: str, target: str) -> Mapping[str, str]:
    parts = target.split("/")
    names = kind.shape.split("/")
    allowed = f"write {kind.word}:{kind.shape}, or {kind.word} alone for the environment's"
    if len(parts) != len(names):
        raise UsageError(f"'{words}' is not a warehouse: {allowed}.")
    for name, what, part in zip(kind.target, names, parts, strict=True):
        if not is_allowed(name, part):
            raise UsageError(
                f"'{words}' is not a warehouse: '{part}' can't be its {what.lower()}; {allowed}."
            )
    return {name.value: part for name, part in zip(kind.target, parts, strict=True)}


def _module(kind: Kind) -> ModuleType:
    try:
        return importlib.import_module(kind.module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The warehouse {kind.word} is reached with the package {error.name}, which is not"
            f" installed here: run 'make setup', or install {kind.lock}."
        ) from None
