"""Each case the sample promises is there, found in the files by a plain reader."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.handlers.sample.rereading import (
    OCTOBER,
    PlainLine,
    google_rows,
    is_ai,
    parquet_types,
    scope_path,
)

pytestmark = pytest.mark.slow


def test_usage_of_one_day_is_on_two_invoices(lines: list[PlainLine]) -> None:
    months: dict[tuple[str, str], set[tuple[str, bool]]] = defaultdict(set)
    for line in lines:
        if line.cloud == "GCP" and line.line_type == "regular" and is_ai(line):
            months[line.scope, f"{line.day}"].add((line.period, line.hour < 7))
    for scope in ("01A2B3-C4D5E6-F7A8B9", "0A1B2C-3D4E5F-6A7B8C"):
        assert months[scope, "2026-10-01"] == {("2026-09", True), ("2026-10", False)}
        assert {period for period, _ in months[scope, "2026-10-31"]} >= {OCTOBER, "2026-11"} or {
            period for period, _ in months[scope, "2026-11-01"]
        } >= {OCTOBER, "2026-11"}


def test_google_corrects_by_later_rows_that_negate_and_book_again(
    lines: list[PlainLine],
) -> None:
    for scope in ("01A2B3-C4D5E6-F7A8B9", "0A1B2C-3D4E5F-6A7B8C"):
        ours = [line for line in lines if line.scope == scope]
        corrected = {line.description: line for line in ours if line.line_type == "adjustment"}
        negated = corrected["COMPLETE_NEGATION"]
        again = corrected["COMPLETE_NEGATION_WITH_REMONETIZATION"]
        (wrong,) = [
            line
            for line in ours
            if (line.day, line.hour, line.sku, line.tags, line.line_type)
            == (negated.day, negated.hour, negated.sku, negated.tags, "regular")
            and line.account == negated.account
        ]
        assert abs(wrong.cost + negated.cost) < Decimal("1e-8")
        assert again.tags != wrong.tags
        assert negated.exported > wrong.exported
        assert corrected["MANUAL_ADJUSTMENT"].cost < 0


def test_google_has_credits_tax_rounding_and_repeated_label_keys(
    lines: list[PlainLine],
) -> None:
    ours = [line for line in lines if line.cloud == "GCP"]
    assert {line.line_type for line in ours} == {"regular", "tax", "adjustment", "rounding_error"}
    assert any(line.credits < 0 and is_ai(line) for line in ours)
    repeated = [line for line in ours if len(line.tags) > len(line.tag_map)]
    assert {dict(line.tags)["customer_id"] for line in repeated} == {"acme"}


def test_google_costs_are_doubles_and_some_look_it(sample: Path) -> None:
    costs = [row["cost"] for row in google_rows(scope_path(sample, "gcp-detailed"))]
    assert all(isinstance(cost, float) for cost in costs)
    digits = [len(Decimal(repr(cost)).as_tuple().digits) for cost in costs]
    assert max(digits) > 15
    assert any("e-" in repr(cost) for cost in costs)


def test_google_rows_have_the_whole_schema(sample: Path) -> None:
    detailed: set[str] = set()
    for row in google_rows(scope_path(sample, "gcp-detailed")):
        detailed |= row.keys()
    files = scope_path(sample, "gcp-standard").iterdir()
    standard = parquet_types(next(files)).keys()
    assert len(standard) == 26
    assert detailed - standard == {"resource"}
    assert standard - detailed == set()
