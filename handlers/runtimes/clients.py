"""What a run reaches the clouds with, each made when it is asked for, for one run.

A cloud's packages are imported only where that cloud is read: ``google_clients`` for the hub,
``aws_bills`` and ``azure_bills`` for their bills.
"""

import contextlib
import importlib
import logging
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Protocol

import duckdb

from handlers.alerts.runner import Runner
from handlers.archive import Archive
from handlers.errors import UsageError
from handlers.ledger import LedgerRow
from handlers.load.collecting import Bills, Task
from handlers.load.load import Loader
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.scopes import KINDS, Scope
from handlers.settings import Azure
from handlers.site import Site
from handlers.sources.archive import ArchiveSource
from handlers.sources.refusals import Refuse
from handlers.warehouses import Warehouse

_BILLS: Mapping[Cloud, str] = {
    Cloud.AWS: "handlers.runtimes.aws_bills",
    Cloud.AZURE: "handlers.runtimes.azure_bills",
}
"""The module whose ``bills_of`` makes a cloud's source of bills."""


Tell = Callable[[str, Mapping[str, object]], object]
"""Is told of what a cloud charges for (a job, requests): a sentence, and its numbers by name."""


def _into_pythons_log(message: str, details: Mapping[str, object]) -> None:
    """For who has set one up: a command's answer is its own."""
    logging.getLogger(__name__).info("%s %s", message, dict(details))


@dataclass(frozen=True)
class Scratch:
    """A run's own: a folder, the time (UTC), the seconds it has left, what it has ``opened``.

    Whoever makes a client for the run puts it into ``opened``: its connections are closed, and the
    folder is gone, when the run ends (``scratch``).
    """

    folder: Path
    clock: Callable[[], datetime]
    remaining: Callable[[], float]
    opened: contextlib.ExitStack
    tell: Tell = _into_pythons_log

    def below(self, name: str) -> Path:
        """A folder of that name in it."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path


@contextlib.contextmanager
def own_scratch(
    clock: Callable[[], datetime],
    remaining: Callable[[], float],
    tell: Tell = _into_pythons_log,
) -> Generator[Scratch]:
    """What a run has for itself, until the end of the ``with``."""
    with (
        tempfile.TemporaryDirectory(prefix="run-") as folder,
        contextlib.ExitStack() as opened,
    ):
        yield Scratch(Path(folder), clock, remaining, opened, tell)


class Clients(Protocol):
    """What reaches the clouds in one run."""

    def warehouse(self) -> Warehouse:
        """Where the tables are; the same one each time."""
        ...

    def bills(self) -> Bills:
        """Where the job's bills are found: those that are read as files."""
        ...

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        """Google's bills of ``periods``, which are loaded where they are."""
        ...

    def archive(self) -> Archive:
        """Where loaded lines are kept."""
        ...

    def history(self) -> Sequence[ArchiveSource]:
        """Archives of others, for what was loaded before the own warehouse was there.

        In another cloud that is the hub's; the hub itself has none.
        """
        ...

    def quarantine(self) -> Archive:
        """Where lines that can't be parsed are kept."""
        ...

    def statements(self, periods: Sequence[date]) -> Answers:
        """What the job's cloud itself says that its scopes were charged.

        Raises:
            CostError: none of them can be asked.
        """
        ...

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """What answers SQL over the tables, while ``connection`` has the warehouse open."""
        ...

    def site(self) -> Site:
        """The site data of now.

        Raises:
            SiteError: it is not valid.
            BucketError: it can't be read.
        """
        ...


class Login(StrEnum):
    """As whom bills are read."""

    FEDERATED = "federated"
    """As the role or identity of the cloud that trusts this function's account at Google."""
    ASSUMED = "assumed"
    """As the role of each scope, which the function's own role takes on."""
    OWN = "own"
    """As whoever is logged in to the cloud here: on a laptop, in CI."""


@dataclass(frozen=True)
class Reader:
    """Who reads bills in a run: ``azure`` is the identity to be taken on in Azure.

    ``loaded`` are the ledger's rows of what is in the tables.
    """

    login: Login
    scratch: Scratch
    azure: Azure | None
    loaded: Sequence[LedgerRow] = ()


def bills_of(scopes: Sequence[Scope], reader: Reader) -> Bills:
    """The source of the bills of ``scopes``, of one cloud whose bills are files."""
    return _module_of(scopes).bills_of(scopes, reader)


def statements_of(scopes: Sequence[Scope], periods: Sequence[date], reader: Reader) -> Answers:
    """What the cloud itself says that ``scopes``, of one cloud, were charged in ``periods``.

    Raises:
        CostError: none of them can be asked.
    """
    return _module_of(scopes).statements_of(scopes, periods, reader)


def _module_of(scopes: Sequence[Scope]) -> ModuleType:
    """What reads the cloud of ``scopes``.

    Raises:
        UsageError: the packages for it are not installed.
    """
    (cloud,) = {cloud for cloud, kind in KINDS.items() for scope in scopes if type(scope) is kind}
    try:
        return importlib.import_module(_BILLS[cloud])
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Bills of {cloud} are read with the package {error.name}, which is not installed here:"
            " run 'make setup', or install locks/google.txt."
        ) from None
