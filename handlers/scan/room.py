"""How much of a machine a run may use: the engine's threads and memory, and parts read at once.

Parts of a bill know nothing of each other, so the more there is room for, the more are read side by
side; what comes out is the same for any number.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    # A cold start only has to open the door, and what opens it names the room.
    import duckdb

WORKERS = "COST_WORKERS"
"""What says in the environment of a task for how many workers it has room; no function has it."""
MOST_WORKERS = 64

_MB_A_WORKER = 1000
"""Of the engine's memory; what holds a part and inflates it has about as much again beside it."""


@dataclass(frozen=True)
class Room:
    """``threads`` and ``memory_mb`` are the engine's, in all; parts are those read at once.

    A part of CSV is one thread's work for the engine. A ``typed`` part (parquet) is held as a file
    and gives every thread something to do. ``spill_mb`` is what the engine may put into files when
    its memory is full; what the disk has where it is None.
    """

    threads: int
    memory_mb: int
    csv_parts: int
    typed_parts: int
    spill_mb: int | None = None

    @classmethod
    def of_workers(cls, workers: int) -> Self:
        """Room for so many parts of any kind; a machine of so many cores has it."""
        return cls(workers, workers * _MB_A_WORKER, workers, workers)

    def give(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Let the engine have it."""
        connection.execute(f"SET threads = {self.threads}")
        connection.execute(f"SET memory_limit = '{self.memory_mb}MB'")
        if self.spill_mb is not None:
            connection.execute(f"SET max_temp_directory_size = '{self.spill_mb}MB'")


LAPTOP = Room(threads=2, memory_mb=200, csv_parts=2, typed_parts=1)
"""The process stays under 350 MiB. One more part of CSV, and it would not."""

FUNCTION = replace(LAPTOP, spill_mb=200)
"""The same, which fits a function of 512 MiB. Its files lie in these too: with more of them it
would be killed without a word, so that the load is refused instead (``no_room``)."""
