"""Azure SQL and the archive in blob storage for a person at the door, as whoever is logged in.

The database has to know that person as a user: https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
"""

import importlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential

from handlers.archive import Archive
from handlers.archive.blobs import BlobArchive, BlobPlace
from handlers.errors import UsageError
from handlers.native_names import NativeName
from handlers.runtimes.clients import Scratch
from handlers.settings import Name
from handlers.warehouses.azuresql.port import Connect, Database
from handlers.warehouses.azuresql.warehouse import AzureSqlWarehouse

Connecting = Callable[[str, str, TokenCredential, Callable[[], float]], Connect]
"""Opens connections to the server's database as that login, while there is time."""


def by_driver(
    server: str, database: str, credential: TokenCredential, remaining: Callable[[], float]
) -> Connect:
    """Connections by Microsoft's driver, which is imported when it is needed.

    Raises:
        UsageError: it, or the system library that it needs, is not installed.
    """
    try:
        driver = importlib.import_module("handlers.warehouses.azuresql.driver")
    except ImportError as error:
        raise UsageError(
            f"Azure SQL is reached with Microsoft's driver, which can't be loaded here ({error}):"
            " install locks/azure.txt and the system package libltdl7."
        ) from None
    return driver.connecting(server, database, credential, remaining)


@dataclass(frozen=True)
class Door:
    """What the login reaches."""

    server: str
    database: str
    scratch: Scratch
    credential: TokenCredential
    connecting: Connecting = by_driver

    def warehouse(self) -> AzureSqlWarehouse:
        """The database; the same one each time. Its tables are made by the Function App."""
        return self._warehouse

    def archive(self, place: str, folder: Path) -> Archive:
        """The archive at ``https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX``."""
        blobs = BlobPlace.parse(place, self.credential)
        self.scratch.opened.enter_context(closing(blobs.container))
        return BlobArchive(blobs, folder)

    @cached_property
    def _warehouse(self) -> AzureSqlWarehouse:
        remaining = self.scratch.remaining
        connect = self.connecting(self.server, self.database, self.credential, remaining)
        database = Database(connect=connect, remaining=remaining)
        folder = self.scratch.below("warehouse")
        return AzureSqlWarehouse(database, folder, now=self.scratch.clock)


def opens(given: Mapping[Name | NativeName, str], scratch: Scratch) -> Door:
    """What reaches the database that ``given`` names, whose values are all allowed."""
    return Door(
        given[NativeName.SQL_SERVER],
        given[NativeName.SQL_DATABASE],
        scratch,
        scratch.opened.enter_context(closing(DefaultAzureCredential())),
    )
