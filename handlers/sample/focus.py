"""Microsoft's FOCUS exports, versions 1.0 and 1.2-preview.

Columns: https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from handlers.record import ChargeType
from handlers.sample.azure import Line, invoice_id, is_marketplace, json_object
from handlers.sample.bills import Bill, plain_text
from handlers.sample.cells import Rows
from handlers.sample.charges import ZERO, Charge
from handlers.sample.days import month_after
from handlers.sample.tables import meter_id, names, types

FOCUS_1_0 = names("azure_focus_1_0.txt")
FOCUS_1_2 = types("azure_focus_1_2.csv")

CATEGORIES = {
    ChargeType.USAGE: "Usage",
    ChargeType.IDLE: "Usage",
    ChargeType.PURCHASE: "Purchase",
}


def _commitment(charge: Charge) -> dict[str, str]:
    if not charge.place.reservation:
        return {"PricingCategory": "Standard"}
    cells = {
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": "/providers/Microsoft.Capacity/reservationOrders/"
        f"{meter_id(charge.place.reservation)}/reservations/{charge.place.reservation}",
        "CommitmentDiscountName": "ptu-one-year",
        "CommitmentDiscountType": "Reservation",
        "x_PricingSubcategory": "Committed Usage",
        "x_SkuTerm": "12",
    }
    if charge.charge_type is ChargeType.PURCHASE:
        return cells | {"PricingCategory": "Standard"}
    status = "Unused" if charge.charge_type is ChargeType.IDLE else "Used"
    return cells | {"PricingCategory": "Committed", "CommitmentDiscountStatus": status}


def _fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place, scope = charge.sku, charge.place, bill.scope
    price = plain_text(sku.price * bill.rate)
    purchase = charge.charge_type is ChargeType.PURCHASE
    return _commitment(charge) | {
        "BillingAccountId": f"/providers/Microsoft.Billing/billingAccounts/{scope.id}",
        "BillingAccountName": scope.title,
        "BillingAccountType": "Billing Account",
        "BillingCurrency": scope.currency,
        "BillingPeriodStart": f"{bill.period:%Y-%m-%dT00:00:00Z}",
        "BillingPeriodEnd": f"{month_after(bill.period):%Y-%m-%dT00:00:00Z}",
        "ChargeCategory": CATEGORIES[charge.charge_type],
        "ChargeDescription": f"{sku.group or sku.service} - {sku.name}",
        "ChargeFrequency": "One-Time" if purchase else "Usage-Based",
        "ConsumedUnit": "" if purchase else sku.unit,
        "ContractedUnitPrice": price,
        "InvoiceIssuerName": "Microsoft",
        "ListUnitPrice": price,
        "PricingUnit": sku.unit,
        "ProviderName": "Microsoft",
        "PublisherName": sku.seller,
        "RegionId": "eastus",
        "RegionName": "East US",
        "ResourceId": place.resource,
        "ResourceName": place.resource.rsplit("/", 1)[-1],
        "ResourceType": sku.operation,
        "ServiceCategory": "AI and Machine Learning" if sku.model else "Compute",
        "ServiceName": sku.service,
        "SkuId": f"DZH318Z0{sku.sku_id[:4].upper()}",
        "SkuPriceId": f"DZH318Z0{sku.sku_id[:8].upper()}",
        "SubAccountId": f"/subscriptions/{place.account}",
        "SubAccountName": f"sub-{place.account[:4]}",
        "SubAccountType": "Subscription",
        "Tags": json_object(place.tags),
        "x_AccountName": "Cloud Platform",
        "x_AccountOwnerId": "cloud-platform@acme.example",
        "x_BilledUnitPrice": price,
        "x_BillingAccountId": scope.id,
        "x_BillingAccountName": scope.title,
        "x_BillingExchangeRate": plain_text(bill.rate),
        "x_BillingExchangeRateDate": f"{bill.period:%Y-%m-%dT00:00:00Z}",
        "x_BillingProfileId": scope.id,
        "x_BillingProfileName": scope.title,
        "x_CostCenter": "4711",
        "x_EffectiveUnitPrice": price,
        "x_InvoiceSectionName": "Engineering",
        "x_PricingBlockSize": "1",
        "x_PricingUnitDescription": sku.unit,
        "x_PublisherCategory": "Vendor" if is_marketplace(charge) else "Cloud Provider",
        "x_ResourceGroupName": place.group,
        "x_ResourceType": f"{sku.service_id}/{sku.operation}".lower(),
        "x_ServicePeriodStart": f"{bill.period:%Y-%m-%dT00:00:00Z}",
        "x_ServicePeriodEnd": f"{month_after(bill.period):%Y-%m-%dT00:00:00Z}",
        "x_SkuDescription": f"{sku.group} {sku.name}",
        "x_SkuDetails": json_object({"ServiceType": sku.operation}),
        "x_SkuIsCreditEligible": "false" if is_marketplace(charge) else "true",
        "x_SkuMeterCategory": sku.service,
        "x_SkuMeterId": sku.sku_id,
        "x_SkuMeterName": sku.name,
        "x_SkuMeterSubcategory": sku.group,
        "x_SkuOfferId": "MS-AZR-0017P",
        "x_SkuPartNumber": f"AAA-{sku.sku_id[:5].upper()}",
        "x_SkuRegion": "US East",
        "x_SkuServiceFamily": sku.description,
    }


def _fixed_1_0(bill: Bill, charge: Charge) -> dict[str, str]:
    return _fixed(bill, charge) | {
        "x_InvoiceId": invoice_id(bill),
        "x_PricingCurrency": "USD",
    }


def _fixed_1_2(bill: Bill, charge: Charge) -> dict[str, str]:
    model_charge = bool(charge.sku.model)
    return _fixed(bill, charge) | {
        "InvoiceId": invoice_id(bill),
        "PricingCurrency": "USD",
        "ServiceSubcategory": "Generative AI" if model_charge else "Other (Compute)",
        "SkuMeter": charge.sku.name,
        "SkuPriceDetails": json_object({"x_ServiceType": charge.sku.operation}),
        "x_AmortizationClass": _amortization(charge),
        "x_ServiceModel": "PaaS",
    }


def _amortization(charge: Charge) -> str:
    if not charge.place.reservation:
        return ""
    purchase = charge.charge_type is ChargeType.PURCHASE
    return "Principal" if purchase else "Amortized Charge"


def _lines(bill: Bill, charges: Sequence[Charge], rows: Rows) -> Iterator[Line]:
    for charge in charges:
        printed = bill.printed(charge)
        cost, usd = plain_text(printed.cost), plain_text(printed.usd or ZERO)
        effective = plain_text(printed.effective or ZERO)
        quantity = plain_text(charge.quantity)
        purchase = charge.charge_type is ChargeType.PURCHASE
        yield charge, printed, rows.row(charge, {
            "BilledCost": cost,
            "ChargePeriodStart": f"{charge.day:%Y-%m-%dT00:00:00Z}",
            "ChargePeriodEnd": f"{charge.day + timedelta(days=1):%Y-%m-%dT00:00:00Z}",
            "ConsumedQuantity": "" if purchase else quantity,
            "ContractedCost": effective,
            "EffectiveCost": effective,
            "ListCost": effective,
            "PricingQuantity": quantity,
            "x_BilledCostInUsd": usd,
            "x_ContractedCostInUsd": plain_text(printed.effective_usd or ZERO),
            "x_EffectiveCostInUsd": plain_text(printed.effective_usd or ZERO),
            "x_ListCostInUsd": plain_text(printed.effective_usd or ZERO),
        })  # fmt: skip


def focus_1_0_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """FOCUS 1.0."""
    yield from _lines(bill, charges, Rows(FOCUS_1_0, lambda charge: _fixed_1_0(bill, charge)))


def focus_1_2_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """FOCUS 1.2-preview, with the reservation's cost spread over the days it covers."""
    columns = tuple(FOCUS_1_2)
    yield from _lines(bill, charges, Rows(columns, lambda charge: _fixed_1_2(bill, charge)))
