"""Cost details of each agreement type become the bill lines that a reader of the file expects."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.sources import Reading
from tests.handlers.sources.azure.bills import (
    EA_LINE,
    SUBSCRIPTION,
    Export,
    csv_bytes,
    ea_bytes,
    export,
    gzipped,
    read,
    stated,
)

MCA_LINE = {
    "invoiceId": "G012345678",
    "billingAccountId": "c39d7e64-1a58-4f92-b0e3-86d2a4f1c975:8a71_2019-05-31",
    "billingProfileId": "QX7K-4M2P-BG7-PGB",
    "date": "11/30/2026",
    "consumedService": "Microsoft.SaaS",
    "meterId": "55d3e9f2",
    "meterName": "Claude Consumption Unit",
    "meterCategory": "SaaS",
    "meterSubCategory": "",
    "ProductName": "Claude in Foundry",
    "SubscriptionId": SUBSCRIPTION,
    "publisherType": "Marketplace",
    "publisherName": "Anthropic",
    "resourceGroupName": "rg-ai",
    "ResourceId": "/subscriptions/x/resourceGroups/rg-ai/providers/y",
    "resourceLocation": "",
    "location": "IN Central",
    "quantity": "1234",
    "unitOfMeasure": "1",
    "chargeType": "Usage",
    "billingCurrency": "INR",
    "costInBillingCurrency": "1091.7",
    "costInUsd": "12.34",
    "paygCostInBillingCurrency": "1200.25",
    "paygCostInUsd": "13.5",
    "tags": '{"customer_id": "acme"}',
}
PAYG_LINE = {
    "SubscriptionGuid": SUBSCRIPTION,
    "ResourceGroup": "rg-labs",
    "ResourceLocation": "eastus",
    "UsageDateTime": "2026-11-07",
    "MeterCategory": "Foundry Models",
    "MeterSubCategory": "Azure OpenAI GPT5",
    "MeterId": "9d998d85",
    "MeterName": "GPT 5 Mini Batch Inpt DZone 1M Tokens",
    "UsageQuantity": "4.5E-06",
    "PreTaxCost": "6.1875E-07",
    "ConsumedService": "Microsoft.CognitiveServices",
    "InstanceId": "/subscriptions/s/resourceGroups/rg-labs/providers/p/accounts/a",
    "Tags": "",
    "Currency": "USD",
    "UnitOfMeasure": "1M",
}


def test_a_line_of_the_enterprise_agreement_keeps_its_own_currency_and_has_no_usd(
    tmp_path: Path,
) -> None:
    export(b"\xef\xbb\xbf" + ea_bytes()).write(tmp_path)

    (line,) = read(tmp_path).lines

    assert json.loads(line.pop("tags")) == {"customer_id": 'Müller, "Söhne"', "env": "prod"}
    assert stated(line) == {
        "line_file": "part_0_0001.csv",
        "usage_date": date(2026, 11, 5),
        "service_id": "Microsoft.CognitiveServices",
        "service": "Cognitive Services",
        "sku": "gpt 4.1 Outp glbl Tokens",
        "description": "Azure OpenAI",
        "sku_id": "0e2f4c61-8a55-4d3e-9f2b-4a186b0c1d74",
        "unit": "1K",
        "billing_entity": "Microsoft",
        "line_type": "Usage",
        "charge_type": "usage",
        "account_id": SUBSCRIPTION,
        "region": "swedencentral",
        "resource_id": EA_LINE["ResourceId"],
        "resource_group": "rg-customer-cust001-prod",
        "currency": "EUR",
        "quantity": Decimal("1250.5"),
        "cost": Decimal("8.604"),
        "gross": Decimal("8.604"),
    }


def test_a_line_of_the_customer_agreement_has_its_usd_and_list_price(tmp_path: Path) -> None:
    profile = "/providers/Microsoft.Billing/billingAccounts/a:b/billingProfiles/QX7K-4M2P-BG7-PGB"
    Export(
        {"part_0_0001.csv.gz": gzipped(csv_bytes(list(MCA_LINE), [MCA_LINE]))}, resource=profile
    ).write(tmp_path)

    found = read(tmp_path)

    assert found.snapshot.scope == "QX7K-4M2P-BG7-PGB"
    assert stated(found.lines[0]) == {
        "line_file": "part_0_0001.csv.gz",
        "usage_date": date(2026, 11, 30),
        "service_id": "Microsoft.SaaS",
        "service": "SaaS",
        "sku": "Claude Consumption Unit",
        "description": "Claude in Foundry",
        "sku_id": "55d3e9f2",
        "unit": "1",
        "billing_entity": "Anthropic",
        "line_type": "Usage",
        "charge_type": "usage",
        "account_id": SUBSCRIPTION,
        "region": "IN Central",
        "resource_id": "/subscriptions/x/resourceGroups/rg-ai/providers/y",
        "resource_group": "rg-ai",
        "tags": '{"customer_id": "acme"}',
        "invoice_id": "G012345678",
        "currency": "INR",
        "quantity": Decimal(1234),
        "cost": Decimal("1091.7"),
        "gross": Decimal("1091.7"),
        "cost_usd": Decimal("12.34"),
        "list_cost": Decimal("1200.25"),
        "list_usd": Decimal("13.5"),
    }


def test_a_pay_as_you_go_line_without_a_charge_type_is_usage(tmp_path: Path) -> None:
    export(
        csv_bytes(list(PAYG_LINE), [PAYG_LINE]),
        type="Usage",
        resource=f"/subscriptions/{SUBSCRIPTION.upper()}",
    ).write(tmp_path)

    found = read(tmp_path)

    assert found.snapshot.scope == SUBSCRIPTION
    assert stated(found.lines[0]) == {
        "line_file": "part_0_0001.csv",
        "usage_date": date(2026, 11, 7),
        "service_id": "Microsoft.CognitiveServices",
        "service": "Foundry Models",
        "sku": "GPT 5 Mini Batch Inpt DZone 1M Tokens",
        "description": "Azure OpenAI GPT5",
        "sku_id": "9d998d85",
        "unit": "1M",
        "billing_entity": "Microsoft",
        "charge_type": "usage",
        "account_id": SUBSCRIPTION,
        "region": "eastus",
        "resource_id": "/subscriptions/s/resourceGroups/rg-labs/providers/p/accounts/a",
        "resource_group": "rg-labs",
        "currency": "USD",
        "quantity": Decimal("0.0000045"),
        "cost": Decimal("0.00000061875"),
        "gross": Decimal("0.00000061875"),
    }


@pytest.mark.parametrize(
    ("word", "cost", "charge_type", "gross"),
    [
        ("Usage", "2", "usage", "2"),
        ("Purchase", "39780", "purchase", "39780"),
        ("Refund", "-0.8", "refund", "-0.8"),
        ("Tax", "3", "tax", "3"),
        ("Credit", "-5", "credit", "0"),
        ("Adjustment", "1", "adjustment", "1"),
        ("RoundingAdjustment", "0.0031", "adjustment", "0.0031"),
        ("UnusedReservation", "0", "idle", "0"),
        ("UnusedSavingsPlan", "0", "idle", "0"),
    ],
)
def test_a_charge_type_of_azure_becomes_one_of_ours(
    word: str, cost: str, charge_type: str, gross: str, tmp_path: Path
) -> None:
    export(ea_bytes({"ChargeType": word, "CostInBillingCurrency": cost})).write(tmp_path)

    (line,) = read(tmp_path).lines

    assert (line["line_type"], line["charge_type"]) == (word, charge_type)
    assert (line["cost"], line["gross"]) == (Decimal(cost), Decimal(gross))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("11/05/2026", date(2026, 11, 5)),
        ("11/2/2026", date(2026, 11, 2)),
        ("11/05/2026 00:00:00", date(2026, 11, 5)),
        ("2026-11-05", date(2026, 11, 5)),
        ("2026-11-05T23:59:59Z", date(2026, 11, 5)),
        ("2026-11-05T00:00:00.0000000Z", date(2026, 11, 5)),
        ("2026-11-05 00:00", date(2026, 11, 5)),
    ],
)
def test_days_are_american_or_iso(text: str, day: date, tmp_path: Path) -> None:
    export(ea_bytes({"Date": text})).write(tmp_path)

    (line,) = read(tmp_path).lines

    assert line["usage_date"] == day


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('"customer": "acme"', {"customer": "acme"}),
        ('{"customer": "acme"}', {"customer": "acme"}),
        ('  "customer": "acme" ', {"customer": "acme"}),
        ("{}", {}),
        ("", None),
        ("null", None),
    ],
)
def test_tags_are_json_with_or_without_braces(
    text: str, tags: dict[str, str] | None, tmp_path: Path
) -> None:
    export(ea_bytes({"Tags": text})).write(tmp_path)

    (line,) = read(tmp_path).lines

    assert (json.loads(line["tags"]) if line["tags"] else None) == tags


def test_lines_of_all_parts_count_and_both_readers_agree(tmp_path: Path) -> None:
    one = ea_bytes({"CostInBillingCurrency": "0.1"}, {"CostInBillingCurrency": "0.2"})
    other = ea_bytes({"CostInBillingCurrency": "1E-12"})
    Export({"part_0_0001.csv": one, "part_1_0001.csv": other}, rows=3).write(tmp_path)

    found = read(tmp_path)

    assert found.scanned.first == found.scanned.second
    assert found.scanned.second.lines == 3
    assert found.scanned.second.cost == Decimal("0.300000000001")


def test_parts_may_have_their_columns_in_another_order_and_case(tmp_path: Path) -> None:
    columns = {name.lower(): value for name, value in reversed(EA_LINE.items())}
    other = csv_bytes(list(columns), [columns])
    # Two processes add up the parts in turn: a third part shares one with the first.
    parts = {"part_0_0001.csv": ea_bytes(), "part_1_0001.csv": other, "part_2_0001.csv": other}
    Export(parts, rows=3).write(tmp_path)

    found = read(tmp_path)

    assert found.scanned.first == found.scanned.second
    assert found.scanned.second.cost == Decimal("25.812")


def test_services_left_out_are_told_apart_by_name_within_a_resource_provider(
    tmp_path: Path,
) -> None:
    compute = {"ConsumedService": "Microsoft.Compute"}
    export(
        ea_bytes(
            compute | {"MeterCategory": "Virtual Machines", "CostInBillingCurrency": "3"},
            compute | {"MeterCategory": "Storage", "CostInBillingCurrency": "4"},
            compute | {"MeterCategory": "Storage", "CostInBillingCurrency": "5"},
            {},
        ),
        rows=4,
    ).write(tmp_path)

    def cognitive(reading: Reading) -> str:
        return f"{reading.service_text} = 'Cognitive Services'"

    found = read(tmp_path, cognitive)

    assert [line["cost"] for line in found.lines] == [Decimal("8.604")]
    assert found.left_out == [
        ("Microsoft.Compute", "Storage", "Microsoft", 2, Decimal(9)),
        ("Microsoft.Compute", "Virtual Machines", "Microsoft", 1, Decimal(3)),
    ]
