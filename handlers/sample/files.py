"""Writing files whose bytes depend on nothing but their content."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

Row = Sequence[str]

BOM = "\ufeff"
COMPRESSION = 6


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def csv_bytes(header: Row, rows: Iterable[Row], newline: str = "\n") -> bytes:
    """A CSV file; cells with a line break, comma or quote are quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=newline)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def gzipped(content: bytes) -> bytes:
    """``content`` in gzip, without the time and name that would change its bytes."""
    return gzip.compress(content, compresslevel=COMPRESSION, mtime=0)


def json_bytes(value: object) -> bytes:
    """A JSON file for people."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def write_json(path: Path, value: object) -> None:
    """Write a JSON file for people."""
    write_bytes(path, json_bytes(value))


def write_table(path: Path, header: Row, rows: Iterable[Row]) -> None:
    """Write a plain CSV file."""
    write_bytes(path, csv_bytes(header, rows))


def csv_to_parquet(path: Path, casts: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Write a parquet file from text cells; an empty cell becomes NULL.

    ``casts`` gives, per column in order, the SQL that makes the value of ``{cell}``.
    """
    select = ", ".join(
        cast.format(cell=f'"{name}"') + f' AS "{name}"' for name, cast in casts.items()
    )
    query = (
        f"SELECT {select} FROM read_csv($source, header = true, all_varchar = true, delim = ',',"
        " quote = '\"', escape = '\"', nullstr = '', max_line_size = 1000000)"
    )
    _parquet(path, query, csv_bytes(tuple(casts), rows))


def json_to_parquet(path: Path, types: Mapping[str, str], lines: bytes) -> None:
    """Write a parquet file from newline-delimited JSON; ``types`` are DuckDB's."""
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
    query = (
        f"SELECT * FROM read_json($source, format = 'newline_delimited', columns = {{{columns}}})"
    )
    _parquet(path, query, lines)


def _parquet(path: Path, query: str, source: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": "1"}) as connection:
        scratch = Path(folder) / "source"
        scratch.write_bytes(source)
        relation = connection.sql(query, params={"source": str(scratch)})
        relation.write_parquet(str(path), compression="snappy")
