"""Redshift's stand-in, with a layer under boto3's clients (Data API, S3) and one under its SQL."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from botocore.exceptions import ClientError, ConnectionClosedError

from handlers.tables import FACTS, LOADED
from handlers.warehouses.redshift.schema import table_name
from tests.engine.redshift.native import BUCKET, Native
from tests.fakes.moto_server import aws_client
from tests.fakes.redshift_data import FakeRedshift
from tests.fakes.redshift_sql import Refused
from tests.proof.faults.layer import How, Kind, Layer, watching_files
from tests.proof.faults.turns import Tables


@dataclass(frozen=True)
class NativeCollector:
    """Collects by the Data API at ``data_api`` and S3 at ``s3``, with files in ``folder``."""

    data_api: str
    s3: str
    folder: Path
    site: Path

    def __call__(self, bills: Path, layer: Layer) -> None:
        self.folder.mkdir(exist_ok=True)
        s3, data = aws_client("s3", self.s3), aws_client("redshift-data", self.data_api)
        with closing(s3), closing(data):
            for client in (s3, data):
                put_under(client, layer)
            with watching_files(layer, self.folder):
                Native(FakeRedshift("", s3), data, s3, self.folder).load(bills, self.site)


def put_under(client: Any, layer: Layer) -> None:  # noqa: ANN401 - boto3 makes it at run time
    """Under botocore's own retries: what it sends is counted, each attempt by itself."""
    session = client._endpoint.http_session
    send = session.send

    def counted(request: Any) -> Any:  # noqa: ANN401 - botocore's prepared request
        what = f"{request.method} {request.headers.get('X-Amz-Target', request.url)}"
        answers: list[Any] = []

        def work() -> Any:  # noqa: ANN401 - botocore's answer
            answers.append(send(request))
            return answers[-1]

        def error(how: How) -> Exception:
            for lost in answers:
                lost.raw.close()
            return _error(how)

        return layer.call(Kind.REQUEST, what, work, error)

    session.send = counted


def _error(how: How) -> Exception:
    if how is How.REFUSED:
        answer = {
            "Error": {"Code": "AccessDeniedException", "Message": "as planned"},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        }
        return ClientError(answer, "Planned")
    return ConnectionClosedError(endpoint_url="as planned")


@dataclass(frozen=True)
class NativeAws:
    """See ``turns.World``."""

    fake: FakeRedshift
    s3: Any
    collector: NativeCollector

    def _tables(self, connection: "psycopg.Connection[Any]") -> list[str]:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'llm_costs'"
        )
        return [str(row[0]) for row in found.fetchall()]

    def save(self) -> None:
        with psycopg.connect(self.fake.address, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS saved CASCADE")
            connection.execute("CREATE SCHEMA saved")
            for name in self._tables(connection):
                connection.execute(
                    f"CREATE TABLE saved.{name} AS SELECT * FROM llm_costs.{name}".encode()
                )

    def back(self) -> None:
        self.settle()
        with psycopg.connect(self.fake.address, autocommit=True) as connection:
            for name in self._tables(connection):
                connection.execute(f"TRUNCATE llm_costs.{name}".encode())
                connection.execute(
                    f"INSERT INTO llm_costs.{name} SELECT * FROM saved.{name}".encode()
                )
        self.fake.statements.clear()
        self.fake._tokens.clear()  # pyright: ignore[reportPrivateUsage]
        for left in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            self.s3.delete_object(Bucket=BUCKET, Key=left["Key"])

    @contextmanager
    def failing(self, layer: Layer) -> Generator[None]:
        """Fail the n-th statement of the load's transaction on the server."""

        def before(_place: int, sql: str) -> None:
            layer.call(Kind.STATEMENT, sql, lambda: None, lambda _: Refused("as planned"))

        self.fake.before_statement = before
        try:
            yield
        finally:
            self.settle()
            self.fake.before_statement = lambda _place, _sql: None

    def settle(self) -> None:
        self.fake.wait()

    def tables(self) -> Tables:
        return {table.name: sorted(map(str, self._rows(table.names, table_name(table))))
                for table in LOADED}  # fmt: skip

    def facts(self) -> Sequence[Mapping[str, Any]]:
        rows = self._rows(FACTS.names, table_name(FACTS))
        return [dict(zip(FACTS.names, row, strict=True)) for row in rows]

    def _rows(self, names: Sequence[str], table: str) -> list[tuple[Any, ...]]:
        columns = ", ".join(f'"{name}"' for name in names)
        return self.fake.query(f"SELECT {columns} FROM {table}")
