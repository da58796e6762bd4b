"""How the engine is told to read a part of a bill: strictly, as the columns that are expected."""

from pathlib import Path

from handlers.quoting import literal
from handlers.scan.text_files import MAX_CELL_BYTES, Header, is_gzip
from handlers.sources.formats import FileFormat
from handlers.sources.parts import FilePart

_BUFFER_BYTES = 4 * 1024 * 1024
"""What the engine reads of a CSV file at a time: memory stays flat and two of them are in use."""


def csv_relation(pipe: Path, header: Header) -> str:
    """The lines of a CSV file after its header; every cell is text, NULL when empty.

    Lines end as the header does: the engine guesses it from the first line break it meets, and
    where that stands in a cell and is another one, it gives up.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header.names)
    shown = header.line_end.replace("\r", "\\r").replace("\n", "\\n")
    return (
        f"read_csv({literal(str(pipe))}, auto_detect=false, header=false, delim=',', quote='\"',"
        f" escape='\"', nullstr='', new_line='{shown}', buffer_size={_BUFFER_BYTES},"
        f" max_line_size={2 * MAX_CELL_BYTES}, columns={{{columns}}})"
    )


def typed_relation(file_format: FileFormat, part: FilePart, json_columns: str) -> str:
    """The lines of a parquet file, or of newline-delimited JSON as the columns that are wanted."""
    if file_format is FileFormat.PARQUET:
        return f"read_parquet({literal(str(part.path))})"
    file = literal(str(part.path))
    compression = "gzip" if is_gzip(part) else "uncompressed"
    return f"read_ndjson({file}, columns={json_columns}, compression='{compression}')"
