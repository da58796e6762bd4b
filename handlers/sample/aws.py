"""Amazon's bills: CUR 2.0 Data Exports (parquet and CSV) and the legacy CUR.

Columns: https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from handlers.record import ChargeType
from handlers.sample.bills import Bill, Printed, plain_text
from handlers.sample.cells import Rows
from handlers.sample.charges import Charge
from handlers.sample.days import month_after
from handlers.sample.tables import meter_id, names, types

CUR2_TYPES = types("cur2.csv")
CUR1_COLUMNS = names("cur1.txt")

LINE_TYPES = {
    ChargeType.USAGE: "Usage",
    ChargeType.DISCOUNT: "EdpDiscount",
    ChargeType.CREDIT: "Credit",
    ChargeType.REFUND: "Refund",
    ChargeType.TAX: "Tax",
    ChargeType.FEE: "Fee",
}

Line = tuple[Charge, Printed, list[str]]


def tag_keys(scope_format: str) -> str:
    """How a bill spells a tag key: ``user_customer_id``, ``user:customer_id`` or as a column."""
    return {"cur2-parquet": "user_", "cur2-csv": "user:", "cur1-csv": "resourceTags/user:"}[
        scope_format
    ]


def _normalized(prefix: str, key: str) -> str:
    # In a parquet export a tag key is a snake-case name like any column's.
    return prefix + (key.replace("-", "_").lower() if prefix == "user_" else key)


def _map(values: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(values.items())), ensure_ascii=False)


def invoice_id(bill: Bill, seller: str) -> str:
    """The document a line is on: AWS and its Marketplace write separate ones."""
    if not bill.closed:
        return ""
    number = int(meter_id(bill.scope.id, str(bill.period), seller)[:8], 16) % 10**9
    return f"{'EUINUA' if bill.scope.currency != 'USD' else 'USINUS'}{bill.period:%y}-{number}"


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}.000Z"


def _second(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"


def _common(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place, scope = charge.sku, charge.place, bill.scope
    marketplace = sku.seller == "AWS Marketplace"
    return {
        "bill_bill_type": "Refund" if charge.charge_type is ChargeType.REFUND else "Anniversary",
        "bill_billing_entity": sku.seller,
        "bill_invoice_id": invoice_id(bill, sku.seller),
        "bill_invoicing_entity": "Amazon Web Services, Inc.",
        "bill_payer_account_id": scope.id,
        "line_item_currency_code": scope.currency,
        "line_item_legal_entity": "Anthropic, PBC" if marketplace else "Amazon Web Services, Inc.",
        "line_item_line_item_type": LINE_TYPES[charge.charge_type],
        "line_item_operation": sku.operation,
        "line_item_product_code": sku.service_id,
        "line_item_resource_id": place.resource,
        "line_item_tax_type": "VAT" if charge.charge_type is ChargeType.TAX else "",
        "line_item_unblended_rate": plain_text(sku.price * bill.rate),
        "line_item_blended_rate": plain_text(sku.price * bill.rate),
        "line_item_usage_account_id": place.account,
        "line_item_usage_type": sku.name,
        "pricing_currency": scope.currency,
        "pricing_public_on_demand_rate": plain_text(sku.price),
        "pricing_rate_code": f"{sku.sku_id}.JRTCKXETXF.6YS6EN2CT7",
        "pricing_rate_id": str(int(sku.sku_id[:8] or "0", 16)),
        "pricing_term": "OnDemand",
        "pricing_unit": sku.unit,
    }


def _product(charge: Charge) -> dict[str, str]:
    sku = charge.sku
    values = {
        "product_name": sku.service,
        "servicename": sku.service,
        "region": sku.region,
        "group": "LLM" if sku.model else "",
    }
    return {key: value for key, value in values.items() if value}


def _cur2_fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place = charge.sku, charge.place
    prefix = tag_keys(bill.scope.format)
    tags = {_normalized(prefix, key): value for key, value in place.tags.items()}
    return _common(bill, charge) | {
        "bill_billing_period_start_date": _iso(_start(bill.period)),
        "bill_billing_period_end_date": _iso(_start(month_after(bill.period))),
        "bill_payer_account_name": bill.scope.title,
        "cost_category": _map({"team": "platform"} if place.tags else {}),
        "discount": "{}",
        "line_item_usage_account_name": f"account-{place.account[-4:]}",
        "product": _map(_product(charge)),
        "product_location": "US East (N. Virginia)",
        "product_location_type": "AWS Region",
        "product_product_family": sku.group,
        "product_region_code": sku.region,
        "product_servicecode": sku.service_id,
        "product_sku": sku.sku_id,
        "product_usagetype": sku.name,
        "resource_tags": _map(tags),
    }


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _description(charge: Charge) -> str:
    return charge.note or charge.sku.description


def _line_ids(bill: Bill) -> Callable[[int], str]:
    start = f"{bill.scope.name.replace('-', '')}{bill.period:%Y%m}"
    return lambda number: f"{start}{number:041d}"


def cur2_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """The lines of a CUR 2.0 export."""
    rows = Rows(tuple(CUR2_TYPES), lambda charge: _cur2_fixed(bill, charge))
    line_id = _line_ids(bill)
    for number, charge in enumerate(charges):
        printed = bill.printed(charge)
        start = _start(charge.day)
        end = start + timedelta(days=1)
        cost = plain_text(printed.cost)
        yield charge, printed, rows.row(charge, {
            "identity_line_item_id": line_id(number),
            "identity_time_interval": f"{_second(start)}/{_second(end)}",
            "line_item_line_item_description": _description(charge),
            "line_item_unblended_cost": cost,
            "line_item_blended_cost": cost,
            "line_item_usage_amount": plain_text(charge.quantity),
            "line_item_usage_start_date": _iso(start),
            "line_item_usage_end_date": _iso(end),
            "pricing_public_on_demand_cost": cost,
        })  # fmt: skip


_CUR1_NAMES = {
    "bill_bill_type": "bill/BillType",
    "bill_billing_entity": "bill/BillingEntity",
    "bill_invoice_id": "bill/InvoiceId",
    "bill_invoicing_entity": "bill/InvoicingEntity",
    "bill_payer_account_id": "bill/PayerAccountId",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "line_item_legal_entity": "lineItem/LegalEntity",
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_operation": "lineItem/Operation",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_resource_id": "lineItem/ResourceId",
    "line_item_tax_type": "lineItem/TaxType",
    "line_item_unblended_rate": "lineItem/UnblendedRate",
    "line_item_blended_rate": "lineItem/BlendedRate",
    "line_item_usage_account_id": "lineItem/UsageAccountId",
    "line_item_usage_type": "lineItem/UsageType",
    "pricing_currency": "pricing/currency",
    "pricing_public_on_demand_rate": "pricing/publicOnDemandRate",
    "pricing_rate_code": "pricing/RateCode",
    "pricing_rate_id": "pricing/RateId",
    "pricing_term": "pricing/term",
    "pricing_unit": "pricing/unit",
}


def _cur1_fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku = charge.sku
    prefix = tag_keys(bill.scope.format)
    tags = {prefix + key: value for key, value in charge.place.tags.items()}
    common = _common(bill, charge)
    return {_CUR1_NAMES[name]: cell for name, cell in common.items()} | tags | {
        "bill/BillingPeriodStartDate": f"{bill.period:%Y-%m-%dT00:00:00Z}",
        "bill/BillingPeriodEndDate": f"{month_after(bill.period):%Y-%m-%dT00:00:00Z}",
        "product/ProductName": sku.service,
        "product/location": "US East (N. Virginia)",
        "product/productFamily": sku.group,
        "product/region": sku.region,
        "product/regionCode": sku.region,
        "product/servicecode": sku.service_id,
        "product/servicename": sku.service,
        "product/sku": sku.sku_id,
        "product/usagetype": sku.name,
    }  # fmt: skip


def cur1_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """The lines of a legacy CUR, hourly."""
    rows = Rows(CUR1_COLUMNS, lambda charge: _cur1_fixed(bill, charge))
    line_id = _line_ids(bill)
    for number, charge in enumerate(charges):
        printed = bill.printed(charge)
        start = _start(charge.day) + timedelta(hours=charge.hour)
        begin = _second(start)
        end = _second(start + timedelta(hours=1))
        cost = fixed_text(printed.cost)
        yield charge, printed, rows.row(charge, {
            "identity/LineItemId": line_id(number),
            "identity/TimeInterval": f"{begin}/{end}",
            "lineItem/LineItemDescription": _description(charge),
            "lineItem/UnblendedCost": cost,
            "lineItem/BlendedCost": cost,
            "lineItem/UsageAmount": fixed_text(charge.quantity),
            "lineItem/UsageStartDate": begin,
            "lineItem/UsageEndDate": end,
            "pricing/publicOnDemandCost": cost,
        })  # fmt: skip


def fixed_text(number: Decimal) -> str:
    """Ten decimals, as the legacy report prints."""
    return f"{number:.10f}"
