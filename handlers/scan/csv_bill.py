"""Reading the parts of a CSV bill, two at once: each is one thread's work for the engine.

Each part has a connection of its own and fills a table of its own in a database in memory that
all see; the parts' lines are taken over in the bill's order, whichever was read first.
"""

import contextlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb

from handlers.scan.csv_part import move_csv_part, read_csv_part
from handlers.scan.feed import Watch
from handlers.scan.kept import Kept
from handlers.sources import Reading
from handlers.sources.parts import Part

_AT_ONCE = 2
"""Parts that are read side by side. One more, and the process would not stay in its memory."""

_SCRATCH = "scan_scratch"


@contextlib.contextmanager
def read_side_by_side(
    connection: duckdb.DuckDBPyConnection,
    readings: Sequence[tuple[Part, Reading]],
    kept: Kept,
    watch: Callable[[int, Sequence[str]], Watch],
) -> Generator[Callable[[int], None], None, None]:
    """Start to read all parts; what waits for the part of a number (from 0) and takes it over.

    ``watch`` says, by the part's number and the columns of its header, what is shown its text.
    What is given raises ``duckdb.Error`` or one of ``READ_ERRORS`` when that part can't be read.
    Parts that nobody waited for are not read to their end.
    """
    connection.execute(f"ATTACH ':memory:' AS {_SCRATCH}")
    cursors = [_cursor(connection) for _ in readings]
    pool = ThreadPoolExecutor(_AT_ONCE)

    def start(number: int) -> Future[None]:
        part, reading = readings[number]
        table = f"{_SCRATCH}.part_{number}"
        return pool.submit(
            read_csv_part,
            *(cursors[number], part, reading, kept, table),
            lambda names: watch(number, names),
        )

    def take_over(number: int) -> None:
        running[number].result()
        move_csv_part(connection, f"{_SCRATCH}.part_{number}", readings[number][1])

    running = [start(number) for number in range(len(readings))]
    try:
        yield take_over
    finally:
        _stop(pool, running, cursors)
        connection.execute(f"DETACH {_SCRATCH}")


def _cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same engine, in the same time zone, which is each one's own."""
    cursor = connection.cursor()
    zone = connection.execute("SELECT current_setting('TimeZone')").fetchone()
    cursor.execute("SET TimeZone = ?", zone)
    return cursor


def _stop(
    pool: ThreadPoolExecutor,
    running: Sequence[Future[None]],
    cursors: Sequence[duckdb.DuckDBPyConnection],
) -> None:
    """Let nothing run on: no part is of use once one can't be read."""
    pool.shutdown(wait=False, cancel_futures=True)
    for future, cursor in zip(running, cursors, strict=True):
        while not future.done():
            cursor.interrupt()
            with contextlib.suppress(TimeoutError, duckdb.Error):
                future.exception(timeout=0.05)
        cursor.close()
    pool.shutdown()
