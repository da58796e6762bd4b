"""The file formats bills come in."""

from enum import StrEnum


class FileFormat(StrEnum):
    """What a part of a bill is stored as."""

    CSV = "csv"
    PARQUET = "parquet"
    NDJSON = "ndjson"
