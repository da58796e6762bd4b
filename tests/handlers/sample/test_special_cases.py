"""Each case the sample promises is there, found in the files by a plain reader."""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest

from tests.handlers.sample.rereading import (
    Customers,
    PlainLine,
    aws_files,
    blobs,
    csv_rows,
    is_ai,
    scope_path,
    table,
)

pytestmark = pytest.mark.slow


def test_lines_that_only_talk_of_ai_are_not_ai(lines: list[PlainLine]) -> None:
    talk = [line for line in lines if line.tag_map.get("Name") == "Bedrock gateway"]
    notebooks = [line for line in lines if "Notebk" in line.sku or "Jupyter" in line.sku]
    assert talk
    assert notebooks
    assert not [line for line in (*talk, *notebooks) if is_ai(line)]


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("cur2-csv", "line_item_line_item_description"),
        ("cur1-csv", "resourceTags/user:note"),
        ("azure-payg", "AdditionalInfo"),
        ("azure-ea", "AdditionalInfo"),
    ],
)
def test_a_cell_holds_a_line_break(kind: str, column: str, sample: Path) -> None:
    path = scope_path(sample, kind)
    files = aws_files(path, sample / "aws") if kind.startswith("cur") else list(blobs(path, sample))
    cells = {row[column] for file in files for row in csv_rows(file)}
    assert [cell for cell in cells if "\n" in cell]


def test_a_line_break_inside_a_cell_makes_more_text_lines_than_rows(sample: Path) -> None:
    file = aws_files(scope_path(sample, "cur1-csv"), sample / "aws")[0]
    text = gzip.decompress(file.read_bytes()).decode()
    rows = sum(1 for _ in csv.reader(io.StringIO(text, newline="")))
    assert text.count("\n") > rows


def test_customers_models_and_an_untagged_rest_are_many(sample: Path) -> None:
    totals = table(sample / "truth" / "totals.csv")
    customers = {row["id"] for row in table(sample / "site" / "customers.csv")}
    assert len(customers) >= 12
    assert customers <= {row["customer_id"] for row in totals}
    assert "untagged" in {row["customer_id"] for row in totals}
    assert len({row["model"] for row in totals}) >= 30
    kinds = {row["token_type"] for row in totals}
    assert kinds >= {
        "input", "output", "cache_read", "cache_write", "cache_storage", "embedding", "image",
        "video", "speech", "page", "rerank", "tool", "guardrail", "training", "hosting",
        "provisioned", "other", "unknown",
    }  # fmt: skip


def test_the_spelling_of_customers_varies(lines: list[PlainLine]) -> None:
    spelt = {value for line in lines if is_ai(line) for _, value in line.tags}
    assert {"Globex ", "ACME", "acme-inc", "東京電機", "MÜLLER", "HOOLI.xyz", "NewCo GmbH"} <= spelt


def test_work_weeks_show_in_the_cost(lines: list[PlainLine]) -> None:
    days: dict[bool, list[Decimal]] = defaultdict(list)
    for line in lines:
        if line.sku == "USE1-MP:USE1_OutputTokenCount-Units" and line.line_type == "Usage":
            days[line.day.weekday() >= 5].append(line.cost)
    assert median(days[True]) < median(days[False]) / 2


@pytest.mark.parametrize("cloud", ["AWS", "Azure", "GCP"])
def test_consumption_of_each_cloud_grows_by_a_tenth_a_month(
    cloud: str, lines: list[PlainLine]
) -> None:
    used_of = (line for line in lines if line.cloud == cloud and is_ai(line) and line.cost > 0)
    usage = [line for line in used_of if line.line_type != "Tax"]  # is of the month's first day
    first, last = min(line.day for line in usage), max(line.day for line in usage)
    weeks = timedelta(days=14)  # as many of each weekday; a month lies between
    early = _medians(line for line in usage if line.day < first + weeks)
    late = _medians(line for line in usage if line.day > last - weeks)
    used = early.keys() & late.keys()
    grown = [each for each in used if late[each] > early[each] * Decimal("1.1")]
    assert grown


def _medians(lines: Iterable[PlainLine]) -> dict[tuple[str, str, str], Decimal]:
    """What each SKU that an account used on most days of two weeks costs on one of them."""
    days: dict[tuple[str, str, str], dict[date, Decimal]] = defaultdict(
        lambda: defaultdict(Decimal)
    )
    for line in lines:
        days[line.scope, line.account, line.sku][line.day] += line.cost
    return {used: median(each.values()) for used, each in days.items() if len(each) > 10}


@pytest.mark.parametrize("cloud", ["AWS", "Azure", "GCP"])
def test_each_cloud_has_batches(cloud: str, lines: list[PlainLine]) -> None:
    batches = [line for line in lines if line.cloud == cloud and "batch" in line.sku.casefold()]
    assert sum(line.cost for line in batches if is_ai(line)) > 0


def test_each_cloud_has_a_spike_of_three_to_five_times_the_usual(
    sample: Path, lines: list[PlainLine]
) -> None:
    customers = Customers(sample / "site")
    spikes = table(sample / "truth" / "anomalies.csv")
    unexpected = [row["cloud"] for row in spikes if row["expected"] == "no"]
    assert sorted(unexpected) == ["AWS", "Azure", "GCP"]
    for spike in spikes:
        assert 3 <= int(spike["factor"]) <= 5
        days: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            usage = line.line_type in {"Usage", "regular"}
            ours = line.scope == spike["scope"] and usage and is_ai(line)
            if ours and line.day.weekday() < 5 and customers.of(line) == spike["customer_id"]:
                days[f"{line.day}"] += line.cost
        if date.fromisoformat(spike["date"]).weekday() < 5:
            assert days[spike["date"]] > 2 * median(days.values()), spike


def test_an_expected_spike_is_an_event_of_the_site(sample: Path) -> None:
    (event,) = table(sample / "site" / "events.csv")
    expected = [
        row for row in table(sample / "truth" / "anomalies.csv") if row["expected"] == "yes"
    ]
    assert (event["date"], event["until"]) == (expected[0]["date"], expected[-1]["date"])
    assert {(row["cloud"], row["customer_id"]) for row in expected} == {
        (event["cloud"], event["customer"])
    }
