"""The last copies: a snapshot of Redshift, a copy of the database in Azure SQL.

Azure's export to a file comes over the public network and by password or key, neither of which the
server has. A copy of the database is made inside Azure, is consistent, and can be exported from a
server that lets the exporter in: https://learn.microsoft.com/azure/azure-sql/database/database-copy
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.apis.aws import Aws
from infra.apis.web import Api, Refused
from infra.aws.native import WAREHOUSE_NAME
from infra.azure.warehouse import DATABASE
from infra.settings import AzureSettings
from infra.uninstall.removal import CopyFailed

POLLS, PAUSE = 120, timedelta(seconds=10)
"""Twenty minutes in all."""
SQL_VERSION = {"api-version": "2023-08-01"}


@dataclass(frozen=True)
class RedshiftSnapshot:
    """A snapshot of the namespace that stays until it is deleted."""

    aws: Aws
    """Whoever works in the warehouse's account."""
    at: datetime
    pause: Callable[[timedelta], None]
    polls: int = POLLS

    @property
    def name(self) -> str:
        """The snapshot's."""
        return f"{WAREHOUSE_NAME}-last-{self.at:%Y%m%d-%H%M%S}"

    @property
    def told(self) -> str:
        """See ``LastCopy``."""
        return f"snapshot {self.name} of Redshift's namespace {WAREHOUSE_NAME}"

    def take(self) -> str:
        """See ``LastCopy``."""
        try:
            self.aws.call(
                "redshift-serverless",
                "create_snapshot",
                namespaceName=WAREHOUSE_NAME,
                snapshotName=self.name,
            )
            for _ in range(self.polls):
                found = self.aws.call(
                    "redshift-serverless", "get_snapshot", snapshotName=self.name
                )["snapshot"]
                if found["status"] == "AVAILABLE":
                    return self.told
                if found["status"] in {"FAILED", "CANCELLED", "DELETED"}:
                    raise CopyFailed(f"The {self.told} is {found['status']}: look in the console.")
                self.pause(PAUSE)
        except Refused as error:
            raise CopyFailed(f"AWS refused the {self.told}: {error}") from None
        raise CopyFailed(f"The {self.told} is not ready yet: run the same command again later.")


@dataclass(frozen=True)
class SqlCopy:
    """A copy of the database on its own server."""

    api: Api
    settings: AzureSettings
    at: datetime
    pause: Callable[[timedelta], None]
    polls: int = POLLS

    @property
    def name(self) -> str:
        """The copy's."""
        return f"{DATABASE}-last-{self.at:%Y%m%d-%H%M%S}"

    @property
    def told(self) -> str:
        """See ``LastCopy``."""
        return f"copy {self.name} of the database {DATABASE} on {self.settings.sql.server}"

    def take(self) -> str:
        """See ``LastCopy``."""
        settings = self.settings
        server = (
            f"/subscriptions/{settings.subscription}/resourceGroups/{settings.resource_group}"
            f"/providers/Microsoft.Sql/servers/{settings.sql.server}/databases"
        )
        wanted = {
            "location": settings.location,
            "properties": {"createMode": "Copy", "sourceDatabaseId": f"{server}/{DATABASE}"},
        }
        try:
            self.api.put(f"{server}/{self.name}", wanted, SQL_VERSION)
            for _ in range(self.polls):
                if self._is_online(f"{server}/{self.name}"):
                    return self.told
                self.pause(PAUSE)
        except Refused as error:
            raise CopyFailed(f"Azure refused the {self.told}: {error}") from None
        raise CopyFailed(f"The {self.told} is not ready yet: run the same command again later.")

    def _is_online(self, path: str) -> bool:
        try:
            found = self.api.get(path, SQL_VERSION)
        except Refused as error:
            if error.status == 404:  # accepted, and not there yet
                return False
            raise
        return found.get("properties", {}).get("status") == "Online"
