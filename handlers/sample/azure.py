"""Microsoft's cost details: the column sets of three agreement types.

Enterprise Agreement, Microsoft Customer Agreement and pay-as-you-go, as
https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/schema-index lists them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from handlers.record import ChargeType
from handlers.sample.bills import Bill, Printed, plain_text
from handlers.sample.cells import Rows
from handlers.sample.charges import Charge
from handlers.sample.days import month_after
from handlers.sample.tables import meter_id, names

EA_COLUMNS = names("azure_ea.txt")
MCA_COLUMNS = names("azure_mca.txt")
PAYG_COLUMNS = names("azure_payg.txt")

LINE_TYPES = {
    ChargeType.USAGE: "Usage",
    ChargeType.PURCHASE: "Purchase",
    ChargeType.REFUND: "Refund",
    ChargeType.ADJUSTMENT: "RoundingAdjustment",
}
REGION = "eastus"
SMALLEST_PLAIN = Decimal("0.00001")

Line = tuple[Charge, Printed, list[str]]


def number_text(number: Decimal) -> str:
    """A number as the exports print doubles: with an exponent when it is very small."""
    if not number or abs(number) >= SMALLEST_PLAIN:
        return plain_text(number)
    exponent = number.adjusted()
    return f"{plain_text(number.scaleb(-exponent))}E-{-exponent:02d}"


def braceless(tags: Mapping[str, str]) -> str:
    """Tags as the Enterprise Agreement's files have them: JSON without its braces."""
    return json_object(tags)[1:-1] if tags else ""


def json_object(tags: Mapping[str, str]) -> str:
    """Tags as a JSON object; empty when there are none."""
    return json.dumps(dict(sorted(tags.items())), ensure_ascii=False) if tags else ""


def _details(charge: Charge) -> str:
    # Services write this JSON themselves; some of them over several lines.
    details = {"ServiceType": charge.sku.operation, "VCPUs": "4"}
    return json.dumps(details, indent=2 if charge.place.tags else None)


def is_marketplace(charge: Charge) -> bool:
    """Whether somebody else than Microsoft sells it."""
    return charge.sku.seller == "Anthropic"


def pricing_model(charge: Charge) -> str:
    """``Reservation`` where a reservation pays or is paid."""
    return "Reservation" if charge.place.reservation else "OnDemand"


def frequency(charge: Charge) -> str:
    """How often such a line comes."""
    return "OneTime" if charge.charge_type is ChargeType.PURCHASE else "UsageBased"


def _ea_fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place, scope = charge.sku, charge.place, bill.scope
    first = bill.period
    last = month_after(first) - timedelta(days=1)
    return {
        "InvoiceSectionName": "Engineering",
        "AccountName": "Cloud Platform",
        "AccountOwnerId": "cloud-platform@acme.example",
        "SubscriptionId": place.account,
        "SubscriptionName": f"sub-{place.account[:4]}",
        "ResourceGroup": place.group,
        "ResourceLocation": REGION,
        "ProductName": f"{sku.group or sku.service} - {sku.name}",
        "MeterCategory": sku.service,
        "MeterSubCategory": sku.group,
        "MeterId": sku.sku_id,
        "MeterName": sku.name,
        "MeterRegion": "US East",
        "UnitOfMeasure": sku.unit,
        "EffectivePrice": number_text(sku.price * bill.rate),
        "CostCenter": "4711",
        "ConsumedService": sku.service_id,
        "ResourceId": place.resource,
        "Tags": braceless(place.tags),
        "OfferId": "MS-AZR-0017P",
        "AdditionalInfo": _details(charge),
        "ResourceName": place.resource.rsplit("/", 1)[-1],
        "ReservationId": place.reservation,
        "ReservationName": "ptu-one-year" if place.reservation else "",
        "UnitPrice": number_text(sku.price * bill.rate),
        "Term": "12" if charge.charge_type is ChargeType.PURCHASE else "",
        "PublisherType": "Marketplace" if is_marketplace(charge) else "Azure",
        "PublisherName": sku.seller,
        "ChargeType": LINE_TYPES[charge.charge_type],
        "Frequency": frequency(charge),
        "PricingModel": pricing_model(charge),
        "BillingAccountId": scope.id,
        "BillingAccountName": scope.title,
        "BillingCurrencyCode": scope.currency,
        "BillingPeriodStartDate": f"{first:%m/%d/%Y}",
        "BillingPeriodEndDate": f"{last:%m/%d/%Y}",
        "BillingProfileId": scope.id,
        "BillingProfileName": scope.title,
        "InvoiceSectionId": "98765",
        "IsAzureCreditEligible": "False" if is_marketplace(charge) else "True",
        "PartNumber": f"AAA-{sku.sku_id[:5].upper()}",
        "PayGPrice": number_text(sku.price),
        "ServiceFamily": sku.description,
        "AccountId": "224466",
        "ResourceLocationNormalized": "US East",
    }


def ea_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """Enterprise Agreement: one currency, no USD column, American dates."""
    rows = Rows(EA_COLUMNS, lambda charge: _ea_fixed(bill, charge))
    for charge in charges:
        printed = bill.printed(charge)
        yield charge, printed, rows.row(charge, {
            "Date": f"{charge.day:%m/%d/%Y}",
            "Quantity": number_text(charge.quantity),
            "CostInBillingCurrency": number_text(printed.cost),
        })  # fmt: skip


def _mca_fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place, scope = charge.sku, charge.place, bill.scope
    last = month_after(bill.period) - timedelta(days=1)
    account = f"{meter_id(scope.id)}:{meter_id(scope.title)}_2019-05-31"
    return {
        "invoiceId": invoice_id(bill),
        "billingAccountId": account,
        "billingAccountName": scope.title,
        "billingProfileId": scope.id,
        "billingProfileName": scope.title,
        "invoiceSectionId": "TZ3K-PJ2A",
        "invoiceSectionName": "Engineering",
        "billingPeriodStartDate": f"{bill.period:%m/%d/%Y}",
        "billingPeriodEndDate": f"{last:%m/%d/%Y}",
        "servicePeriodStartDate": f"{bill.period:%m/%d/%Y}",
        "servicePeriodEndDate": f"{last:%m/%d/%Y}",
        "serviceFamily": sku.description,
        "productOrderId": meter_id(scope.id, "order"),
        "productOrderName": "Azure plan",
        "consumedService": sku.service_id,
        "meterId": sku.sku_id,
        "meterName": sku.name,
        "meterCategory": sku.service,
        "meterSubCategory": sku.group,
        "meterRegion": "US East",
        "ProductId": f"DZH318Z0{sku.sku_id[:4].upper()}",
        "ProductName": f"{sku.group or sku.service} - {sku.name}",
        "SubscriptionId": place.account,
        "subscriptionName": f"sub-{place.account[:4]}",
        "publisherType": "Marketplace" if is_marketplace(charge) else "Microsoft",
        "publisherName": sku.seller,
        "resourceGroupName": place.group,
        "ResourceId": place.resource,
        "resourceLocation": REGION,
        "location": "US East",
        "effectivePrice": number_text(sku.price),
        "unitOfMeasure": sku.unit,
        "chargeType": LINE_TYPES[charge.charge_type],
        "billingCurrency": scope.currency,
        "pricingCurrency": "USD",
        "exchangeRatePricingToBilling": plain_text(bill.rate),
        "exchangeRateDate": f"{bill.period:%m/%d/%Y}",
        "isAzureCreditEligible": "False" if is_marketplace(charge) else "True",
        "tags": json_object(place.tags),
        "PayGPrice": number_text(sku.price),
        "frequency": frequency(charge),
        "pricingModel": "On Demand",
        "unitPrice": number_text(sku.price),
        "provider": "Azure",
    }


def invoice_id(bill: Bill) -> str:
    """The invoice of a closed month."""
    digits = int(meter_id(bill.scope.id, f"{bill.period}", "invoice")[:8], 16) % 10**9
    return f"G{digits:09d}" if bill.closed else ""


def mca_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """Microsoft Customer Agreement: priced in USD, billed in another currency, both printed."""
    rows = Rows(MCA_COLUMNS, lambda charge: _mca_fixed(bill, charge))
    for charge in charges:
        printed = bill.printed(charge)
        usd, cost = number_text(printed.usd or Decimal(0)), number_text(printed.cost)
        yield charge, printed, rows.row(charge, {
            "date": f"{charge.day:%m/%d/%Y}",
            "quantity": number_text(charge.quantity),
            "costInBillingCurrency": cost,
            "costInPricingCurrency": usd,
            "costInUsd": usd,
            "paygCostInBillingCurrency": cost,
            "paygCostInUsd": usd,
        })  # fmt: skip


def _payg_fixed(bill: Bill, charge: Charge) -> dict[str, str]:
    sku, place = charge.sku, charge.place
    return {
        "SubscriptionGuid": place.account,
        "ResourceGroup": place.group,
        "ResourceLocation": REGION,
        "MeterCategory": sku.service,
        "MeterSubCategory": sku.group,
        "MeterId": sku.sku_id,
        "MeterName": sku.name,
        "MeterRegion": "US East",
        "ResourceRate": number_text(sku.price * bill.rate),
        "ConsumedService": sku.service_id,
        "ResourceType": f"{sku.service_id}/{sku.operation}",
        "InstanceId": place.resource,
        "Tags": json_object(place.tags),
        "OfferId": "MS-AZR-0003P",
        "AdditionalInfo": _details(charge),
        "ServiceName": sku.service,
        "ServiceTier": sku.group,
        "Currency": bill.scope.currency,
        "UnitOfMeasure": sku.unit,
    }


def payg_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """Pay-as-you-go: one subscription, usage only."""
    rows = Rows(PAYG_COLUMNS, lambda charge: _payg_fixed(bill, charge))
    for charge in charges:
        printed = bill.printed(charge)
        yield charge, printed, rows.row(charge, {
            "UsageDateTime": f"{charge.day:%Y-%m-%d}",
            "UsageQuantity": number_text(charge.quantity),
            "PreTaxCost": number_text(printed.cost),
        })  # fmt: skip
