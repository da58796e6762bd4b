"""The embedded warehouse, with a layer under DuckDB and under the files of its folder."""

import resource
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from handlers.errors import CostError
from handlers.tables import FACTS
from tests.handlers.load.runs import collect, query, tables
from tests.proof.faults.layer import How, Kind, Layer, watching_files
from tests.proof.faults.turns import Collector, Tables


class WatchedConnection:
    """A connection of DuckDB whose statements go through a layer."""

    def __init__(self, inner: duckdb.DuckDBPyConnection, layer: Layer) -> None:
        self._inner = inner
        self._layer = layer

    def execute(self, sql: str, *values: object) -> duckdb.DuckDBPyConnection:
        work: Callable[[], duckdb.DuckDBPyConnection] = lambda: self._inner.execute(sql, *values)  # noqa: E731
        return self._layer.call(Kind.STATEMENT, sql, work, _engine_error)

    def cursor(self) -> "WatchedConnection":
        return WatchedConnection(self._inner.cursor(), self._layer)

    def __enter__(self) -> "WatchedConnection":
        self._inner.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a connection has
        return getattr(self._inner, name)


def _engine_error(how: How) -> duckdb.Error:
    return duckdb.IOException(f"IO Error: as planned: {how}")


@dataclass(frozen=True)
class EmbeddedCollector:
    """Collects into ``folder``/costs.duckdb, with the site data ``site``."""

    folder: Path
    site: Path

    def __call__(self, bills: Path, layer: Layer) -> None:
        connect = duckdb.connect

        def watched(*words: Any, **named: Any) -> WatchedConnection:  # noqa: ANN401
            return WatchedConnection(connect(*words, **named), layer)

        with mock.patch("duckdb.connect", watched), watching_files(layer, self.folder):
            collect(bills, self.folder / "costs.duckdb", self.site)


@dataclass(frozen=True)
class OnASmallDisk:
    """The same on a disk that takes no file of more than ``most_bytes``; for a child only.

    So a write of the engine's own fails, which no layer in Python sees.
    What comes of it is a refusal of ours: any other error ends the child with another exit code.
    """

    collector: Collector
    most_bytes: int

    def __call__(self, bills: Path, layer: Layer) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.most_bytes, most))
        with suppress(CostError):
            self.collector(bills, layer)


@dataclass(frozen=True)
class Embedded:
    """See ``turns.World``."""

    folder: Path
    collector: Collector

    @property
    def _saved(self) -> Path:
        return self.folder.with_name("saved")

    def save(self) -> None:
        shutil.copytree(self.folder, self._saved)

    def back(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._saved, self.folder)

    def failing(self, layer: Layer) -> AbstractContextManager[None]:
        """There is no server."""
        del layer
        return nullcontext()

    def settle(self) -> None:
        """Nothing goes on without a client."""

    def tables(self) -> Tables:
        return tables(self.folder / "costs.duckdb")

    def facts(self) -> Sequence[Mapping[str, Any]]:
        columns = ", ".join(FACTS.names)
        rows = query(self.folder / "costs.duckdb", f"SELECT {columns} FROM llm_costs")
        return [dict(zip(FACTS.names, row, strict=True)) for row in rows]
