"""Each case the sample promises is there, found in the files by a plain reader."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.handlers.sample.rereading import (
    PlainLine,
    blobs,
    counted,
    csv_rows,
    only,
    parquet_types,
    scope_path,
    superseded,
)

pytestmark = pytest.mark.slow


def test_enterprise_agreement_has_a_bom_american_dates_braceless_tags_and_no_dollars(
    sample: Path,
) -> None:
    part = next(blobs(scope_path(sample, "azure-ea"), sample))
    assert part.read_bytes().startswith(b"\xef\xbb\xbfInvoiceSectionName,AccountName,")
    rows = list(csv_rows(part))
    assert len(rows[0]) == 57
    assert not [name for name in rows[0] if "usd" in name.lower()]
    assert {row["Date"] for row in rows} <= {f"10/{day:02d}/2026" for day in range(1, 32)}
    tags = {row["Tags"] for row in rows}
    assert '"customer_id": "acme", "project_id": "web"' in tags


def test_small_amounts_carry_an_exponent_as_microsoft_prints_them(sample: Path) -> None:
    manifests = (sample / "azure" / "azure-a").rglob("manifest.json")
    costs = {
        row["CostInBillingCurrency"]
        for manifest in manifests
        for part in blobs(manifest, sample)
        for row in csv_rows(part)
    }
    assert [cost for cost in costs if "E-" in cost]
    assert all(Decimal(cost).is_finite() for cost in costs)


@pytest.mark.parametrize(
    ("kind", "count"),
    [("azure-mca", 65), ("azure-payg", 24), ("azure-focus-1.0", 96)],
)
def test_cost_details_have_their_full_column_set(kind: str, count: int, sample: Path) -> None:
    part = next(blobs(scope_path(sample, kind), sample))
    assert len(next(csv_rows(part))) == count


def test_focus_1_2_is_parquet_with_its_106_columns(sample: Path) -> None:
    parts = list(blobs(scope_path(sample, "azure-focus-1.2"), sample))
    names = parquet_types(parts[0]).keys()
    assert len(parts) == 2
    assert len(names) == 106
    assert {"InvoiceId", "SkuMeter", "PricingCurrency", "x_AmortizationClass"} <= names


def test_the_restated_month_has_two_runs_and_the_later_one_counts(sample: Path) -> None:
    current = scope_path(sample, "azure-mca")
    manifests = {
        json.loads(path.read_text())["runInfo"]["submittedTime"]: path
        for path in current.parent.parent.rglob("manifest.json")
    }
    assert len(manifests) == 2
    assert manifests.pop(max(manifests)) == current
    old = only(manifests.values())
    assert counted(blobs(old, sample), "costInBillingCurrency") == superseded(
        sample, "QX7K-4M2P-BG7-PGB"
    )


def test_manifests_state_the_size_and_the_rows_of_every_part(sample: Path) -> None:
    for manifest in (sample / "azure").rglob("manifest.json"):
        content = json.loads(manifest.read_text())
        parts = list(blobs(manifest, sample))
        assert [part.stat().st_size for part in parts] == [
            blob["byteCount"] for blob in content["blobs"]
        ]
        assert sum(blob["dataRowCount"] for blob in content["blobs"]) == content["dataRowCount"]
        assert len(parts) == content["blobCount"]


def test_a_reservation_is_bought_used_and_left_idle(lines: list[PlainLine]) -> None:
    ours = [line for line in lines if line.scope == "5550977" and "Regional Unit" in line.sku]
    (purchase,) = [line for line in ours if line.line_type == "Purchase"]
    assert (purchase.cost, purchase.effective) == (Decimal(39780), Decimal(0))
    days: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for line in ours:
        if line is not purchase:
            assert line.cost == 0
            assert line.effective is not None
            days[f"{line.day}"][line.line_type] = line.effective
    assert min(days) == f"{purchase.day}"
    for covered in days.values():
        assert covered.keys() == {"Usage", "Unused"}
        assert abs(sum(covered.values()) - Decimal(39780) / 365) < Decimal("1e-10")


def test_consumption_units_are_a_cent_each(sample: Path) -> None:
    manifest = scope_path(sample, "azure-mca")
    units = [
        row
        for part in blobs(manifest, sample)
        for row in csv_rows(part)
        if row["meterName"] == "Claude Consumption Unit"
    ]
    assert units
    for row in units:
        assert row["publisherType"] == "Marketplace"
        assert Decimal(row["costInUsd"]) * 100 == Decimal(row["quantity"])


def test_a_line_refunds_what_an_earlier_one_charged(lines: list[PlainLine]) -> None:
    refunds = [line for line in lines if line.cloud == "Azure" and line.line_type == "Refund"]
    assert [(line.sku, line.cost < 0) for line in refunds] == [("gpt 4.1 Outp glbl Tokens", True)]


def test_only_the_meter_says_which_model_it_is(sample: Path) -> None:
    families = {
        row["ServiceFamily"]
        for part in blobs(scope_path(sample, "azure-ea"), sample)
        for row in csv_rows(part)
        if row["MeterCategory"] in {"Cognitive Services", "Foundry Models"}
    }
    assert families == {"AI + Machine Learning"}
