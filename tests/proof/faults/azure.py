"""Azure SQL's stand-in behind a socket, so that a client can be killed; a layer under the client.

A connection that ends is rolled back by the server, as Azure SQL does.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

from handlers.archive import FolderArchive
from handlers.load.load import Loader, Policy
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import FACTS, LOADED
from handlers.warehouses.azuresql.names import bare_name
from handlers.warehouses.azuresql.port import Database, Row, SqlError, Values
from handlers.warehouses.azuresql.warehouse import AzureSqlWarehouse
from tests.fakes.azuresql import LOST, FakeAzureSql, FakeSession, said
from tests.handlers.load.runs import NOW, rules_of
from tests.handlers.warehouses.azuresql.loads import COLLECTOR, Clock, names
from tests.proof.faults.layer import How, Kind, Layer, watching_files
from tests.proof.faults.turns import Tables

PATIENCE = 100.0
"""Seconds of a clock on which only pauses pass."""


@dataclass(frozen=True)
class FarSession:
    """See ``port.Session``: over a socket, through a layer."""

    connection: Any
    layer: Layer

    def execute(self, sql: str, values: Values = ()) -> int:
        return self._ask(sql, "execute", sql, list(values))

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        return self._ask(sql, "fetch", sql, list(values))

    def bulk(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        return self._ask(f"BULK {table}", "bulk", table, list(columns), list(rows))

    def close(self) -> None:
        self.connection.close()

    def _ask(self, what: str, *call: Any) -> Any:  # noqa: ANN401 - what the call gives
        return self.layer.call(Kind.REQUEST, what, lambda: self._answer(call), _error)

    def _answer(self, call: tuple[Any, ...]) -> Any:  # noqa: ANN401 - what the call gives
        self.connection.send(call)
        error, answer = self.connection.recv()
        if error:
            raise SqlError(error)
        return answer


def _error(how: How) -> Exception:
    if how is How.REFUSED:
        return said(229, "The INSERT permission was denied on the object 'as planned'.")
    return SqlError(LOST)


@dataclass(frozen=True)
class NativeCollector:
    """Collects into the server at the socket ``address``, with files in ``folder``."""

    address: str
    folder: Path
    site: Path

    def __call__(self, bills: Path, layer: Layer) -> None:
        clock = Clock()
        database = Database(
            connect=lambda: FarSession(Client(self.address, "AF_UNIX"), layer),
            remaining=lambda: PATIENCE,
            clock=clock,
            sleep=clock.sleep,
        )
        warehouse = AzureSqlWarehouse(database, self.folder / "w", None)
        rules = rules_of(load_site(self.site))
        with watching_files(layer, self.folder), warehouse.open() as connection:
            archive = FolderArchive(self.folder / "archive")
            loader = Loader(warehouse, connection, archive, rules, Policy(lambda: NOW))
            for each in FolderSource(bills).snapshots([]):
                loader.load(each)


@contextmanager
def served(server: FakeAzureSql, address: str) -> Generator[None]:
    """The server behind a socket, as the collector's user."""
    threads: list[threading.Thread] = []
    ended = threading.Event()

    def accept() -> None:
        while True:
            connection = listener.accept()
            if ended.is_set():
                connection.close()
                return
            connect = server.connecting(COLLECTOR.name)
            threads.append(threading.Thread(target=_serve, args=(connect, connection)))
            threads[-1].start()

    with Listener(address, "AF_UNIX") as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield
        finally:
            ended.set()
            Client(address, "AF_UNIX").close()
            for thread in (accepting, *threads):
                thread.join(20)


def _serve(connect: Callable[[], Any], connection: Any) -> None:  # noqa: ANN401 - a socket's
    session: FakeSession = connect()
    with connection, suppress(EOFError, ConnectionError):
        while True:
            call, *words = connection.recv()
            try:
                answer = getattr(session, call)(*words)
            except SqlError as error:
                connection.send((str(error), None))
            else:
                connection.send(("", answer))
    session.close()


@dataclass(frozen=True)
class NativeAzure:
    """See ``turns.World``."""

    server: FakeAzureSql
    collector: NativeCollector

    def _tables(self) -> list[str]:
        found = self.server.rows(
            "SELECT schema_name || '.\"' || table_name || '\"' FROM duckdb_tables()"
            " WHERE schema_name IN ('dbo', 'staging') ORDER BY 1"
        )
        return [str(row[0]) for row in found]

    def save(self) -> None:
        for number, table in enumerate(self._tables()):
            self.server.rows(f"CREATE TABLE main.saved_{number} AS FROM {table}")

    def back(self) -> None:
        for number, table in enumerate(self._tables()):
            self.server.rows(f"DELETE FROM {table}")
            self.server.rows(f"INSERT INTO {table} FROM main.saved_{number}")

    def failing(self, layer: Layer) -> AbstractContextManager[None]:
        """Each statement is a request of its own here."""
        del layer
        return nullcontext()

    def settle(self) -> None:
        """A killed client's connection is rolled back as soon as its end is read."""

    def tables(self) -> Tables:
        return {
            table.name: self.server.rows(
                f'SELECT {names(table.names)} FROM dbo."{bare_name(table)}" ORDER BY ALL'
            )
            for table in LOADED
        }

    def facts(self) -> Sequence[Mapping[str, Any]]:
        rows = self.server.rows(f'SELECT {names(FACTS.names)} FROM dbo."{bare_name(FACTS)}"')
        return [dict(zip(FACTS.names, row, strict=True)) for row in rows]
