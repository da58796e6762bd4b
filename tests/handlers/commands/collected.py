"""Collecting another bill into a warehouse that holds a good one, and what that changed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb

from handlers.tables import LOADED
from tests.conftest import RunHandlers

NOW = "2026-11-21T06:00:00"

Tables = dict[str, list[tuple[Any, ...]]]


class Collected:
    """What a run of ``collect`` over new bills did to the good warehouse."""

    def __init__(self, good: Path, folder: Path, run_handlers: RunHandlers) -> None:
        self.folder = folder
        self._run = run_handlers
        for file in good.glob("costs*"):
            shutil.copy2(file, folder)
        self.before = tables_of(folder)

    def collect(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self._run(
            *("collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--now", NOW, *options)
        )

    def refused(self, *said: str, options: tuple[str, ...] = ()) -> str:
        """That the run fails, says all of ``said`` and changes nothing; gives what it says."""
        result = self.collect(*options)

        assert "Traceback" not in result.stderr
        assert result.returncode == 1, result.stdout
        assert result.stderr.startswith("error: ")
        for words in said:
            assert words in result.stderr
        assert tables_of(self.folder) == self.before
        return result.stderr

    def accepted(self, *options: str) -> Tables:
        """That the run succeeds; gives the tables."""
        result = self.collect(*options)

        assert result.returncode == 0, result.stderr
        return tables_of(self.folder)


def tables_of(folder: Path) -> Tables:
    """Every row of every table that a load fills, as a reader sees them."""
    with duckdb.connect(folder / "costs.read.duckdb", read_only=True) as connection:
        return {
            table.name: connection.execute(f"FROM {table.name} ORDER BY ALL").fetchall()
            for table in LOADED
        }


def facts(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / "costs.read.duckdb", read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM llm_costs ORDER BY ALL").fetchall()
