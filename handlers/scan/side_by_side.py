"""Reading parts of a bill side by side, and taking them over in the bill's order.

Each part has a connection of its own and fills tables of its own in a database in memory that all
see (``SCRATCH``), so what is taken over is the same whichever was read first.
"""

import contextlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import duckdb

SCRATCH = "scan_scratch"

R = TypeVar("R")


@contextlib.contextmanager
def side_by_side(
    connection: duckdb.DuckDBPyConnection,
    parts: int,
    at_once: int,
    read: Callable[[duckdb.DuckDBPyConnection, int], R],
) -> Generator[Callable[[int], R]]:
    """Start to ``read`` the parts numbered from 0; gives what waits for the part of a number.

    That returns what ``read`` returned and raises what it raised. Parts that nobody waited for are
    not read to their end: the engine interrupts what they ask of it.
    """
    connection.execute(f"ATTACH ':memory:' AS {SCRATCH}")
    cursors = [_cursor(connection) for _ in range(parts)]
    pool = ThreadPoolExecutor(at_once)
    running = [pool.submit(read, cursor, number) for number, cursor in enumerate(cursors)]
    try:
        yield lambda number: running[number].result()
    finally:
        _stop(pool, running, cursors)
        connection.execute(f"DETACH {SCRATCH}")


def _cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to the same engine, in the same time zone, which is each one's own."""
    cursor = connection.cursor()
    zone = connection.execute("SELECT current_setting('TimeZone')").fetchone()
    cursor.execute("SET TimeZone = ?", zone)
    return cursor


def _stop(
    pool: ThreadPoolExecutor,
    running: Sequence[Future[R]],
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
