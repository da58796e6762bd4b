"""Which bill lines are AI, and what they are: ordered rules as data, rendered to SQL."""

from handlers.catalog.catalog import (
    Catalog,
    Classified,
    Sku,
    load_catalog,
    looks_like_ai_sql,
)
from handlers.catalog.dialect import BIGQUERY, DUCKDB, Dialect

__all__ = [
    "BIGQUERY",
    "DUCKDB",
    "Catalog",
    "Classified",
    "Dialect",
    "Sku",
    "load_catalog",
    "looks_like_ai_sql",
]
