"""How the columns of an Azure bill become bill lines: cost details and FOCUS.

What a file is, its columns say; the agreement types' column sets differ only in spelling
(``columns.toml``).
"""

from collections.abc import Mapping
from dataclasses import replace

from handlers.amounts import LINE_AMOUNT
from handlers.quoting import quoted
from handlers.record import ChargeType
from handlers.sources import Check, Reading
from handlers.sources.azure.cells import day, last_segment, tags, tags_check
from handlers.sources.columns import Columns, load_spellings
from handlers.sources.expressions import (
    amount,
    amount_check,
    amount_or_zero,
    first_amount,
    first_text,
    optional_amount,
    text,
    total_of,
)
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part

DETAILS_TYPES: Mapping[str, ChargeType] = {
    "usage": ChargeType.USAGE,
    "purchase": ChargeType.PURCHASE,
    "refund": ChargeType.REFUND,
    "credit": ChargeType.CREDIT,
    "tax": ChargeType.TAX,
    "unusedreservation": ChargeType.IDLE,
    "unusedsavingsplan": ChargeType.IDLE,
}
"""ChargeType of
https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields;
any other (Adjustment, RoundingAdjustment) is an adjustment."""

FOCUS_TYPES: Mapping[str, ChargeType] = {
    "usage": ChargeType.USAGE,
    "purchase": ChargeType.PURCHASE,
    "credit": ChargeType.CREDIT,
    "tax": ChargeType.TAX,
}
"""ChargeCategory of https://focus.finops.org/focus-specification/v1-2/; any other is an
adjustment."""

_FIRST_PARTY = "Microsoft"
_OPTIONAL_AMOUNTS = ("cost_usd", "effective", "effective_usd", "list_cost", "list_usd")


def azure_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """The reading of one part of an Azure bill, whichever of the two it is.

    Raises:
        BillError: a column that is needed is not there.
    """
    spellings = load_spellings("handlers.sources.azure")
    focus = Columns(columns, {"cost": spellings["focus"]["cost"]}, str(part))
    layout = focus_layout if focus.find("cost") is not None else details_layout
    return layout(part, columns, file_format)


def details_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """The reading of one part of a cost details file (actual cost).

    Raises:
        BillError: a column that is needed is not there.
    """
    found = Columns(columns, load_spellings("handlers.sources.azure")["details"], str(part))
    quantity = found.need("quantity")
    return _reading(
        found,
        file_format,
        {
            "service_id": text(found, "provider"),
            "unit": text(found, "unit"),
            "billing_entity": _seller(found),
            "line_type": text(found, "charge_type"),
            "charge_type": _details_type(found),
            "quantity": amount_or_zero(found, "quantity"),
        },
        {"quantity": (quantity,), "charge_type": found.find_all("charge_type")},
    )


def amortized_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """The reading of one part of an export of amortised costs: what it costs is amortised too.

    For scopes of which nothing else is exported, by choice: a commitment's purchase is not in it,
    so it is not what is invoiced.

    Raises:
        BillError: a column that is needed is not there.
    """
    reading = details_layout(part, columns, file_format)
    lines = reading.lines
    amortised = {"effective": lines["cost"], "effective_usd": lines["cost_usd"]}
    return replace(reading, lines={**lines, **amortised})


def focus_layout(part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
    """The reading of one part of a FOCUS export.

    Raises:
        BillError: a column that is needed is not there.
    """
    found = Columns(columns, load_spellings("handlers.sources.azure")["focus"], str(part))
    quantity, unit = _priced(found)
    return _reading(
        found,
        file_format,
        {
            "unit": unit,
            "billing_entity": f"COALESCE({first_text(found, 'publisher')}, '{_FIRST_PARTY}')",
            "line_type": text(found, "charge_category"),
            "charge_type": _focus_type(found),
            "quantity": quantity,
            "effective": optional_amount(found, "effective"),
            "effective_usd": optional_amount(found, "effective_usd"),
        },
        {
            "quantity": (*found.find_all("quantity"), *found.find_all("consumed_quantity")),
            "charge_type": (found.need("charge_category"),),
        },
    )


def _reading(
    columns: Columns,
    file_format: FileFormat,
    own: Mapping[str, str],
    own_sources: Mapping[str, tuple[str, ...]],
) -> Reading:
    """What both have in common, and what is ``own`` to one."""
    cost_column = columns.need("cost")
    cost = first_amount(columns, (cost_column,))
    charge_type = own["charge_type"]
    service = first_text(columns, "service")
    columns.need("service")
    columns.need("sku")
    lines = {
        "usage_date": day(columns, "day"),
        "service": service,
        "sku": f"COALESCE({first_text(columns, 'sku')}, '')",
        "description": first_text(columns, "description"),
        "sku_id": first_text(columns, "sku_id"),
        "account_id": last_segment(columns, "account"),
        "region": first_text(columns, "region"),
        "resource_id": first_text(columns, "resource"),
        "resource_group": first_text(columns, "resource_group"),
        "tags": tags(columns, "tags"),
        "invoice_id": first_text(columns, "invoice"),
        "currency": first_text(columns, "currency"),
        "cost": cost,
        "gross": f"CASE WHEN {charge_type} = '{ChargeType.CREDIT}'"
        f" THEN 0::{LINE_AMOUNT} ELSE {cost} END",
        "cost_usd": optional_amount(columns, "cost_usd"),
        "list_cost": optional_amount(columns, "list_cost"),
        "list_usd": optional_amount(columns, "list_usd"),
    }
    currency = columns.need("currency")
    return Reading(
        lines={**lines, **own},
        total=total_of(columns, (cost_column,), file_format),
        service_text=service,
        label_text=_label_text(columns),
        sources={
            "usage_date": (columns.need("day"),),
            "cost": (cost_column,),
            "gross": (cost_column,),
            "currency": (currency,),
            **own_sources,
        },
        checks=_checks(columns),
    )


def _checks(columns: Columns) -> tuple[Check, ...]:
    amounts = (name for field in _OPTIONAL_AMOUNTS for name in columns.find_all(field))
    return (*tags_check(columns, "tags"), *(amount_check(columns, name) for name in amounts))


def _label_text(columns: Columns) -> str:
    """The tags as they stand, only to see whether a value is among them."""
    name = columns.find("tags")
    return f"CAST({quoted(name)} AS VARCHAR)" if name else "''"


def _seller(columns: Columns) -> str:
    """The publisher of a Marketplace offer, else Microsoft, whose own lines name it variously."""
    kind = columns.find("publisher_type")
    if kind is None:
        return f"'{_FIRST_PARTY}'"
    return (
        f"CASE WHEN lower({quoted(kind)}) = 'marketplace'"
        f" THEN COALESCE({text(columns, 'publisher')}, 'Marketplace') ELSE '{_FIRST_PARTY}' END"
    )


def _details_type(columns: Columns) -> str:
    name = columns.find("charge_type")
    # Files of pay-as-you-go subscriptions before 2020 hold usage only and don't say so.
    return _chosen(quoted(name), DETAILS_TYPES) if name else f"'{ChargeType.USAGE}'"


def _focus_type(columns: Columns) -> str:
    """The charge type: a refund is a correction, idle is usage of an unused commitment.

    https://learn.microsoft.com/cloud-computing/finops/focus/convert
    """
    category = _chosen(quoted(columns.need("charge_category")), FOCUS_TYPES)
    status = text(columns, "commitment_status")
    klass = text(columns, "charge_class")
    cost = amount(columns, columns.need("cost"))
    return (
        f"CASE WHEN lower({klass}) = 'correction'"
        f" THEN CASE WHEN {cost} > 0 THEN '{ChargeType.ADJUSTMENT}' ELSE '{ChargeType.REFUND}' END"
        f" WHEN lower({status}) = 'unused' THEN '{ChargeType.IDLE}' ELSE {category} END"
    )


def _chosen(cell: str, types: Mapping[str, ChargeType]) -> str:
    branches = " ".join(f"WHEN '{word}' THEN '{kind}'" for word, kind in types.items())
    known = f"CASE lower({cell}) {branches} ELSE '{ChargeType.ADJUSTMENT}' END"
    return f"CASE WHEN {cell} <> '' THEN {known} END"


def _priced(columns: Columns) -> tuple[str, str]:
    """Quantity and the unit it is in.

    The pricing quantity counts blocks of the meter's unit of measure ("1K", "1M", "1 Hour"), which
    is the pricing unit description; only lines without it say what was consumed, in units of its
    own. https://learn.microsoft.com/cloud-computing/finops/focus/convert
    """
    priced = columns.need("quantity")
    consumed = columns.find_all("consumed_quantity")
    names = (priced, *consumed)
    quantity = (
        f"CASE WHEN {' AND '.join(_is_empty(name) for name in names)} THEN 0::{LINE_AMOUNT}"
        f" ELSE {first_amount(columns, names)} END"
    )
    unit = (
        f"CASE WHEN {_is_empty(priced)} THEN {text(columns, 'consumed_unit')}"
        f" ELSE {first_text(columns, 'unit')} END"
    )
    return quantity, unit


def _is_empty(name: str) -> str:
    return f"NULLIF(CAST({quoted(name)} AS VARCHAR), '') IS NULL"
