"""What a person has to do to see, in a cloud's own console, the number that a bill adds up to."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import cast

from handlers.ledger import LedgerRow
from handlers.periods import last_day
from handlers.reconcile.statement import SaidBy, Statement


@dataclass(frozen=True)
class Look:
    """Which page to open as whom, what to choose there, and what that page does otherwise."""

    page: str
    who: str
    filters: Sequence[str]
    differs: Sequence[str]


def look_for(load: LedgerRow) -> Look:
    """How to see what ``load`` should add up to."""
    text = files("handlers.reconcile").joinpath("consoles.toml").read_text("utf-8")
    said = cast("Mapping[str, Mapping[str, object]]", tomllib.loads(text))[load.cloud_provider]
    words = {
        "scope": load.scope,
        "first": load.billing_period.isoformat(),
        "last": last_day(load.billing_period).isoformat(),
        "month": f"{load.billing_period:%B %Y}",
    }
    filters, differs = (cast("list[str]", said[name]) for name in ("filters", "differs"))
    return Look(
        page=str(said["page"]).format(**words),
        who=str(said["who"]).format(**words),
        filters=[line.format(**words) for line in filters],
        differs=[line.format(**words) for line in differs],
    )


def expected(load: LedgerRow) -> Decimal | None:
    """The number that should stand there: the whole bill, in its currency.

    None where the bill is in several currencies, which a console adds up at rates of its own.
    """
    return load.source_total


def seen(load: LedgerRow, amount: Decimal) -> Statement:
    """What a person saw there, as a statement."""
    return Statement(
        cloud=load.cloud_provider,
        scope=load.scope,
        period=load.billing_period,
        said_by=SaidBy.CONSOLE,
        currency=load.billing_currency or "",
        total=amount,
    )
