"""The live tables against the record: what is missing, what is more, what can't be."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import NotFound

from handlers.warehouses.bigquery.jobs import UNREACHABLE, Jobs, unreachable
from handlers.warehouses.bigquery.names import dataset_of
from handlers.warehouses.bigquery.schema import BigQueryTable, tables

_SAME = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
"""Two names of one type, of which the API may give either."""


@dataclass(frozen=True)
class Differences:
    """What the live tables have not, have more, or have otherwise; each a text that names it."""

    missing: tuple[str, ...]
    more: tuple[str, ...]
    otherwise: tuple[str, ...]


def differences(jobs: Jobs, project: str, dataset: str) -> Differences:
    """Compare every table of the dataset with the record.

    Raises:
        WarehouseError: BigQuery can't be asked.
    """
    missing: list[str] = []
    more: list[str] = []
    otherwise: list[str] = []
    for table in tables():
        live = _live(jobs, f"{dataset_of(project, dataset)}.{table.name}")
        if live is None:
            missing.append(f"table {table.name}")
            continue
        wanted: Mapping[str, Any] = {field["name"]: field for field in _fields(table)}
        missing += [f"{table.name}.{name}" for name in wanted if name not in live]
        for name, field in live.items():
            if name in wanted:
                otherwise += _otherwise(f"{table.name}.{name}", field, wanted[name])
            elif field["mode"] == "REQUIRED":
                otherwise.append(f"{table.name}.{name} is REQUIRED there and unknown here")
            else:
                more.append(f"{table.name}.{name}")
    return Differences(tuple(missing), tuple(more), tuple(otherwise))


def _live(jobs: Jobs, name: str) -> Mapping[str, Mapping[str, Any]] | None:
    try:
        table = jobs.client.get_table(name, retry=jobs.retry())
    except NotFound:
        return None
    except UNREACHABLE as error:
        raise unreachable("reading the tables' columns", error) from error
    fields: Sequence[Mapping[str, Any]] = [field.to_api_repr() for field in table.schema]
    return {str(field["name"]): field for field in fields}


def _otherwise(name: str, live: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    there, here = _shape(live), _shape(wanted)
    if there != here:
        yield f"{name} is {there} there and {here} here"


def _shape(field: Mapping[str, Any]) -> str:
    kind = str(field["type"]).partition("(")[0]
    limit = f"({field['maxLength']})" if field.get("maxLength") else ""
    return f"{_SAME.get(kind, kind)}{limit} {field.get('mode', 'NULLABLE')}"


def _fields(table: BigQueryTable) -> Sequence[Mapping[str, Any]]:
    return json.loads(table.schema_json)
