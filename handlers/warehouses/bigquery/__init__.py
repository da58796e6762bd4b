"""The hub: tables and views in BigQuery, made by the Pulumi program from what stands here."""

from handlers.warehouses.bigquery.schema import (
    FACT_TABLES,
    BigQueryTable,
    billing_export_schema,
    tables,
)
from handlers.warehouses.bigquery.views import BigQueryView, views

__all__ = [
    "FACT_TABLES",
    "BigQueryTable",
    "BigQueryView",
    "billing_export_schema",
    "tables",
    "views",
]
