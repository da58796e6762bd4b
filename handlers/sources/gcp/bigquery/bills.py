"""Google's bills where they are: the invoice months of a billing export, each with its version."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from handlers.errors import BillError, Place, WarehouseError
from handlers.record import Cloud
from handlers.sources.gcp.bigquery.export import EXPORT_SLACK, Export, Partition, bills_sql
from handlers.warehouses.bigquery.jobs import UNREACHABLE, Jobs
from handlers.warehouses.bigquery.names import TableName

_BEFORE_ANY = date(2000, 1, 1)
_MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True)
class ExportedBill:
    """A billing account's invoice month in its export; ``sources.AnyBill``.

    Google adds rows to an export and never rewrites one, so that the rows of a month, their sum
    and the last moment at which one came say whether the bill is another.
    """

    export: Export
    scope: str
    period: date
    line_count: int
    cost: str
    exported_at: datetime | None
    cloud: Cloud = Cloud.GCP

    @property
    def version(self) -> str:
        """See ``AnyBill``."""
        text = f"{self.line_count} {self.cost} {self.exported_at}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def origin(self) -> str:
        """The table."""
        return self.export.origin

    def __str__(self) -> str:
        return f"{self.cloud} {self.scope} {self.period:%Y-%m}"


def bills_in(
    jobs: Jobs, export: Export, account: str, periods: Sequence[date]
) -> Iterator[ExportedBill]:
    """The bills of ``account`` for ``periods``, oldest first; all there are when it is empty.

    Raises:
        WarehouseError: the export can't be read.
    """
    since = min(periods) - EXPORT_SLACK if periods else _BEFORE_ANY
    for row in jobs.rows("bills", bills_sql(export), {"exported_from": since.isoformat()}):
        bill = _bill(export, row)
        if bill.scope == account and (not periods or bill.period in periods):
            yield bill


def export_at(jobs: Jobs, table: str) -> Export:
    """The export in ``table``, with the columns and partitions that it has now.

    Raises:
        WarehouseError: there is no such table, or it can't be asked for.
        BillError: it is no billing export.
    """
    name = TableName.parse(table)
    try:
        found: Any = jobs.client.get_table(str(name).strip("`"), retry=jobs.retry())
    except UNREACHABLE as error:
        said = str(error).splitlines()[0]
        raise WarehouseError(
            f"BigQuery: {table} can't be read ({said}). Check that the billing export is on, that"
            " the scope names its table, and that the job may read its dataset."
        ) from error
    columns = {str(field.name) for field in found.schema}
    by_ingestion = found.time_partitioning is not None and found.time_partitioning.field is None
    return Export(name, columns, Partition.INGESTION if by_ingestion else Partition.EXPORT_TIME)


def _bill(export: Export, row: dict[str, Any]) -> ExportedBill:
    at: datetime | None = row["exported_at"]
    month = str(row["month"])
    if not _MONTH.fullmatch(month):
        raise BillError(
            Place(str(export.table), column="invoice.month"),
            f"It is '{month}'; allowed is a month like 202611.",
            "Google writes it in every row: look at the rows in BigQuery.",
        )
    return ExportedBill(
        export=export,
        scope=str(row["account"]),
        period=date(int(month[:4]), int(month[4:]), 1),
        line_count=int(row["line_count"]),
        cost=format(row["cost"].normalize(), "f"),
        exported_at=at.astimezone(UTC) if at else None,
    )
