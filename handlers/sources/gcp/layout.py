"""How the rows of a Google billing export become bill lines: the standard and the detailed one.

Quantities are ``usage.amount`` in ``usage.unit`` (single tokens), not the pricing units: those
change their size from SKU to SKU, and the text of either is not to be relied on, which is the
catalog's business.
"""

from collections.abc import Mapping

from handlers.amounts import LINE_AMOUNT
from handlers.quoting import literal
from handlers.record import ChargeType
from handlers.sources import Check, NdjsonTotal, ParquetTotal, Reading
from handlers.sources.formats import FileFormat
from handlers.sources.gcp.cells import (
    Cells,
    credits_of,
    json_columns,
    label_text,
    labels_of,
)
from handlers.sources.parts import Part

CHARGE_TYPES: Mapping[str, ChargeType] = {
    "regular": ChargeType.USAGE,
    "tax": ChargeType.TAX,
}
"""cost_type of
https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage;
any other (adjustment, rounding_error) is an adjustment."""

ADJUSTMENT_CREDITS = ("GOODWILL", "SALES_BASED_GOODWILL", "SLA_VIOLATION")
"""Values of adjustment_info.type that the same page calls a credit issued to the customer."""

_USD = "USD"


def export_layout(
    part: Part, columns: Mapping[str, str], file_format: FileFormat, *, account: str, month: str
) -> Reading:
    """The reading of one file of a table: the rows of ``account`` and invoice ``month`` (YYYYMM).

    Raises:
        BillError: a column that is needed is not there, or has another shape.
    """
    cells = Cells(columns, file_format, str(part))
    return Reading(
        lines=_lines(cells),
        total=_total(file_format, account, month),
        service_text=cells.text("service", "description"),
        label_text=label_text(cells),
        sources={
            "usage_date": ("usage_start_time",),
            "cost": ("cost", "credits"),
            "gross": ("cost",),
            "quantity": ("usage",),
            "currency": ("currency",),
            "charge_type": ("cost_type",),
        },
        where=f"{cells.text('billing_account_id')} = {literal(account)}"
        f" AND {cells.text('invoice', 'month')} = {literal(month)}",
        checks=_checks(cells),
        json_columns=json_columns(),
    )


def line_cost(cells: Cells) -> str:
    """What a line costs: its cost and the credits inside it; NULL when it can't be told."""
    return f"{cells.amount('cost')} + {credits_of(cells)}"


def _lines(cells: Cells) -> dict[str, str]:
    start, end = cells.moment("usage_start_time"), cells.moment("usage_end_time")
    charge_type = _charge_type(cells)
    quantity = cells.text("usage", "amount")
    return {
        "usage_date": f"CAST({start} AS DATE)",
        "usage_hour": f"CASE WHEN {end} - {start} <= INTERVAL 1 HOUR THEN hour({start}) END",
        "service_id": cells.text("service", "id"),
        "service": cells.text("service", "description"),
        "sku": f"COALESCE({cells.text('sku', 'description')}, '')",
        "description": cells.text("sku", "id"),
        "sku_id": cells.text("sku", "id"),
        "unit": cells.text("usage", "unit"),
        "billing_entity": f"COALESCE({cells.text('seller_name')}, 'Google')",
        "line_type": cells.text("cost_type"),
        "charge_type": charge_type,
        "account_id": cells.text("project", "id"),
        "region": f"COALESCE({cells.text('location', 'region')},"
        f" {cells.text('location', 'location')})",
        "resource_id": f"COALESCE({cells.text('resource', 'global_name')},"
        f" {cells.text('resource', 'name')})",
        "tags": labels_of(cells),
        "currency": cells.text("currency"),
        "rate": _rate(cells),
        "quantity": f"CASE WHEN {quantity} IS NULL THEN 0::{LINE_AMOUNT}"
        f" ELSE {cells.amount('usage', 'amount')} END",
        "cost": line_cost(cells),
        "gross": f"CASE WHEN {charge_type} = '{ChargeType.CREDIT}'"
        f" THEN 0::{LINE_AMOUNT} ELSE {cells.amount('cost')} END",
        "list_cost": cells.amount("cost_at_list"),
    }


def _charge_type(cells: Cells) -> str:
    cost_type = cells.text("cost_type")
    adjustments = ", ".join(f"'{kind}'" for kind in ADJUSTMENT_CREDITS)
    branches = " ".join(f"WHEN '{word}' THEN '{kind}'" for word, kind in CHARGE_TYPES.items())
    return (
        f"CASE WHEN {cost_type} IS NULL THEN NULL"
        f" WHEN {cost_type} = 'adjustment'"
        f" AND {cells.text('adjustment_info', 'type')} IN ({adjustments})"
        f" THEN '{ChargeType.CREDIT}'"
        f" ELSE CASE {cost_type} {branches} ELSE '{ChargeType.ADJUSTMENT}' END END"
    )


def _rate(cells: Cells) -> str:
    """Units of the bill's currency per USD, to the places that rates have."""
    stated = f"CAST({cells.amount('currency_conversion_rate')} AS DECIMAL(38, 9))"
    in_usd = f"{cells.text('currency')} = '{_USD}'"
    return f"CASE WHEN {in_usd} THEN COALESCE({stated}, 1) ELSE {stated} END"


def _checks(cells: Cells) -> tuple[Check, ...]:
    listed = f"{cells.amount('cost_at_list')} IS NOT NULL"
    checks = {
        "currency_conversion_rate": (f"{_rate(cells)} > 0", "a rate greater than 0"),
        "cost_at_list": (listed, "an amount"),
    }
    return tuple(
        Check(
            column,
            f"COALESCE({cells.text(column)} IS NULL OR {holds}, FALSE)",
            f"is not {what}.",
            "Numbers are plain decimals such as 1234.56 or 4.2E-7: export the table again.",
        )
        for column, (holds, what) in checks.items()
        if cells.has(column)
    )


def _total(file_format: FileFormat, account: str, month: str) -> NdjsonTotal | ParquetTotal:
    """The second reader; for parquet by casts that fail where the first reader's give NULL."""
    if file_format is not FileFormat.PARQUET:
        return NdjsonTotal(account, month)
    amount = "CAST(CAST({cell} AS VARCHAR) AS " + LINE_AMOUNT + ")"
    amounts = f"list_transform(COALESCE(credits, []), lambda c: {amount.format(cell='c.amount')})"
    return ParquetTotal(
        f"{amount.format(cell='cost')}"
        f" + list_reduce({amounts}, lambda a, b: a + b, 0::{LINE_AMOUNT})"
    )
