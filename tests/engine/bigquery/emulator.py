"""The BigQuery emulator, asked by Google's own client.

What it lacks is met here and not in the product's SQL:

- CREATE OR REPLACE of a table that is there fails: every attempt has tables of its own.
- REGEXP_REPLACE takes the second group in a replacement for the digit 2, and many WITH steps make
  it run out of memory: ``name_skus`` has the catalog's rules answered by GoogleSQL's own
  evaluator, and puts the answer in.
- A load job puts the fields of structs in lists in random order: the export is loaded as text and
  taken apart by SQL.
- Each analysis costs memory that is never freed: a process serves one bill.
"""

import io
import json
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from handlers.catalog.dialect import BIGQUERY
from handlers.catalog.render import INPUT_COLUMNS, OUTPUT_COLUMNS
from handlers.sources.gcp.bigquery import Statement
from handlers.warehouses.bigquery import BigQueryTable, billing_export_schema
from handlers.warehouses.bigquery.names import TableName
from tests.fakes.bigquery_proxy import proxy_to
from tests.sql.googlesql import GoogleSql

PROJECT = "demo-project"
STARTS_WITHIN = 20.0

Row = dict[str, Any]
_SCHEMA_FIELD: Any = bigquery.SchemaField


@dataclass(frozen=True)
class Emulator:
    """A project with the datasets ``costs``, ``staging`` and ``billing``."""

    client: Any
    """Google's client: its types don't know that a call may not be tried again (``None``)."""
    port: int = 0

    def run(self, sql: str, bound: Mapping[str, str | Sequence[str]] | None = None) -> list[Row]:
        """The rows that ``sql`` gives; an error is not tried again."""
        parameters = [
            bigquery.ScalarQueryParameter(name, "STRING", value)
            if isinstance(value, str)
            else bigquery.ArrayQueryParameter(name, "STRING", list(value))
            for name, value in (bound or {}).items()
        ]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        found = self.client.query_and_wait(sql, job_config=config, retry=None, job_retry=None)
        return [dict(row) for row in found]

    def create(self, dataset: str, table: BigQueryTable) -> None:
        """Create a table by the API, as the Pulumi program would."""
        name = TableName(PROJECT, dataset, table.name)
        fields = [_SCHEMA_FIELD.from_api_repr(f) for f in json.loads(table.schema_json)]
        made = bigquery.Table(str(name).strip("`"), schema=fields)
        made.description = table.meaning
        if table.partition_field:
            made.time_partitioning = bigquery.TimePartitioning(
                type_=table.partition_type, field=table.partition_field
            )
        if table.cluster:
            made.clustering_fields = list(table.cluster)
        self.client.create_table(made, retry=None)

    def load_export(self, rows: Sequence[Row]) -> TableName:
        """A billing export with these rows (JSON, as an extract job writes them)."""
        text = b"".join(json.dumps({"line": json.dumps(row)}).encode() + b"\n" for row in rows)
        schema = [bigquery.SchemaField("line", "STRING")]
        self.client.create_table(
            bigquery.Table(f"{PROJECT}.billing.texts", schema=schema), retry=None
        )
        config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=schema)
        self.client.load_table_from_file(
            io.BytesIO(text), f"{PROJECT}.billing.texts", size=len(text), job_config=config
        )
        fields = json.loads(billing_export_schema())
        cells = ", ".join(f"{_cell(field, 'line', '$')} AS {field['name']}" for field in fields)
        export = TableName(PROJECT, "billing", "export")
        self.run(f"CREATE TABLE {export} AS SELECT {cells} FROM billing.texts")
        return export

    def name_skus(self, statement: Statement, skus: TableName) -> None:
        """Fill ``statement``'s table with the rules' answers for the table of ``skus``."""
        self.answer(str(statement.table), statement.query, str(skus))

    def answer(self, table: str, rules: str, skus: str) -> None:
        """The same for a query as text, with the tables' names in backquotes."""
        found = self.run(f"SELECT * FROM {skus}")
        structs = ", ".join(
            "STRUCT("
            + ", ".join(f"{_literal(row[name])} AS {name}" for name in INPUT_COLUMNS)
            + ")"
            for row in found
        )
        rules = rules.removeprefix("WITH ").replace(skus, "skus")
        query = f"WITH skus AS (SELECT * FROM UNNEST([{structs}])),\n{rules}"
        answers = GoogleSql().evaluate(f"SELECT TO_JSON_STRING(answer) FROM ({query}) AS answer")
        cells = ", ".join(
            f"{name} {_ANSWERS.get(name, 'STRING')}" for name in (*INPUT_COLUMNS, *OUTPUT_COLUMNS)
        )
        self.run(f"CREATE TABLE {table} ({cells})")
        rows = b"".join(answer.encode() + b"\n" for answer in answers)
        schema = self.client.get_table(table.strip("`"), retry=None).schema
        config = bigquery.LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", schema=schema)
        self.client.load_table_from_file(
            io.BytesIO(rows), table.strip("`"), size=len(rows), job_config=config
        )


_ANSWERS = {"is_ai": "BOOL", "unit_size": "NUMERIC"}


def _literal(text: str | None) -> str:
    return "CAST(NULL AS STRING)" if text is None else BIGQUERY.literal(text)


_CELLS = {"FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


def _cell(field: Mapping[str, Any], source: str, path: str) -> str:
    here = f"{path}.{field['name']}"
    kind = str(field["type"])
    if kind == "RECORD" and field["mode"] == "REPEATED":
        inside = ", ".join(f"{_cell(f, 'item', '$')} AS {f['name']}" for f in field["fields"])
        return (
            f"ARRAY(SELECT AS STRUCT {inside} FROM UNNEST(JSON_QUERY_ARRAY({source}, '{here}'))"
            " AS item WITH OFFSET AS n ORDER BY n)"
        )
    if kind == "RECORD":
        inside = ", ".join(f"{_cell(f, source, here)} AS {f['name']}" for f in field["fields"])
        return f"STRUCT({inside})"
    value = f"JSON_VALUE({source}, '{here}')"
    return value if kind == "STRING" else f"CAST({value} AS {_CELLS.get(kind, kind)})"


@contextmanager
def behind_proxy(emulator: Emulator) -> Generator[str, None, None]:
    """The address at which the emulator does what production code needs of it."""

    def name_skus(table: str, query: str) -> None:
        emulator.answer(table, query, table.replace("_named`", "_skus`"))

    with proxy_to(emulator.port, name_skus) as address:
        yield address


@contextmanager
def running(executable: str) -> Generator[Emulator, None, None]:
    """A fresh emulator on a free port, stopped at the end."""
    ports = _free_ports(2)
    process = subprocess.Popen(
        [
            executable,
            f"--project={PROJECT}",
            "--host=127.0.0.1",
            f"--port={ports[0]}",
            f"--grpc-port={ports[1]}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(ports[0])
        options = ClientOptions(api_endpoint=f"http://127.0.0.1:{ports[0]}")
        client: Any = bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)
        for dataset in ("costs", "staging", "billing"):
            client.create_dataset(dataset, retry=None)
        yield Emulator(client, ports[0])
        client.close()
    finally:
        process.kill()
        process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
