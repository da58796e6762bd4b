"""BigQuery's stand-in, with a layer under Google's client and one under the server's statements."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import requests
from google.api_core.exceptions import Forbidden

from handlers.archive import FolderArchive
from handlers.load.load import Loader, Policy
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from tests.fakes.bigquery_engine import Engine, Job, Refused
from tests.fakes.bigquery_server import FakeBigQuery
from tests.handlers.load.runs import NOW, rules_of
from tests.handlers.warehouses.bigquery.hubs import collector, tables
from tests.proof.faults.layer import How, Kind, Layer, watching_files
from tests.proof.faults.turns import Tables


@dataclass(frozen=True)
class HubCollector:
    """Collects into the server at ``url``, with files in ``folder``."""

    url: str
    folder: Path
    site: Path

    def __call__(self, bills: Path, layer: Layer) -> None:
        with collector(FakeBigQuery(Engine(), self.url), self.folder) as ours:
            _put_under(ours.jobs.client, layer)
            warehouse = ours.warehouse
            with watching_files(layer, self.folder), warehouse.open() as connection:
                archive = FolderArchive(self.folder / "archive")
                rules = rules_of(load_site(self.site))
                loader = Loader(warehouse, connection, archive, rules, Policy(lambda: NOW))
                for each in FolderSource(bills).snapshots([]):
                    loader.load(each)


def _put_under(client: Any, layer: Layer) -> None:  # noqa: ANN401 - Google's session is its own
    session = client._http
    request = session.request

    def counted(method: str, url: str, *words: Any, **named: Any) -> Any:  # noqa: ANN401
        work: Callable[[], Any] = lambda: request(method, url, *words, **named)  # noqa: E731
        return layer.call(Kind.REQUEST, f"{method} {urlsplit(url).path}", work, _error)

    session.request = counted


def _error(how: How) -> Exception:
    if how is How.REFUSED:
        return Forbidden("as planned")
    return requests.ConnectionError("as planned")


@dataclass(frozen=True)
class Hub:
    """See ``turns.World``."""

    fake: FakeBigQuery
    collector: HubCollector

    @property
    def _database(self) -> duckdb.DuckDBPyConnection:
        return self.fake.engine._database  # pyright: ignore[reportPrivateUsage]

    def _places(self) -> list[str]:
        return [name for name in self.fake.engine.schemas if name.startswith("costs.")]

    def save(self) -> None:
        self._database.execute("CREATE SCHEMA saved")
        for place in self._places():
            self._database.execute(f"CREATE TABLE saved.{place[6:]} AS FROM {place}")

    def back(self) -> None:
        self.settle()
        for place in self._places():
            self._database.execute(f"DELETE FROM {place}")
            self._database.execute(f"INSERT INTO {place} FROM saved.{place[6:]}")
        for name in self.fake.staged():
            self.fake.engine.drop(name)
        self.fake.engine.jobs.clear()

    def settle(self) -> None:
        for job in list(self.fake.engine.jobs.values()):
            assert job.done.wait(30)

    def tables(self) -> Tables:
        return tables(self.fake)

    def facts(self) -> Sequence[Mapping[str, Any]]:
        return self.fake.engine.rows("SELECT * FROM costs.aws_llm_costs")

    @contextmanager
    def failing(self, layer: Layer) -> Generator[None]:
        """Fail the n-th statement of the transactions on the server."""

        def step(job: Job, statement: str) -> None:
            if job.job_id.startswith("replace_"):
                layer.call(Kind.STATEMENT, statement, lambda: None, _refused)

        self.fake.engine.before.append(step)
        try:
            yield
        finally:
            self.settle()
            self.fake.engine.before.remove(step)


def _refused(how: How) -> Exception:
    return Refused("invalidQuery", f"as planned: {how}")
