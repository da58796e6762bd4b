"""Numbers and ages against what Grafana's own package answers; colours against WCAG.

The files hold answers of @grafana/data 13.2.2 and of the moment.js that it uses, asked under Node:
``formattedValueToString(getValueFormat(unit)(value, decimals))`` and ``moment(then).from(now)``.
"""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.viewer.colours import INKS, READABLE, Theme, as_text, contrast
from dashboards.viewer.units import exact, write

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def facts(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_numbers_are_written_as_grafana_writes_them() -> None:
    told = facts("grafana_numbers.csv")
    assert len(told) > 300
    for fact in told:
        decimals = int(fact["decimals"]) if fact["decimals"] else None
        assert write(float(fact["value"]), fact["unit"], decimals, NOW) == fact["text"], fact


def test_ages_are_told_as_grafana_tells_them() -> None:
    for fact in facts("grafana_ages.csv"):
        then = (NOW - timedelta(seconds=int(fact["seconds"]))).replace(tzinfo=None)
        assert write(then, "dateTimeFromNow", None, NOW) == fact["text"], fact


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("120123.456"), "currencyUSD", "$120,123.46"),
        (Decimal("-1.5"), "currencyUSD", "-$1.50"),
        (Decimal("0.000003"), "currencyUSD", "$0.000003"),
        (Decimal("0.1"), "currencyUSD", "$0.10"),
        (0, "currencyUSD", "$0.00"),
        (0.12345, "percentunit", "12.35%"),
        (Decimal("14400000000"), "short", "14,400,000,000"),
        (Decimal("2.500000000"), "none", "2.5"),
        (date(2026, 11, 3), "string", "2026-11-03"),
        (None, "currencyUSD", ""),
    ],
)
def test_the_whole_amount_is_at_hand(value: object, unit: str, text: str) -> None:
    assert exact(value, unit) == text


@pytest.mark.parametrize("theme", Theme)
@pytest.mark.parametrize("colour", ["#E02F44", "#FADE2A", "#0A437C", "#ffffff", "#000000"])
def test_a_coloured_text_is_readable_on_a_panel(colour: str, theme: Theme) -> None:
    assert contrast(as_text(colour, theme), INKS[theme].surface) >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    # Black on white is 21, and #767676 the lightest grey that passes on white (WebAIM).
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
