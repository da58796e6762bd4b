"""A panel's data as CSV: whole, and harmless in a spreadsheet."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from dashboards.viewer.export import as_csv
from tests.dashboards.viewer.panels import panel, shown


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_every_column_is_there_with_its_whole_amounts() -> None:
    hides_key = panel(overrides={"key": {"custom.hidden": True}})
    found = shown(
        hides_key,
        "key name day cost",
        ("0a1b", 'O"Brien\\', date(2026, 11, 3), Decimal("-0.000000001")),
        ("0a1c", "a,b\nc", None, 1234.5),
    )
    assert read(as_csv(found)) == [
        ["key", "name", "day", "cost"],
        ["0a1b", 'O"Brien\\', "2026-11-03", "-0.000000001"],
        ["0a1c", "a,b\nc", "", "1234.5"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_a_text_that_a_spreadsheet_would_compute_is_a_text(text: str) -> None:
    assert read(as_csv(shown(panel(), "name cost", (text, Decimal(1)))))[1] == [f"'{text}", "1"]


def test_the_name_of_a_series_is_no_formula_either() -> None:
    found = shown(
        panel("timeseries"), "time customer cost", (date(2026, 11, 3), "=cmd|' /C calc'!A0", 1)
    )
    assert read(as_csv(found))[0] == ["time", "'=cmd|' /C calc'!A0"]
