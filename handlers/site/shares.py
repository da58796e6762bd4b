"""shares.toml: which customers get their own rows, which columns of them, and who may read them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.record import UNTAGGED
from handlers.site.problems import Problem, shown
from handlers.site.text import NAME_LIMIT, name_fault, trimmed
from handlers.site.toml_file import Table, read_toml

SHARES = "shares.toml"

TEXTS = (
    "date",
    "billing_period",
    "cloud_provider",
    "model",
    "token_type",
    "service_tier",
    "charge_type",
    "usage_unit",
)
"""What a customer may be told of a row. Whose bill it is, the customer's own key and what other
rows there are, are not among them."""
AMOUNTS = ("usage", "cost", "effective", "gross", "list")
"""Sums, named as in ``daily_costs``."""
DEFAULT_COLUMNS = (
    *(name for name in TEXTS if name != "billing_period"),
    "usage",
    "cost",
)

PLACE_FORM = "gs://BUCKET, or gs://BUCKET/PREFIX, or a folder"
READER_FORM = "user:NAME@HOST, group:NAME@HOST, serviceAccount:NAME@HOST or domain:HOST"

_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[\w./=-]*[\w=-])?", re.ASCII)
_READER = re.compile(
    r"(user|group|serviceAccount):[^@\s,:/]+@[\w-]+(\.[\w-]+)+|domain:[\w-]+(\.[\w-]+)+", re.ASCII
)
"""Never everyone: neither allUsers nor allAuthenticatedUsers."""
_TOP_KEYS = ("to", "columns", "share")
_SHARE_KEYS = ("customer", "readers")


@dataclass(frozen=True)
class Share:
    """A customer's id, and who may read that customer's rows, as members of IAM."""

    customer: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Shares:
    """Where the rows go (``gs://BUCKET/PREFIX`` or a folder), with which columns, and whose."""

    to: str = ""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    shares: tuple[Share, ...] = ()


def parse_shares(content: bytes | None, problems: list[Problem]) -> Shares:
    """The shares of the file; nothing is shared without it. What is wrong goes to ``problems``."""
    values = read_toml(SHARES, content, problems) if content is not None else None
    if values is None:
        return Shares()
    table = Table(SHARES, "", values, problems)
    table.refuse_unknown(_TOP_KEYS)
    shares = tuple(_shares(table))
    place = trimmed(table.text("to") or "")
    if place.startswith("gs:") and not _BUCKET.fullmatch(place):
        table.refuse("to", shown(place), PLACE_FORM, "write it like gs://acme-ai-cost-shares.")
    if shares and not place:
        table.refuse("to", "nothing", PLACE_FORM, "say where the rows go.")
    return Shares(place, _columns(table), shares)


def _columns(table: Table) -> tuple[str, ...]:
    if not table.has("columns"):
        return DEFAULT_COLUMNS
    allowed = (*TEXTS, *AMOUNTS)
    found: list[str] = []
    for position, item in enumerate(table.items("columns"), start=1):
        if not isinstance(item, str) or item not in allowed:
            remedy = "use one of these, in quotes."
            table.refuse(f"columns[{position}]", shown(item), ", ".join(allowed), remedy)
        elif item in found:
            table.refuse(f"columns[{position}]", f"{shown(item)} again", "each once", "delete it.")
        else:
            found.append(item)
    if table.valid and not set(found) & set(AMOUNTS):
        table.refuse("columns", "no amount", f"one of {', '.join(AMOUNTS)}", "add one.")
    if table.valid and "usage" in found and "usage_unit" not in found:
        table.refuse("columns", "usage without usage_unit", "both", "add one or delete the other.")
    if table.valid and "date" not in found:
        table.refuse("columns", "no date", "a list with date: rows are daily", 'add "date".')
    return tuple(found)


def _shares(table: Table) -> Sequence[Share]:
    found: list[Share] = []
    for entry in table.tables("share"):
        entry.refuse_unknown(_SHARE_KEYS)
        customer = trimmed(entry.text("customer") or "")
        fault = name_fault(customer)
        if fault:
            allowed = f"a customer's id of 1 to {NAME_LIMIT} characters"
            entry.refuse("customer", fault, allowed, "write the id as costs shows it.")
        elif customer == UNTAGGED:
            allowed = "a customer: what names nobody belongs to nobody"
            entry.refuse("customer", shown(customer), allowed, "delete the entry.")
        elif customer in (each.customer for each in found):
            found_twice = f"{shown(customer)} again"
            entry.refuse("customer", found_twice, "one entry for each customer", "join the two.")
        else:
            found.append(Share(customer, _readers(entry)))
    return found


def _readers(entry: Table) -> tuple[str, ...]:
    found: list[str] = []
    for position, item in enumerate(entry.items("readers"), start=1):
        if not isinstance(item, str) or not _READER.fullmatch(item):
            remedy = "write it like group:finops@customer.example."
            entry.refuse(f"readers[{position}]", shown(item), READER_FORM, remedy)
        elif item not in found:
            found.append(item)
    return tuple(sorted(found))
