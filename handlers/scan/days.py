"""Which days a bill's usage may lie on: those of its period."""

from datetime import date, timedelta

from handlers.periods import last_day
from handlers.record import ChargeType, Cloud
from handlers.sources import Check, Reading

_BILLING_DAY_SLACK = timedelta(days=1)
"""Google closes a month by Pacific time, eight hours after UTC."""


def day_check(reading: Reading, cloud: Cloud, period: date) -> Check:
    """That usage lies in ``period``.

    Other charges (credits, refunds, fees) may be dated before or after it. A Google bill may hold
    usage of earlier months that is billed late, never of a later month.
    """
    first = date.min if cloud is Cloud.GCP else period
    last = last_day(period) + (_BILLING_DAY_SLACK if cloud is Cloud.GCP else timedelta())
    day, charge_type = reading.lines["usage_date"], reading.lines["charge_type"]
    return Check(
        column=reading.sources["usage_date"][0],
        holds=f"({charge_type}) <> '{ChargeType.USAGE}'"
        f" OR ({day}) BETWEEN DATE '{first}' AND DATE '{last}'",
        found=f"is usage outside of the billing period {period:%Y-%m}.",
        remedy="A period's files hold that period only: check that the file lies in its own folder,"
        " or load with --quarantine to set such rows aside.",
    )
