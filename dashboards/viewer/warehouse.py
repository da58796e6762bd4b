"""The published copy of an embedded warehouse, read only, opened again when a load has run."""

import contextlib
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from dashboards.duckdb_source import Answer, Chosen, bound, open_hub, run
from handlers.errors import WarehouseError

COMPLETE_THROUGH = "SELECT max(data_through) AS day FROM `hub.serving_ledger`"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING_CHOSEN = Chosen(since=NEVER, until=NEVER)
"""For a question that neither a time nor a filter changes."""

KEPT_ANSWERS = 64
"""A dashboard's, several times over: panels that show parts of one answer ask it once."""


@dataclass(frozen=True)
class Edition:
    """Which copy of the file it is: every load publishes another."""

    modified_ns: int
    inode: int
    size: int


class PublishedWarehouse:
    """Asks the newest copy; ``edition`` tells one load from the next.

    Raises:
        WarehouseError: nothing has been collected into it yet, or it is no warehouse of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._answers: dict[object, Answer] = {}
        self._edition, self._connection, self._open = self._opened()

    @property
    def edition(self) -> Edition:
        """Which copy is open."""
        return self._edition

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._open.close()

    def refresh(self) -> bool:
        """Open the copy again if a load has published another; whether it has.

        Raises:
            WarehouseError: what was published is no warehouse of ours; the old copy stays open.
        """
        with self._lock:
            if self._published() in {self._edition, None}:
                return False
            before = self._open
            self._answers.clear()
            self._edition, self._connection, self._open = self._opened()
            before.close()
            return True

    def ask(self, sql: str, chosen: Chosen) -> Answer:
        """The answer to a panel's or a variable's query.

        Raises:
            duckdb.Error: the query can't be answered.
            ValueError: it has a variable that no dashboard has.
        """
        text, values = bound(sql, chosen)
        asked = (text, *sorted(values.items()))
        with self._lock:
            if asked not in self._answers:
                if len(self._answers) == KEPT_ANSWERS:
                    self._answers.clear()
                self._answers[asked] = run(sql, chosen, self._connection)
            return self._answers[asked]

    def complete_through(self) -> date | None:
        """The newest day that any cloud has billed completely."""
        found = self.ask(COMPLETE_THROUGH, NOTHING_CHOSEN).rows[0][0]
        return found if isinstance(found, date) else None

    def _published(self) -> Edition | None:
        try:
            stat = self._path.with_suffix(".read.duckdb").stat()
        except OSError:
            return None
        return Edition(stat.st_mtime_ns, stat.st_ino, stat.st_size)

    def _opened(self) -> tuple[Edition, duckdb.DuckDBPyConnection, contextlib.ExitStack]:
        # Taken first: a copy that is published in between is opened once more, never missed.
        edition = self._published() or Edition(0, 0, 0)
        with contextlib.ExitStack() as opening:
            try:
                connection = opening.enter_context(open_hub(self._path))
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"{self._path}: is no warehouse of this version"
                    f" ({str(error).splitlines()[0].rstrip('.')}). Collect again:"
                    f" python -m handlers collect FOLDER --warehouse duckdb:{self._path}"
                ) from None
            return edition, connection, opening.pop_all()
