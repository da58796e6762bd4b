"""A bill line as every source hands it on: one set of names for three clouds' columns.

Sources turn a cloud's columns into these; everything after (classification, attribution,
conversion, the archive) knows only these. Amounts are line amounts (``amounts.LINE_AMOUNT``) in
the bill's currency unless the name ends in ``_usd``.
"""

from dataclasses import dataclass

from handlers.amounts import LINE_AMOUNT


@dataclass(frozen=True)
class LineColumn:
    """A column of a bill line; ``required`` ones may not be NULL in any line that is loaded."""

    name: str
    type: str
    meaning: str
    required: bool = False


LINE_COLUMNS: tuple[LineColumn, ...] = (
    LineColumn("line_file", "VARCHAR", "The part of the bill it stands in.", required=True),
    LineColumn("line_id", "VARCHAR", "The cloud's own identity of the line, where it has one."),
    LineColumn("usage_date", "DATE", "Day of usage, UTC.", required=True),
    LineColumn("usage_hour", "SMALLINT", "Hour of usage, UTC, when the bill is hourly."),
    LineColumn("service_id", "VARCHAR", "Product code or service id."),
    LineColumn("service", "VARCHAR", "Product name as billed."),
    LineColumn("sku", "VARCHAR", "Usage type, meter or SKU as billed."),
    LineColumn("description", "VARCHAR", "What the bill says beside the SKU."),
    LineColumn("sku_id", "VARCHAR", "SKU or meter id."),
    LineColumn("unit", "VARCHAR", "Pricing unit as billed."),
    LineColumn("billing_entity", "VARCHAR", "Who bills: AWS, AWS Marketplace, a publisher."),
    LineColumn("line_type", "VARCHAR", "The cloud's own word for the kind of line."),
    LineColumn("charge_type", "VARCHAR", "record.ChargeType.", required=True),
    LineColumn("account_id", "VARCHAR", "Usage account, subscription or project."),
    LineColumn("region", "VARCHAR", "As billed."),
    LineColumn("resource_id", "VARCHAR", "Inference profile, deployment or endpoint."),
    LineColumn("resource_group", "VARCHAR", "Azure resource group."),
    LineColumn("tags", "VARCHAR", "JSON object of tag or label keys (no cloud prefix) to values."),
    LineColumn("invoice_id", "VARCHAR", "The document the line belongs to."),
    LineColumn("currency", "VARCHAR", "Currency of the bill, ISO 4217.", required=True),
    LineColumn("rate", "DECIMAL(38, 9)", "Units of currency per USD, where the line says."),
    LineColumn("quantity", LINE_AMOUNT, "Usage, in unit.", required=True),
    LineColumn("cost", LINE_AMOUNT, "What is paid.", required=True),
    LineColumn("gross", LINE_AMOUNT, "Before credits.", required=True),
    LineColumn("effective", LINE_AMOUNT, "Amortised, where the bill has it."),
    LineColumn("list_cost", LINE_AMOUNT, "At public list price, where the bill says."),
    LineColumn("cost_usd", LINE_AMOUNT, "What is paid, in USD, where the bill has a USD column."),
    LineColumn("effective_usd", LINE_AMOUNT, "Amortised, in USD, where the bill has it so."),
    LineColumn("list_usd", LINE_AMOUNT, "At list price, in USD, where the bill has it so."),
    LineColumn("idle", LINE_AMOUNT, "Unused part of a commitment that this line also states."),
)

LINE_NAMES = tuple(column.name for column in LINE_COLUMNS)
