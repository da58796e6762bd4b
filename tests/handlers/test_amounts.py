"""Amounts: what is one, how it is rounded and converted, in Python and in SQL alike."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.amounts import (
    float_amount_sql,
    parse_amount,
    text_amount_sql,
    to_usd,
    to_usd_sql,
)

NANO = Decimal("1e-9")

# By hand: cost / rate, the tenth decimal and what follows decides, half goes away from zero.
GOLDEN = [
    ("0", "0.92", "0"),
    ("1", "3", "0.333333333"),
    ("2", "3", "0.666666667"),
    ("-2", "3", "-0.666666667"),
    ("100", "1", "100"),
    # Exact halves of a nano-dollar.
    ("0.000000001", "2", "0.000000001"),
    ("-0.000000001", "2", "-0.000000001"),
    ("0.000000003", "2", "0.000000002"),
    ("0.000000005", "10", "0.000000001"),
    ("0.000000004", "10", "0"),
    ("-0.000000004", "10", "0"),
    # Just beside a half.
    ("0.000000001", "2.000000001", "0"),
    ("0.000000001", "1.999999999", "0.000000001"),
    # Rates as central banks publish them.
    ("1", "0.307123456", "3.256019625"),
    ("151.2", "151.2", "1"),
    ("1000", "151.2", "6.613756614"),
    ("728256.16100952", "83.2512", "8747.695660958"),
    ("-728256.16100952", "83.2512", "-8747.695660958"),
    # A nano-unit of a strong currency, a billion of a weak one.
    ("0.000000001", "0.307123456", "0.000000003"),
    ("1000000000000", "26355.5", "37942744.398702358"),
]


@cache
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE MACRO usd(cost, rate) AS {to_usd_sql('cost', 'rate')}")
    return connection


def in_duckdb(expression: str, *values: object) -> Decimal | None:
    row = engine().execute(f"SELECT {expression}", list(values)).fetchone()
    return row[0] if row else None


def in_sql(cost: str | Decimal, rate: str | Decimal) -> Decimal | None:
    stored = "CAST({} AS DECIMAL(38, 9))"
    return in_duckdb(f"usd({stored.format('$1')}, {stored.format('$2')})", str(cost), str(rate))


@pytest.mark.parametrize(("cost", "rate", "usd"), GOLDEN)
def test_a_cost_is_converted_to_the_nano_dollar_by_hand_in_python_and_in_sql(
    cost: str, rate: str, usd: str
) -> None:
    with localcontext(prec=80):
        by_hand = (Decimal(cost) / Decimal(rate)).quantize(NANO, ROUND_HALF_UP)
    assert by_hand == Decimal(usd)
    assert to_usd(Decimal(cost), Decimal(rate)) == by_hand
    assert in_sql(cost, rate) == by_hand


@given(
    st.decimals("-1e15", "1e15", places=9, allow_nan=False),
    st.decimals("0.000001", "100000", places=9, allow_nan=False),
)
def test_conversion_is_one_division_rounded_half_away_from_zero(
    cost: Decimal, rate: Decimal
) -> None:
    with localcontext(prec=80):
        wanted = (cost / rate).quantize(NANO, ROUND_HALF_UP)
    assert to_usd(cost, rate) == wanted
    assert in_sql(cost, rate) == wanted


def test_an_amount_too_large_to_convert_is_an_error_and_never_a_wrong_number() -> None:
    with pytest.raises(duckdb.Error):
        in_sql("99999999999999999999999999.999999999", "0.000000001")


def test_a_cost_finer_than_what_is_stored_is_not_converted() -> None:
    with pytest.raises(ValueError, match="more than 9 decimal places"):
        to_usd(Decimal("0.0000000001"), Decimal(1))


AMOUNTS = [
    ("0", "0"),
    ("12", "12"),
    ("+12.5", "12.5"),
    ("-0.0035", "-0.0035"),
    (".5", "0.5"),
    ("5.", "5"),
    ("4.2E-7", "0.00000042"),
    ("-1.5e3", "-1500"),
    ("1E+2", "100"),
    ("000123.4500", "123.45"),
    ("0.123456789012345678", "0.123456789012345678"),
    # Half of the last place goes away from zero.
    ("0.0000000000000000005", "0.000000000000000001"),
    ("-0.0000000000000000005", "-0.000000000000000001"),
    ("0.0000000000000000004999", "0"),
]


@pytest.mark.parametrize(("text", "amount"), AMOUNTS)
def test_an_amount_is_read_alike_in_python_and_in_sql(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)
    assert in_duckdb(text_amount_sql("$1"), text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1,000", "1.000,5", "1 000", "1_000", "$5", "5 USD", "USD", "NaN", "nan", "Inf",
        "-inf", "Infinity", "0x10", "1e", "e5", "--1", "+-1", "1.2.3", ".", "-", "1e400", " 1",
        "1 ", "1\n", "\uff11\uff12", "١٢", "1e1.5", "(5)", "5-", "1'000", "1234567890123456789",
    ],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_no_amount(text: str) -> None:
    assert parse_amount(text) is None
    assert in_duckdb(text_amount_sql("$1"), text) is None


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-7, "0.0000001"),
        (2.5e-16, "0.00000000000000025"),
        (123456789.12, "123456789.12"),
        (-33.0, "-33"),
        (1e15, "1000000000000000"),
        (5e-324, "0"),
    ],
)
def test_a_float_is_read_through_its_shortest_text(value: float, amount: str) -> None:
    found = in_duckdb(float_amount_sql("CAST($1 AS DOUBLE)"), value)
    assert found == Decimal(amount)
    if value != 5e-324:
        assert found == Decimal(repr(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e21])
def test_a_float_that_is_no_amount_is_none(value: float) -> None:
    assert in_duckdb(float_amount_sql("CAST($1 AS DOUBLE)"), value) is None
