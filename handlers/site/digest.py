"""One number for everything of the site that a load of one cloud and billing period uses.

A load's version contains it, so that a change of an alias, map, rule or rate reloads the periods
it can touch and no others. What has no effect is taken out before hashing: comments, blank lines,
the order of rows, upper case in tag keys, days outside the period.

Bill lines of one period can be of days in the month before or after it (late usage, a month cut in
another time zone), so "the period" is a month wider on both sides here.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from handlers.record import Cloud
from handlers.site.attribution import Attribution, AttributionMap
from handlers.site.customers import Customer
from handlers.site.forgotten import Tombstone
from handlers.site.rates import Rates, rates_in_force
from handlers.site.validity import Validity
from handlers.site.values import month_text, months_after

_FORM = 1
"""Changes when the same site data gives another canonical form: everything is then reloaded."""


def site_digest(
    attribution: Attribution,
    customers: Sequence[Customer],
    rates: Rates,
    rules: str | None,
    cloud: Cloud,
    period: date,
) -> str:
    """SHA-256, in hex, of what a load of ``cloud`` and the month of ``period`` uses.

    ``rules`` is the text of the cloud's site catalog, or None.
    """
    month = period.replace(day=1)
    window = Validity(months_after(month, -1), months_after(month, 2) - timedelta(days=1))
    canonical = {
        "form": _FORM,
        "customer_keys": attribution.customer_keys,
        "project_keys": attribution.project_keys,
        "maps": [
            _map(each, window)
            for each in attribution.maps
            if cloud in each.clouds() and each.validity.overlaps(window)
        ],
        "customers": sorted(
            _customer(each, window) for each in customers if each.validity.overlaps(window)
        ),
        "rates": [
            [currency, str(rate.value.normalize()), month_text(rate.month)]
            for currency, rate in rates_in_force(rates, month)
        ],
        "rules": _rules(rules),
    }
    text = json.dumps(canonical, sort_keys=True, default=_typed)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def with_forgotten(digest: str, forgotten: Sequence[Tombstone]) -> str:
    """``digest`` with who is forgotten; where nobody is, it stays what it was."""
    if not forgotten:
        return digest
    named = sorted([each.customer, *each.digests] for each in forgotten)
    return hashlib.sha256(json.dumps([digest, named]).encode("ascii")).hexdigest()


def _map(each: AttributionMap, window: Validity) -> list[str | None]:
    days = each.validity.clipped(window)
    return [each.match, each.exact, each.regex, each.customer, *_days(days)]


def _customer(customer: Customer, window: Validity) -> list[str]:
    days = customer.validity.clipped(window)
    return [customer.id, *_days(days), customer.name, *sorted(customer.aliases)]


def _days(days: Validity) -> tuple[str, str]:
    """Both ends as text, blank where open."""
    return (
        days.first_day.isoformat() if days.first_day else "",
        days.last_day.isoformat() if days.last_day else "",
    )


def _rules(text: str | None) -> Mapping[str, object]:
    """The rules without their comments; a file of comments only is no file."""
    return {} if text is None else tomllib.loads(text)


def _typed(value: object) -> str:
    """Days and times of a TOML file, which JSON has no form for, told apart from text."""
    return f"{type(value).__name__} {value}"
