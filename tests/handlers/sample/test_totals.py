import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.sample import SampleReport
from tests.handlers.sample.rereading import Customers, PlainLine, is_ai, is_platform, table

pytestmark = pytest.mark.slow

HALF_A_PICO_DOLLAR = Decimal("5e-13")

CHARGE_TYPES = {
    "Usage": "usage",
    "EdpDiscount": "discount",
    "Credit": "credit",
    "Refund": "refund",
    "Tax": "tax",
    "Purchase": "purchase",
    "Unused": "idle",
    "regular": "usage",
    "adjustment": "adjustment",
}


def charge_type(line: PlainLine) -> str:
    """Google's manual adjustment is for goodwill: a credit issued to the customer."""
    goodwill = line.description == "MANUAL_ADJUSTMENT"
    return "credit" if goodwill else CHARGE_TYPES[line.line_type]


def total(lines: Iterable[PlainLine]) -> Decimal:
    return sum((line.cost for line in lines), Decimal(0))


def by_bill(lines: Iterable[PlainLine]) -> Mapping[tuple[str, str], list[PlainLine]]:
    bills: dict[tuple[str, str], list[PlainLine]] = defaultdict(list)
    for line in lines:
        bills[line.scope, line.period].append(line)
    return bills


def labels(root: Path) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Model and token type of the words on a bill, as the price lists label them."""
    words = {
        "aws": ("product", "usage_type", ""),
        "azure": ("category", "meter", "subcategory"),
        "gcp": ("service", "sku", ""),
    }
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for cloud, (service, sku, group) in words.items():
        path = root / "handlers" / "sample" / "prices" / f"{cloud}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = (row[service], row[sku], row[group] if group else "")
                found[key] = (row["model"], row["token_type"])
    return found


def test_every_bill_holds_the_lines_and_the_money_that_are_stated(
    sample: Path, lines: list[PlainLine]
) -> None:
    bills = by_bill(lines)
    stated = table(sample / "truth" / "scopes.csv")
    assert len(stated) == len(bills)
    for row in stated:
        bill = bills[row["scope"], row["billing_period"]]
        ai = [line for line in bill if is_ai(line)]
        platform = [line for line in bill if is_platform(line)]
        assert (row["scope"], row["billing_period"], len(bill), total(bill)) == (
            row["scope"], row["billing_period"], int(row["all_lines"]), Decimal(row["all_cost"]),
        )  # fmt: skip
        assert (len(ai), total(ai)) == (int(row["ai_lines"]), Decimal(row["ai_cost"]))
        assert (len(platform), total(platform)) == (
            int(row["platform_lines"]), Decimal(row["platform_cost"]),
        )  # fmt: skip
        assert {line.currency for line in bill} == {row["currency"]}
        nested = sum((line.credits for line in bill), Decimal(0))
        assert nested == Decimal(row["nested_credits"])


def test_totals_per_model_token_type_and_customer_follow_from_the_files_and_the_site_data(
    sample: Path, lines: list[PlainLine], root: Path
) -> None:
    customers, known = Customers(sample / "site"), labels(root)
    found: dict[tuple[str, ...], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for line in filter(is_ai, lines):
        model, token_type = known[line.service, line.sku, line.group]
        key = (
            line.cloud, line.scope, line.period, customers.of(line), model, token_type,
            charge_type(line),
        )  # fmt: skip
        count, cost = found[key]
        found[key] = (count + 1, cost + line.cost)
    stated = {
        tuple(row.values())[:7]: (int(row["lines"]), Decimal(row["billing_cost"]))
        for row in table(sample / "truth" / "totals.csv")
    }
    assert stated == found


def test_dollars_are_the_bills_own_or_follow_from_its_rate_or_from_the_sites(
    sample: Path, lines: list[PlainLine]
) -> None:
    rates = {
        (row["currency"], row["month"]): Decimal(row["rate"])
        for row in table(sample / "site" / "rates.csv")
    }
    dollars: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in filter(is_ai, lines):
        month = "2026-10" if line.period == "2026-11" else line.period
        rate = line.rate or (Decimal(1) if line.currency == "USD" else rates[line.currency, month])
        usd = line.cost / rate if line.usd is None else line.usd
        dollars[line.scope, line.period] += usd
    stated: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in table(sample / "truth" / "totals.csv"):
        stated[row["scope"], row["billing_period"]] += Decimal(row["cost_usd_exact"])
    assert stated.keys() == dollars.keys()
    for key, usd in dollars.items():
        assert abs(stated[key] - usd) < HALF_A_PICO_DOLLAR, key


def test_the_last_month_has_no_rate_of_its_own(sample: Path) -> None:
    months = {row["month"] for row in table(sample / "site" / "rates.csv")}
    assert "2026-10" in months
    assert "2026-11" not in months


def test_amortised_cost_is_what_the_focus_files_print(sample: Path, lines: list[PlainLine]) -> None:
    printed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in filter(is_ai, lines):
        if line.effective is not None:
            printed[line.scope, CHARGE_TYPES[line.line_type]] += line.effective
    stated: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in table(sample / "truth" / "effective.csv"):
        if row["scope"] in {scope for scope, _ in printed}:
            stated[row["scope"], row["charge_type"]] += Decimal(row["effective_cost"])
    assert stated == printed


def test_nine_in_ten_lines_are_not_ai(report: SampleReport, lines: list[PlainLine]) -> None:
    ai = sum(map(is_ai, lines))
    assert (report.lines, report.ai_lines) == (len(lines), ai)
    assert ai / len(lines) < 0.1


def test_unknown_skus_are_stated_in_dollars_and_say_whether_they_count(
    sample: Path, lines: list[PlainLine]
) -> None:
    stated = table(sample / "truth" / "unknown.csv")
    assert {row["cloud"] for row in stated} == {"AWS", "Azure", "GCP"}
    for row in stated:
        same = [
            line
            for line in lines
            if (line.scope, line.period, line.service, line.sku)
            == (row["scope"], row["billing_period"], row["service"], row["sku"])
        ]
        assert (len(same), total(same)) == (int(row["lines"]), Decimal(row["billing_cost"]))
        assert {is_ai(line) for line in same} == {row["in_ai_totals"] == "yes"}
    assert {row["service"] for row in stated if row["in_ai_totals"] == "no"} == {
        "Helix Prompt Studio"
    }


def test_invoices_add_up_to_the_bills_but_for_one(sample: Path) -> None:
    documents = table(sample / "truth" / "invoices.csv")
    billed: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in documents:
        billed[row["scope"], row["billing_period"]] += Decimal(row["billed"])
    closed = [
        row for row in table(sample / "truth" / "scopes.csv") if row["billing_period"] < "2026-11"
    ]
    assert billed == {
        (row["scope"], row["billing_period"]): Decimal(row["all_cost"]) for row in closed
    }
    wrong = [
        row
        for row in documents
        if abs(Decimal(row["billed"]) - Decimal(row["invoiced"])) > Decimal("0.005")
    ]
    assert [row["currency"] for row in wrong] == ["INR"]
    invoices = table(sample / "site" / "invoices.csv")
    assert [row["amount"] for row in invoices] == [row["invoiced"] for row in documents]
