"""What ``anomalies`` and ``alerts`` have in common: a laptop's warehouse, and its site's plans."""

import contextlib
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import click

from handlers.alerts.laptop import DuckDbRunner
from handlers.errors import UsageError
from handlers.warehouses.duckdb import DuckDbWarehouse, open_reader

now_option = click.option(
    "--now", "moment", metavar="TIME", help="Decide as at this time (ISO 8601, UTC)."
)


@contextlib.contextmanager
def writing(path: Path) -> Generator[DuckDbRunner, None, None]:
    """Answers of the warehouse ``path``, while no other process writes.

    Raises:
        WarehouseError: nothing has been collected into it yet, or another process writes.
    """
    with open_reader(path):
        pass
    with DuckDbWarehouse(path).open() as connection:
        yield DuckDbRunner(connection)


def moment_of(text: str | None) -> datetime:
    """The time ``text``, in UTC unless it says otherwise; now if there is none."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a time: write it as 2026-11-21T06:00:00.") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
