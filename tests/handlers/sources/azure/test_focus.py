"""FOCUS exports, 1.0 and 1.2-preview, become the bill lines that a reader of the file expects."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.handlers.sources.azure.bills import (
    SUBSCRIPTION,
    Export,
    csv_bytes,
    export,
    parquet_bytes,
    read,
    stated,
)

LINE = {
    "BilledCost": "21.5",
    "BillingAccountId": "/providers/Microsoft.Billing/billingAccounts/5550142",
    "BillingCurrency": "EUR",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargePeriodStart": "2026-11-05T00:00Z",
    "CommitmentDiscountStatus": "",
    "ConsumedQuantity": "500000",
    "ConsumedUnit": "Tokens",
    "EffectiveCost": "20.5",
    "InvoiceIssuerName": "Microsoft",
    "ListCost": "30",
    "PricingQuantity": "0.5",
    "PricingUnit": "Tokens",
    "PublisherName": "Microsoft",
    "RegionId": "swedencentral",
    "ResourceId": "/subscriptions/x/resourceGroups/rg-ai/providers/y",
    "ServiceName": "Azure AI services",
    "SubAccountId": f"/subscriptions/{SUBSCRIPTION.upper()}",
    "Tags": '{"project": "chat"}',
    "x_BilledCostInUsd": "25",
    "x_EffectiveCostInUsd": "24",
    "x_InvoiceId": "G1",
    "x_ListCostInUsd": "35",
    "x_PricingUnitDescription": "1M",
    "x_ResourceGroupName": "rg-ai",
    "x_SkuDescription": "Azure OpenAI GPT5 5.4 opt Gl 1M Tokens",
    "x_SkuMeterCategory": "Foundry Models",
    "x_SkuMeterId": "df543d9c",
    "x_SkuMeterName": "5.4 opt Gl 1M Tokens",
    "x_SkuMeterSubcategory": "Azure OpenAI GPT5",
}
EXPECTED = {
    "usage_date": date(2026, 11, 5),
    "service": "Foundry Models",
    "sku": "5.4 opt Gl 1M Tokens",
    "description": "Azure OpenAI GPT5",
    "sku_id": "df543d9c",
    "unit": "1M",
    "billing_entity": "Microsoft",
    "line_type": "Usage",
    "charge_type": "usage",
    "account_id": SUBSCRIPTION,
    "region": "swedencentral",
    "resource_id": "/subscriptions/x/resourceGroups/rg-ai/providers/y",
    "resource_group": "rg-ai",
    "tags": '{"project": "chat"}',
    "invoice_id": "G1",
    "currency": "EUR",
    "quantity": Decimal("0.5"),
    "cost": Decimal("21.5"),
    "gross": Decimal("21.5"),
    "effective": Decimal("20.5"),
    "list_cost": Decimal(30),
    "cost_usd": Decimal(25),
    "effective_usd": Decimal(24),
    "list_usd": Decimal(35),
}


def focus(*changes: dict[str, str]) -> bytes:
    return csv_bytes(list(LINE), [LINE | change for change in changes or ({},)])


def test_a_line_of_focus_1_0(tmp_path: Path) -> None:
    export(focus(), type="FocusCost").write(tmp_path)

    (line,) = read(tmp_path).lines

    assert stated(line) == EXPECTED | {"line_file": "part_0_0001.csv"}


def test_a_line_of_focus_1_2_in_parquet_with_a_time_in_utc(tmp_path: Path) -> None:
    """The tests run in a zone east of UTC, where this moment is a day later."""
    texts = {"SkuMeter": LINE["x_SkuMeterName"], "InvoiceId": "G1"} | LINE
    amounts = {"BilledCost", "EffectiveCost", "ListCost", "PricingQuantity", "ConsumedQuantity"}
    amounts |= {name for name in LINE if name.endswith("InUsd")}
    kinds = dict.fromkeys(texts, "VARCHAR") | dict.fromkeys(amounts, "DECIMAL(38, 18)")
    kinds["ChargePeriodStart"] = "TIMESTAMPTZ"
    texts["ChargePeriodStart"] = "2026-11-05 23:00:00+00"
    columns = ", ".join(f"'{texts[name]}'::{kind} AS {name}" for name, kind in kinds.items())
    content = parquet_bytes(f"SELECT {columns}", tmp_path)
    Export({"part_0_0001.snappy.parquet": content}, type="FocusCost").write(tmp_path)

    found = read(tmp_path)

    assert stated(found.lines[0]) == EXPECTED | {"line_file": "part_0_0001.snappy.parquet"}
    assert found.scanned.first == found.scanned.second


def test_parquet_with_doubles_and_a_map_of_tags_counts_the_shortest_decimal(
    tmp_path: Path,
) -> None:
    shown = {name: f"'{value}'" for name, value in LINE.items()}
    shown |= {"BilledCost": "0.1::DOUBLE", "Tags": "MAP {'customer': 'acme'}"}
    content = parquet_bytes(
        "SELECT " + ", ".join(f"{value} AS {name}" for name, value in shown.items()), tmp_path
    )
    Export({"part_0_0001.parquet": content}, type="FocusCost").write(tmp_path)

    found = read(tmp_path)

    assert found.lines[0]["cost"] == Decimal("0.1")
    assert json.loads(found.lines[0]["tags"]) == {"customer": "acme"}
    assert found.scanned.first == found.scanned.second


def test_a_purchase_says_what_was_bought_and_has_no_effective_cost(tmp_path: Path) -> None:
    export(
        focus(
            {
                "ChargeCategory": "Purchase",
                "BilledCost": "39780",
                "EffectiveCost": "0",
                "ConsumedQuantity": "",
                "ConsumedUnit": "",
                "PricingQuantity": "15",
                "x_PricingUnitDescription": "1/Year",
            }
        ),
        type="FocusCost",
    ).write(tmp_path)

    (line,) = read(tmp_path).lines

    assert line["charge_type"] == "purchase"
    assert (line["cost"], line["effective"]) == (Decimal(39780), Decimal(0))
    assert (line["quantity"], line["unit"]) == (Decimal(15), "1/Year")


def test_usage_that_is_not_priced_is_counted_as_consumed(tmp_path: Path) -> None:
    export(focus({"PricingQuantity": "", "ConsumedUnit": "Hours"}), type="FocusCost").write(
        tmp_path
    )

    (line,) = read(tmp_path).lines

    assert (line["quantity"], line["unit"]) == (Decimal(500000), "Hours")


@pytest.mark.parametrize(
    ("change", "charge_type"),
    [
        ({"CommitmentDiscountStatus": "Unused", "BilledCost": "0"}, "idle"),
        ({"CommitmentDiscountStatus": "Used", "BilledCost": "0"}, "usage"),
        ({"ChargeCategory": "Purchase", "ChargeClass": "Correction", "BilledCost": "-9"}, "refund"),
        ({"ChargeClass": "Correction"}, "adjustment"),
        ({"ChargeCategory": "Credit", "BilledCost": "-9"}, "credit"),
        ({"ChargeCategory": "Tax"}, "tax"),
        ({"ChargeCategory": "Adjustment"}, "adjustment"),
    ],
)
def test_category_class_and_commitment_say_what_kind_of_charge_it_is(
    change: dict[str, str], charge_type: str, tmp_path: Path
) -> None:
    export(focus(change), type="FocusCost").write(tmp_path)

    (line,) = read(tmp_path).lines

    assert line["charge_type"] == charge_type


def test_an_unused_commitment_costs_nothing_but_effectively(tmp_path: Path) -> None:
    unused = {"CommitmentDiscountStatus": "Unused", "BilledCost": "0", "EffectiveCost": "19.6"}
    export(focus(unused), type="FocusCost").write(tmp_path)

    (line,) = read(tmp_path).lines

    assert (line["cost"], line["effective"]) == (Decimal(0), Decimal("19.6"))
