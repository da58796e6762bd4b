"""Google's bill classified inside BigQuery, where the export is: it scales with the bill."""

from handlers.sources.gcp.bigquery.bills import ExportedBill, bills_in, export_at
from handlers.sources.gcp.bigquery.export import Export, Partition, bills_sql
from handlers.sources.gcp.bigquery.script import (
    OUTPUTS,
    Classification,
    Load,
    Statement,
    classification_of,
    separation_of,
)

__all__ = [
    "OUTPUTS",
    "Classification",
    "Export",
    "ExportedBill",
    "Load",
    "Partition",
    "Statement",
    "bills_in",
    "bills_sql",
    "classification_of",
    "export_at",
    "separation_of",
]
