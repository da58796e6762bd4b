from datetime import date
from decimal import Decimal

import pytest

from handlers.errors import RateMissing, SiteError
from handlers.site import Rate, Rates, site_from


def rates(*lines: str) -> Rates:
    return site_from({"rates.csv": "\n".join(["currency,month,rate", *lines]).encode()}).rates


def problems(*lines: str) -> list[str]:
    with pytest.raises(SiteError) as error:
        rates(*lines)
    return str(error.value).split("\n")


AUTUMN = ("EUR,2026-10,0.8611", "EUR,2026-08,0.85", "JPY,2026-10,149.35", "EUR,2027-01,0.9")


def test_a_dollar_is_a_dollar_without_any_rate() -> None:
    assert Rates().rate("USD", date(2026, 10, 1)) == Rate(
        Decimal(1), date(2026, 10, 1), provisional=False
    )


def test_the_months_own_rate_is_final() -> None:
    found = rates(*AUTUMN).rate("EUR", date(2026, 10, 1))
    assert found == Rate(Decimal("0.8611"), date(2026, 10, 1), provisional=False)


def test_any_day_of_the_month_asks_for_the_months_rate() -> None:
    assert rates(*AUTUMN).rate("EUR", date(2026, 10, 31)).month == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (date(2026, 9, 1), date(2026, 8, 1)),
        (date(2026, 11, 1), date(2026, 10, 1)),
        (date(2026, 12, 1), date(2026, 10, 1)),
        (date(2027, 3, 1), date(2027, 1, 1)),
    ],
)
def test_a_month_without_its_own_uses_the_last_before_it_provisionally(
    asked: date, given: date
) -> None:
    found = rates(*AUTUMN).rate("EUR", asked)
    assert (found.month, found.provisional) == (given, True)


def test_a_rate_more_than_two_months_older_is_missing() -> None:
    table = rates("EUR,2026-11,0.86")
    assert table.rate("EUR", date(2027, 1, 1)).provisional
    with pytest.raises(RateMissing) as error:
        table.rate("EUR", date(2027, 2, 1))
    assert str(error.value) == (
        "No rate for EUR in 2027-02: the last one in rates.csv is of 2026-11, more than 2 months"
        " older. Add this line to rates.csv of the site folder: EUR,2027-02,RATE (RATE = units of"
        " EUR for 1 USD, such as 0.92)."
    )


def test_a_later_rate_never_stands_in_for_an_earlier_month() -> None:
    with pytest.raises(RateMissing) as error:
        rates(*AUTUMN).rate("EUR", date(2026, 7, 1))
    assert "No rate for EUR in 2026-07: rates.csv has no rate of it for that month or one" in str(
        error.value
    )


def test_another_currencys_rate_does_not_count() -> None:
    with pytest.raises(RateMissing, match=r"No rate for CHF in 2026-10: .*CHF,2026-10,RATE"):
        rates(*AUTUMN).rate("CHF", date(2026, 10, 1))


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E\nR"])
def test_a_bill_with_something_else_than_a_currency_is_told_so(currency: str) -> None:
    with pytest.raises(RateMissing, match="three capital letters") as error:
        rates(*AUTUMN).rate(currency, date(2026, 10, 1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "", "1,234.5", "1_000", "NaN", "Infinity", "1e3", "1.", ".5", "+1", "0x1", "٣", "1 000",
        "1" * 13, "0.1234567890", "€1",
    ],
)  # fmt: skip
def test_a_rate_that_is_not_a_plain_decimal_is_refused(text: str) -> None:
    (problem,) = problems(f'EUR,2026-10,"{text}"')
    assert problem.startswith("rates.csv, row 2, column 'rate': found ")
    assert "at most 12 digits before the point and 9 after it" in problem
    assert "write it like 1234.56" in problem


@pytest.mark.parametrize("text", ["0", "0.000", "-0.5", "-0"])
def test_a_rate_that_is_not_above_zero_is_refused(text: str) -> None:
    (problem,) = problems(f"EUR,2026-10,{text}")
    assert f"found '{text}'; allowed: a number above 0" in problem


def test_a_rate_keeps_every_digit_it_is_written_with() -> None:
    table = rates("IRR,2026-10,123456789012.123456789")
    assert table.rate("IRR", date(2026, 10, 1)).value == Decimal("123456789012.123456789")


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        ("eur,2026-10,1.1", "currency", "'eur'"),
        (",2026-10,1.1", "currency", "nothing"),
        ("USD,2026-10,1", "currency", "USD"),
        ("EUR,2026-1,1.1", "month", "'2026-1'"),
        ("EUR,2026-13,1.1", "month", "'2026-13'"),
        ("EUR,2026-10-01,1.1", "month", "'2026-10-01'"),
        ("EUR,1999-12,1.1", "month", "'1999-12'"),
        ("EUR,,1.1", "month", "nothing"),
    ],
)
def test_a_wrong_currency_or_month_is_refused(line: str, column: str, found: str) -> None:
    (problem,) = problems(line)
    assert problem.startswith(f"rates.csv, row 2, column '{column}': found {found}; allowed: ")


def test_two_rates_for_a_currency_and_month_are_refused() -> None:
    (problem,) = problems("EUR,2026-10,0.9", "EUR,2026-11,0.9", "EUR,2026-10,0.9")
    assert problem == (
        "rates.csv, row 4: found a second rate for EUR in 2026-10, after row 2; allowed: one rate"
        " for each currency and month; delete one of the two rows."
    )
