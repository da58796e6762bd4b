"""BigQuery's jobs over DuckDB: transactional, and executed whether or not the client lives.

A job belongs to the server. Its script runs in a transaction of its own where it begins one; two
that change the same rows at once do not both commit, and BigQuery's words say so
(https://docs.cloud.google.com/bigquery/docs/transactions). What this does not know it refuses: a
statement of another kind, a name that is not bound, a table or column that is not there.
"""

import contextlib
import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from handlers.quoting import literal
from handlers.warehouses.bigquery import BigQueryTable

PROJECT = "demo-project"
ABORTED = "Transaction is aborted due to concurrent update against table {table}."

_TYPES = {
    "STRING": "VARCHAR",
    "NUMERIC": "DECIMAL(38, 9)",
    "TIMESTAMP": "TIMESTAMP",
    "INTEGER": "BIGINT",
    "INT64": "BIGINT",
    "DATE": "DATE",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
}
_BACK = {
    "VARCHAR": "STRING",
    "BIGINT": "INTEGER",
    "INTEGER": "INTEGER",
    "HUGEINT": "NUMERIC",
    "DATE": "DATE",
    "DOUBLE": "FLOAT",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP",
}
_ASSERT = re.compile(r"ASSERT (?P<holds>.*) AS '(?P<message>[^']*)'", re.DOTALL)
_KINDS = (exp.Select, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Subquery, exp.Union)


class Refused(Exception):
    """What a job ends with: BigQuery's ``reason`` and its message."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass
class Job:
    """A job: running until ``done``; its rows or why it failed."""

    job_id: str
    kind: str
    sql: str = ""
    done: threading.Event = field(default_factory=threading.Event)
    error: Refused | None = None
    schema: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    rows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    output_rows: int = 0
    bytes_billed: int = 0


Step = Callable[[Job, str], object]
"""Is told of each statement of a job before it runs; may wait, or raise ``Refused``."""


class Engine:
    """The datasets ``costs`` and ``staging``, and every job that was ever started."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.schemas: dict[str, list[Mapping[str, Any]]] = {}
        self.before: list[Step] = []
        self.bytes_of_a_query = 10 * 1024 * 1024
        """What each query says it would bill."""
        self.clock: Callable[[], datetime] | None = None
        """The server's time (UTC), where it is not the machine's."""
        self._threads: list[threading.Thread] = []
        self._guard = threading.Lock()
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'")
        for dataset in ("costs", "staging"):
            self._database.execute(f"CREATE SCHEMA {dataset}")

    def close(self) -> None:
        """Wait for what still runs, as no client does."""
        for thread in self._threads:
            thread.join(20)
        self._database.close()

    def create(self, dataset: str, table: BigQueryTable) -> None:
        """Create a table, as the Pulumi program would."""
        self._create(f"{dataset}.{table.name}", json.loads(table.schema_json))

    def _create(self, name: str, fields: Sequence[Mapping[str, Any]]) -> None:
        columns = ", ".join(
            f'"{each["name"]}" {_TYPES[str(each["type"])]}'
            + (" NOT NULL" if each.get("mode") == "REQUIRED" else "")
            for each in fields
        )
        with self._guard:
            self._database.execute(f"CREATE TABLE {name} ({columns})")
            self.schemas[name] = list(fields)

    def create_view(self, name: str, sql: str) -> None:
        """Create a view, as the Pulumi program would."""
        translated, _ = _in_duckdb(sql)
        with self._guard:
            self._database.execute(f"CREATE VIEW {name} AS {translated}")

    def drop(self, name: str) -> bool:
        """Whether a table of that name was there; it is not now."""
        with self._guard:
            if self.schemas.pop(name, None) is None:
                return False
            self._database.execute(f"DROP TABLE {name}")
            return True

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What ``sql`` gives now, to whoever looks from outside."""
        with self._database.cursor() as cursor:
            found = cursor.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def start(self, job: Job, work: Callable[[duckdb.DuckDBPyConnection], None]) -> Job | None:
        """The job that has that id already; None when there was none and this one runs now."""
        with self._guard:
            if job.job_id in self.jobs:
                return self.jobs[job.job_id]
            self.jobs[job.job_id] = job
        thread = threading.Thread(target=self._run, args=(job, work), daemon=True)
        self._threads.append(thread)
        thread.start()
        return None

    def _run(self, job: Job, work: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        with self._database.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            try:
                work(cursor)
            except Refused as error:
                job.error = error
            except duckdb.TransactionException as error:
                job.error = Refused("invalidQuery", ABORTED.format(table="costs.load_lock"))
                job.error.__cause__ = error
            except (duckdb.Error, SqlglotError) as error:
                job.error = Refused("invalidQuery", str(error).splitlines()[0])
            if job.error is not None:
                with contextlib.suppress(duckdb.TransactionException):  # it may have begun none
                    cursor.execute("ROLLBACK")
        job.done.set()

    def query(self, job: Job, sql: str, bound: Mapping[str, Any], most_bytes: int) -> Job | None:
        """Start a query job; see ``start``."""

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            if self.bytes_of_a_query > most_bytes:
                raise Refused(
                    "bytesBilledLimitExceeded",
                    f"Query exceeded limit for bytes billed: {most_bytes}."
                    f" {self.bytes_of_a_query} or higher required.",
                )
            for statement in _statements(sql):
                for step in self.before:
                    step(job, statement)
                self._execute(cursor, job, statement, bound)
            job.bytes_billed = self.bytes_of_a_query

        return self.start(job, work)

    def _execute(
        self,
        cursor: duckdb.DuckDBPyConnection,
        job: Job,
        statement: str,
        bound: Mapping[str, Any],
    ) -> None:
        if statement in ("BEGIN TRANSACTION", "COMMIT TRANSACTION"):
            cursor.execute(statement.partition(" ")[0])
            return
        asserted = _ASSERT.fullmatch(statement)
        text = f"SELECT {asserted['holds']}" if asserted else statement
        sql, values = _translated(text, bound)
        found = cursor.execute(self._timed(sql), values)
        if asserted:
            if (found.fetchone() or (False,))[0] is not True:
                raise Refused("invalidQuery", f"{asserted['message']} at [1:1]")
            return
        if sql.lstrip("( ").upper().startswith(("SELECT", "WITH")):
            job.schema = [(str(name), _back(str(kind))) for name, kind, *_ in found.description]
            job.rows = found.fetchall()

    def _timed(self, sql: str) -> str:
        if self.clock is None:
            return sql
        return sql.replace("CURRENT_TIMESTAMP", f"TIMESTAMP '{self.clock():%Y-%m-%d %H:%M:%S.%f}'")

    def load(self, job: Job, load: Mapping[str, Any], content: bytes) -> Job | None:
        """Start a load job; see ``start``."""
        target = load["destinationTable"]
        name = f"{target['datasetId']}.{target['tableId']}"

        def work(cursor: duckdb.DuckDBPyConnection) -> None:
            for step in self.before:
                step(job, f"LOAD {name}")
            if load.get("sourceFormat") != "PARQUET" or load.get("decimalTargetTypes") != [
                "NUMERIC"
            ]:
                raise Refused("invalid", "only parquet with NUMERIC decimals is read here")
            if load.get("writeDisposition") != "WRITE_EMPTY" or name in self.schemas:
                raise Refused("duplicate", f"Already Exists: Table {PROJECT}:{name}")
            fields = load["schema"]["fields"]
            self._create(name, fields)
            names = ", ".join(f'"{each["name"]}"' for each in fields)
            with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
                Path(file.name).write_bytes(content)
                cursor.execute(
                    f"INSERT INTO {name} SELECT {names} FROM read_parquet({literal(file.name)})"
                )
            job.output_rows = len(self.rows(f"SELECT 1 FROM {name}"))

        return self.start(job, work)


def _statements(sql: str) -> list[str]:
    return [each.strip() for each in sql.split(";\n") if each.strip(" ;\n")]


def _translated(text: str, bound: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement in DuckDB's dialect, with those of the values that it names.

    Raises:
        Refused: a statement that is not known here, a table without its project, an unbound name.
    """
    sql, names = _in_duckdb(text)
    missing = sorted(names - bound.keys())
    if missing:
        raise Refused("invalidQuery", f"Query parameter '{missing[0]}' not found")
    return sql, {name: bound[name] for name in names}


@lru_cache(maxsize=512)
def _in_duckdb(text: str) -> tuple[str, frozenset[str]]:
    """The statement in DuckDB's dialect, and the names that it binds; see ``_translated``."""
    (tree,) = sqlglot.parse(text, read="bigquery")
    if not isinstance(tree, _KINDS):
        raise Refused("invalidQuery", f"Syntax error: a statement of no known kind: {text[:80]}")
    names = frozenset(each.name for each in tree.find_all(exp.Parameter))
    made = {each.alias for each in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and table.name not in made:
            if table.catalog != PROJECT:
                raise Refused("notFound", f"Not found: Project of {table.sql()}")
            table.set("catalog", None)
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this == exp.DataType.Type.DECIMAL and not kind.expressions:
            kind.replace(exp.DataType.build("DECIMAL(38, 9)", dialect="duckdb"))
    return tree.sql(dialect="duckdb", comments=False), names


def _back(kind: str) -> str:
    return "NUMERIC" if kind.startswith("DECIMAL") else _BACK[kind]
