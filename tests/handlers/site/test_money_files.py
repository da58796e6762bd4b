"""budgets.csv, invoices.csv and events.csv."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.errors import SiteError
from handlers.record import Cloud
from handlers.site import Budget, BudgetScope, Event, Invoice, Site, site_from

HEADERS = {
    "budgets.csv": "scope,id,month,amount_usd",
    "invoices.csv": "cloud,scope,billing_period,invoice_id,currency,amount",
    "events.csv": "date,cloud,model,customer,note,until",
}


def site(file: str, *lines: str, **others: str) -> Site:
    contents = {file: "\n".join([HEADERS[file], *lines]).encode()}
    contents |= {f"{name}.csv": text.encode() for name, text in others.items()}
    return site_from(contents)


def problems(file: str, *lines: str, **others: str) -> list[str]:
    with pytest.raises(SiteError) as error:
        site(file, *lines, **others)
    return str(error.value).split("\n")


def test_a_budget_is_read_for_each_scope() -> None:
    found = site(
        "budgets.csv",
        "total,,*,50000",
        "cloud,Azure,2026-10,12000.5",
        "model,claude-sonnet-4.5,*,1",
        "customer,acme,2026-11,0.000000001",
    )
    assert found.budgets == (
        Budget(BudgetScope.TOTAL, "", None, Decimal(50000)),
        Budget(BudgetScope.CLOUD, "Azure", date(2026, 10, 1), Decimal("12000.5")),
        Budget(BudgetScope.MODEL, "claude-sonnet-4.5", None, Decimal(1)),
        Budget(BudgetScope.CUSTOMER, "acme", date(2026, 11, 1), Decimal("0.000000001")),
    )


def test_an_invoice_may_be_a_credit_note_or_stand_for_the_whole_month() -> None:
    found = site("invoices.csv", "AWS,1111,2026-10,42,USD,-3.50", "GCP,01-AB,2026-10,,EUR,0")
    assert found.invoices == (
        Invoice(Cloud.AWS, "1111", date(2026, 10, 1), "42", "USD", Decimal("-3.50")),
        Invoice(Cloud.GCP, "01-AB", date(2026, 10, 1), "", "EUR", Decimal(0)),
    )


def test_an_event_without_until_is_one_day_and_blank_is_any() -> None:
    found = site("events.csv", "2026-11-27,,,,,", "2026-11-27,AWS,m,acme,sale,2026-11-30")
    day = date(2026, 11, 27)
    assert found.events == (
        Event(day, day, None, "", "", ""),
        Event(day, date(2026, 11, 30), Cloud.AWS, "m", "acme", "sale"),
    )


@pytest.mark.parametrize(
    ("file", "line", "column", "found", "remedy"),
    [
        ("budgets.csv", "all,,*,1", "scope", "'all'", "use one of these"),
        ("budgets.csv", "Total,,*,1", "scope", "'Total'", "write 'total'"),
        ("budgets.csv", ",,*,1", "scope", "nothing", "use one of these"),
        ("budgets.csv", "total,acme,*,1", "id", "'acme'", "clear the cell"),
        ("budgets.csv", "cloud,aws,*,1", "id", "'aws'", "write 'AWS'"),
        ("budgets.csv", "cloud,,*,1", "id", "nothing", "use one of these"),
        ("budgets.csv", "model,,*,1", "id", "nothing", "fill the cell"),
        ("budgets.csv", "customer,,*,1", "id", "nothing", "fill the cell"),
        ("budgets.csv", "total,,,1", "month", "nothing", "2026-09 or *"),
        ("budgets.csv", "total,,2026,1", "month", "'2026'", "2026-09 or *"),
        ("budgets.csv", "total,,*,0", "amount_usd", "'0'", "delete the row"),
        ("budgets.csv", "total,,*,-5", "amount_usd", "'-5'", "delete the row"),
        ("budgets.csv", "total,,*,$5", "amount_usd", "'$5'", "like 1234.56"),
        ("budgets.csv", "total,,*,", "amount_usd", "nothing", "like 1234.56"),
        ("invoices.csv", "aws,1,2026-10,,USD,1", "cloud", "'aws'", "write 'AWS'"),
        ("invoices.csv", ",1,2026-10,,USD,1", "cloud", "nothing", "use one of these"),
        ("invoices.csv", "AWS,,2026-10,,USD,1", "scope", "nothing", "fill the cell"),
        ("invoices.csv", "AWS,1,,,USD,1", "billing_period", "nothing", "like 2026-09"),
        ("invoices.csv", "AWS,1,2026-10,,usd,1", "currency", "'usd'", "like EUR"),
        ("invoices.csv", "AWS,1,2026-10,,USD,1e3", "amount", "'1e3'", "like 1234.56"),
        ("invoices.csv", f"AWS,1,2026-10,{'9' * 257},USD,1", "invoice_id", "257", "shorten"),
        ("events.csv", ",AWS,,,x,", "date", "nothing", "the day it begins"),
        ("events.csv", "soon,AWS,,,x,", "date", "'soon'", "like 2026-09-01"),
        ("events.csv", "2026-10-01,Amazon,,,x,", "cloud", "'Amazon'", "use one of these"),
        ("events.csv", "2026-10-02,,,,x,2026-10-01", "until", "2026-10-01", "swap the two days"),
    ],
)
def test_a_wrong_cell_is_named_with_its_remedy(
    file: str, line: str, column: str, found: str, remedy: str
) -> None:
    (problem,) = problems(file, line)
    assert problem.startswith(f"{file}, row 2, column '{column}': found ")
    assert found in problem
    assert "; allowed: " in problem
    assert remedy in problem


def test_a_budget_for_an_alias_says_whose_alias_it_is() -> None:
    (problem,) = problems("budgets.csv", "customer,ACME,*,5", customers="id,aliases\nacme,ACME")
    assert "found 'ACME', an alias of 'acme'; allowed: the customer's id; write 'acme'." in problem


def test_a_customer_that_later_became_an_alias_may_keep_its_budget() -> None:
    customers = "id,aliases,from,to\ninitech,,,2026-06-30\nglobex,initech,2026-07-01,"
    found = site("budgets.csv", "customer,initech,2026-05,5", customers=customers)
    assert found.budgets[0].id == "initech"


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("total,,*,5", "total,,*,6", "total in every month"),
        ("total,,2026-10,5", "total,,2026-10,5", "total in 2026-10"),
        ("customer,a,*,5", "customer,a,*,6", "customer 'a' in every month"),
    ],
)
def test_two_budgets_for_the_same_thing_are_refused(first: str, second: str, what: str) -> None:
    (problem,) = problems("budgets.csv", first, second)
    assert f"budgets.csv, row 3: found a second budget for {what}, after row 2" in problem


def test_a_months_own_budget_stands_beside_every_months() -> None:
    assert len(site("budgets.csv", "total,,*,5", "total,,2026-12,6").budgets) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("AWS,1,2026-10,42,USD,5", "AWS,1,2026-10,42,USD,6"),
        ("AWS,1,2026-10,,USD,5", "AWS,1,2026-10,,USD,6"),
        ("AWS,1,2026-10,42,USD,5", "AWS,1,2026-10,,USD,6"),
        ("AWS,1,2026-10,,USD,5", "AWS,1,2026-10,42,USD,6"),
    ],
)
def test_an_invoice_is_never_counted_twice(first: str, second: str) -> None:
    (problem,) = problems("invoices.csv", first, second)
    assert "invoices.csv, row 3, column 'invoice_id': found " in problem
    assert "AWS, scope '1', 2026-10, which row 2 counts already" in problem


def test_several_invoices_of_a_month_are_told_apart_by_id_scope_and_period() -> None:
    found = site(
        "invoices.csv",
        "AWS,1,2026-10,42,USD,5",
        "AWS,1,2026-10,43,USD,5",
        "AWS,2,2026-10,42,USD,5",
        "AWS,1,2026-11,42,USD,5",
        "Azure,1,2026-10,42,USD,5",
    )
    assert len(found.invoices) == 5
