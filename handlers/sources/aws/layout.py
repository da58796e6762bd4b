"""How the columns of an AWS bill become bill lines: CUR 2.0 and the legacy report alike."""

import re
from collections.abc import Mapping

from handlers.amounts import LINE_AMOUNT
from handlers.quoting import literal, quoted
from handlers.record import ChargeType
from handlers.sources import Check, Reading
from handlers.sources.columns import Columns, load_spellings
from handlers.sources.expressions import (
    amount_check,
    amount_or_zero,
    first_amount,
    is_text,
    optional_amount,
    text,
    timestamp,
    total_of,
)
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part

CHARGE_TYPES: Mapping[str, ChargeType] = {
    "Usage": ChargeType.USAGE,
    "DiscountedUsage": ChargeType.USAGE,
    "SavingsPlanCoveredUsage": ChargeType.USAGE,
    "SavingsPlanNegation": ChargeType.DISCOUNT,
    "EdpDiscount": ChargeType.DISCOUNT,
    "BundledDiscount": ChargeType.DISCOUNT,
    "PrivateRateDiscount": ChargeType.DISCOUNT,
    "RiVolumeDiscount": ChargeType.DISCOUNT,
    "Discount": ChargeType.DISCOUNT,
    "Credit": ChargeType.CREDIT,
    "Refund": ChargeType.REFUND,
    "Tax": ChargeType.TAX,
    "Fee": ChargeType.FEE,
    "RIFee": ChargeType.PURCHASE,
    "SavingsPlanRecurringFee": ChargeType.PURCHASE,
    "SavingsPlanUpfrontFee": ChargeType.PURCHASE,
}
"""Line item types of https://docs.aws.amazon.com/cur/latest/userguide/Lineitem-columns.html;
any other is an adjustment."""

_COMMITMENT_FEES = (
    "RIFee",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "SavingsPlanNegation",
)
_OPTIONAL_AMOUNTS = (
    "list_cost",
    "reservation_cost",
    "plan_cost",
    "unused_upfront",
    "unused_recurring",
)
_TAG_COLUMN = re.compile(r"resource_?tags[/_](?P<key>(user|aws)[:_].+)", re.IGNORECASE)


def cur_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """The reading of one part of an AWS bill.

    Raises:
        BillError: a column that is needed is not there.
    """
    found = Columns(columns, load_spellings("handlers.sources.aws")["cur"], str(part))
    cost_columns = _cost_columns(found)
    cost = first_amount(found, cost_columns)
    charge_type = _charge_type(found)
    start, end = timestamp(found, "start"), timestamp(found, "end")
    lines = {
        "line_id": text(found, "line_id"),
        "usage_date": f"CAST({start} AS DATE)",
        "usage_hour": f"CASE WHEN {end} - {start} <= INTERVAL 1 HOUR THEN hour({start}) END",
        "service_id": quoted(found.need("product_code")),
        "service": _product_name(found),
        "sku": f"COALESCE({quoted(found.need('usage_type'))}, '')",
        "description": text(found, "description"),
        "sku_id": text(found, "sku_id"),
        "unit": text(found, "unit"),
        "billing_entity": text(found, "entity"),
        "line_type": quoted(found.need("line_type")),
        "charge_type": charge_type,
        "account_id": quoted(found.need("account")),
        "region": text(found, "region"),
        "resource_id": text(found, "resource"),
        "tags": _tags(found),
        "invoice_id": text(found, "invoice"),
        "currency": quoted(found.need("currency")),
        "quantity": amount_or_zero(found, "quantity"),
        "cost": cost,
        "gross": f"CASE WHEN {charge_type} = '{ChargeType.CREDIT}'"
        f" THEN 0::{LINE_AMOUNT} ELSE {cost} END",
        "effective": _effective(found, cost),
        "list_cost": optional_amount(found, "list_cost"),
        "idle": _idle(found),
    }
    service_text, service_name = _service_text(found)
    return Reading(
        lines=lines,
        total=total_of(found, cost_columns, file_format),
        service_text=service_text,
        service_name=service_name,
        label_text=_label_text(found),
        sources={
            "usage_date": (found.need("start"),),
            "cost": cost_columns,
            "gross": cost_columns,
            "quantity": (found.need("quantity"),),
            "currency": (found.need("currency"),),
            "charge_type": (found.need("line_type"),),
        },
        checks=_checks(found),
    )


def _checks(columns: Columns) -> tuple[Check, ...]:
    """What else must hold of an AI line: nothing that it states is taken for nothing."""
    amounts = (name for field in _OPTIONAL_AMOUNTS for name in columns.find_all(field))
    return (
        _end_check(columns),
        *(_tags_check(name) for name in _tag_maps(columns) if is_text(columns, name)),
        *(amount_check(columns, name) for name in amounts),
    )


def _end_check(columns: Columns) -> Check:
    return Check(
        columns.need("end"),
        f"{timestamp(columns, 'end')} IS NOT NULL",
        "is not a time.",
        "Times are UTC, written as 2026-11-05T00:00:00Z: export the bill again.",
    )


def _tags_check(name: str) -> Check:
    cell = f"NULLIF({quoted(name)}, '')"
    kind = f"json_type(CASE WHEN json_valid({cell}) THEN {cell} END)"
    return Check(
        name,
        f"{cell} IS NULL OR COALESCE({kind} = 'OBJECT', FALSE)",
        "is not a JSON object.",
        'Tags are a JSON object such as {"user_customer": "acme"}: they decide whose cost it is'
        " and are never guessed. Export the bill again, or load with --quarantine.",
    )


def _cost_columns(columns: Columns) -> tuple[str, ...]:
    """What is paid: net of discounts where the export has it, else unblended."""
    net = columns.find("net_cost")
    cost = columns.need("cost")
    return (net, cost) if net else (cost,)


def _charge_type(columns: Columns) -> str:
    line_type = quoted(columns.need("line_type"))
    branches = " ".join(f"WHEN '{word}' THEN '{kind}'" for word, kind in CHARGE_TYPES.items())
    known = f"CASE {line_type} {branches} ELSE '{ChargeType.ADJUSTMENT}' END"
    reservation = columns.find("reservation_arn")
    if reservation is None:
        return known
    return (
        f"CASE WHEN {line_type} = 'Fee' AND {quoted(reservation)} <> ''"
        f" THEN '{ChargeType.PURCHASE}' ELSE {known} END"
    )


def _service_text(columns: Columns) -> tuple[str, str]:
    """Where the product's name stands, and the name in it."""
    name = columns.find("product_name")
    if name is not None:
        return quoted(name), "service_text"
    product = columns.find("product")
    if product is None:
        return "NULL::VARCHAR", "service_text"
    if is_text(columns, product):
        read = "json_extract_string(TRY_CAST(NULLIF(service_text, '') AS JSON), '$.product_name')"
        return quoted(product), read
    return f"{quoted(product)}['product_name']", "service_text"


def _product_name(columns: Columns) -> str:
    text_cell, name = _service_text(columns)
    code = quoted(columns.need("product_code"))
    return f"COALESCE(NULLIF({name.replace('service_text', text_cell)}, ''), {code})"


def _label_text(columns: Columns) -> str:
    """The tags as they stand, only to see whether a value is among them."""
    names = _tag_maps(columns) or [name for name in columns.names() if _TAG_COLUMN.fullmatch(name)]
    cells = [
        quoted(name)
        if is_text(columns, name)
        else f"array_to_string(map_values({quoted(name)}), ' ')"
        for name in names
    ]
    return f"concat_ws(' ', {', '.join(cells)})" if cells else "''"


def _tags(columns: Columns) -> str:
    if maps := _tag_maps(columns):
        cells = [_as_json(columns, name) for name in maps]
        if len(cells) == 1:
            return cells[0]
        return f"CAST(json_merge_patch({cells[1]}, {cells[0]}) AS VARCHAR)"
    single = [
        (name, match["key"]) for name in columns.names() if (match := _TAG_COLUMN.fullmatch(name))
    ]
    if not single:
        return "NULL::VARCHAR"
    pairs = ", ".join(f"{literal(key)}, NULLIF({quoted(name)}, '')" for name, key in single)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def _tag_maps(columns: Columns) -> list[str]:
    """The columns that hold all tags of a line as a map, the one of resource tags first."""
    return [name for field in ("tags", "all_tags") if (name := columns.find(field)) is not None]


def _as_json(columns: Columns, name: str) -> str:
    cell = quoted(name)
    return f"NULLIF({cell}, '')" if is_text(columns, name) else f"CAST(to_json({cell}) AS VARCHAR)"


def _effective(columns: Columns, cost: str) -> str:
    if columns.find("reservation_cost") is None and columns.find("plan_cost") is None:
        return f"NULL::{LINE_AMOUNT}"
    line_type = quoted(columns.need("line_type"))
    fees = ", ".join(f"'{word}'" for word in _COMMITMENT_FEES)
    reservation = columns.find("reservation_arn")
    upfront = (
        f"WHEN {line_type} = 'Fee' AND {quoted(reservation)} <> '' THEN 0::{LINE_AMOUNT}"
        if reservation
        else ""
    )
    reserved = amount_or_zero(columns, "reservation_cost")
    planned = amount_or_zero(columns, "plan_cost")
    return (
        f"CASE WHEN {line_type} = 'DiscountedUsage' THEN {reserved}"
        f" WHEN {line_type} = 'SavingsPlanCoveredUsage' THEN {planned}"
        f" WHEN {line_type} IN ({fees}) THEN 0::{LINE_AMOUNT} {upfront} ELSE {cost} END"
    )


def _idle(columns: Columns) -> str:
    if columns.find("unused_upfront") is None or columns.find("unused_recurring") is None:
        return f"NULL::{LINE_AMOUNT}"
    line_type = quoted(columns.need("line_type"))
    upfront = amount_or_zero(columns, "unused_upfront")
    recurring = amount_or_zero(columns, "unused_recurring")
    return f"CASE WHEN {line_type} = 'RIFee' THEN NULLIF({upfront} + {recurring}, 0) END"
