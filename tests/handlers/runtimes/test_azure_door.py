"""A person at the door reaches Azure SQL as whoever is logged in, with a collector's rights."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential

from handlers.errors import WarehouseError
from handlers.native_names import NativeName
from handlers.runtimes.azure_door import opens
from handlers.runtimes.clients import Scratch
from handlers.settings import Name
from handlers.warehouses.azuresql.names import Principal, Rights
from handlers.warehouses.azuresql.port import Connect, Database
from handlers.warehouses.azuresql.warehouse import Administration, AzureSqlWarehouse
from tests.fakes.azuresql import ADMIN, FakeAzureSql
from tests.handlers.native_environments import IDENTITY
from tests.handlers.runtimes.local import NOW

PERSON = "ops@example.com"
NAMED: dict[Name | NativeName, str] = {
    NativeName.SQL_SERVER: "ai-cost.database.windows.net",
    NativeName.SQL_DATABASE: "costs",
}


def test_the_database_that_is_named_is_reached_as_the_login_and_never_as_its_administrator(
    tmp_path: Path,
) -> None:
    server = FakeAzureSql()
    made = Database(connect=server.connecting(ADMIN), remaining=lambda: 60.0)
    person = Principal(PERSON, UUID(IDENTITY), Rights.COLLECTOR)
    AzureSqlWarehouse(made, tmp_path, Administration(made, (person,)), lambda: NOW).migrate()
    reached: list[tuple[str, str, type[TokenCredential]]] = []

    def connecting(
        host: str, database: str, credential: TokenCredential, remaining: Callable[[], float]
    ) -> Connect:
        assert remaining() == 60.0
        reached.append((host, database, type(credential)))
        return server.connecting(PERSON)

    with ExitStack() as opened:
        scratch = Scratch(tmp_path, lambda: NOW, lambda: 60.0, opened)
        door = replace(opens(NAMED, scratch), connecting=connecting)
        with door.warehouse().open():
            assert door.warehouse().loaded() == []
        assert reached == [("ai-cost.database.windows.net", "costs", DefaultAzureCredential)]
        with pytest.raises(WarehouseError, match="nobody here administers"):
            door.warehouse().migrate()
    server.close()
