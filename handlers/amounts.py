"""Amounts: the one pattern they must match, the one way they are read, converted and rounded.

A bill writes an amount as text or as a float. Text must match ``AMOUNT_PATTERN`` before it is
read: a cast alone would take ``1_000`` for a thousand. A float is read through its shortest
decimal text, per line, which is the number the cloud meant. While lines are added up they keep
``LINE_SCALE`` decimal places; what is stored is rounded once, half away from zero, to
``record.MONEY_SCALE`` places.

Only currency conversion divides, by one formula over the stored amount::

    cost_usd = round_half_away_from_zero(billing_cost / rate, 9)

where ``rate`` is units of the bill's currency per USD. It is done on integers (nano-units times
10^9, divided by the rate in nano-units), so it is the same in every engine.
"""

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext

from handlers.record import MONEY_SCALE

LINE_SCALE = 18
"""Decimal places kept while bill lines are summed."""

AMOUNT_PATTERN = r"[+-]?(\d{1,18}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?"
"""What an amount may look like in a bill: no separators, no unit, no NaN. RE2 and Python."""

_AMOUNT = re.compile(AMOUNT_PATTERN, re.ASCII)
_NANO = 10**MONEY_SCALE
_LINE_STEP = Decimal(1).scaleb(-LINE_SCALE)

LINE_AMOUNT = f"DECIMAL(38, {LINE_SCALE})"


def parse_amount(text: str) -> Decimal | None:
    """The amount that ``text`` states, to ``LINE_SCALE`` places; None when it is not an amount."""
    if not _AMOUNT.fullmatch(text):
        return None
    with localcontext() as context:
        context.prec = 60
        value = Decimal(text)
        return value.quantize(_LINE_STEP, rounding=ROUND_HALF_UP) if _is_finer(value) else value


def _is_finer(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -LINE_SCALE


def text_amount_sql(column: str) -> str:
    """DuckDB expression: the text ``column`` as a line amount, NULL when it is not an amount."""
    return (
        f"CASE WHEN regexp_full_match({column}, '{AMOUNT_PATTERN}')"
        f" THEN TRY_CAST({column} AS {LINE_AMOUNT}) END"
    )


def float_amount_sql(column: str) -> str:
    """DuckDB expression: the float or decimal ``column`` as a line amount, by its shortest text."""
    return f"TRY_CAST(CAST({column} AS VARCHAR) AS {LINE_AMOUNT})"


def to_usd(billing_cost: Decimal, rate: Decimal) -> Decimal:
    """``billing_cost`` in USD at ``rate`` units of its currency per USD.

    Both have at most ``MONEY_SCALE`` decimal places.
    """
    with localcontext() as context:
        context.prec = 60
        cost_nano, rate_nano = _nano(billing_cost), _nano(rate)
        magnitude = (abs(cost_nano) * _NANO + rate_nano // 2) // rate_nano
        return Decimal(magnitude if cost_nano >= 0 else -magnitude).scaleb(-MONEY_SCALE)


def _nano(value: Decimal) -> int:
    scaled = value.scaleb(MONEY_SCALE)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {MONEY_SCALE} decimal places")
    return int(scaled)


def to_usd_sql(billing_cost: str, rate: str) -> str:
    """DuckDB expression of ``to_usd`` over two ``DECIMAL(38, 9)`` expressions."""
    cost_nano = f"CAST({billing_cost} * {_NANO} AS HUGEINT)"
    rate_nano = f"CAST({rate} * {_NANO} AS HUGEINT)"
    magnitude = f"(abs({cost_nano}) * {_NANO} + {rate_nano} // 2) // {rate_nano}"
    signed = f"CAST(sign({billing_cost}) * ({magnitude}) AS DECIMAL(38, 0))"
    return f"{signed} * CAST(0.000000001 AS DECIMAL(10, 9))"
