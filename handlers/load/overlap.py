"""Overlapping scopes are refused: they count money twice.

Only Azure's scopes can hold each other. An AWS account or a Google project is on one bill on any
day, and may move to another payer or billing account within a month: it is then on both bills,
each with its own part of the month.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations

from handlers.archive import ArchivedBill
from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.sources import Snapshot

Accounts = Callable[[Cloud, date], Sequence[tuple[str, str]]]
"""Scope and account of everything that is loaded for a month (``Warehouse.accounts``)."""


def refuse_overlaps(bills: Sequence[Snapshot | ArchivedBill], accounts: Accounts) -> None:
    """Refuse bills whose scopes hold each other, as far as that is known before they are read.

    It is known where the first line of a bill names another's scope, of those found now or loaded
    before, or where a scope is an account that another loaded before. What only the other lines
    tell, ``refuse_overlap`` finds.

    Raises:
        UsageError: names both scopes and what they share.
    """
    found = [bill for bill in bills if isinstance(bill, Snapshot) and bill.cloud is Cloud.AZURE]
    for bill, other in combinations(found, 2):
        if bill.period == other.period and _is_related(bill, other):
            raise _overlap(bill.cloud, bill.scope, other.scope, "one holds the other")
    for bill in found:
        for scope, account in accounts(bill.cloud, bill.period):
            if scope != bill.scope and (scope in bill.related or account == bill.scope):
                raise _overlap(bill.cloud, bill.scope, scope, "one holds the other")


def _is_related(bill: Snapshot, other: Snapshot) -> bool:
    return other.scope in bill.related or bill.scope in other.related


def refuse_overlap(
    cloud: Cloud, scope: str, accounts: Sequence[str], others: Sequence[tuple[str, str]]
) -> None:
    """Refuse a bill that holds an account which another scope of the same month holds too.

    ``accounts`` are the accounts of this bill, ``others`` pairs of scope and account that the
    warehouse has for that month.

    Raises:
        UsageError: names both scopes and the account.
    """
    if cloud is not Cloud.AZURE:
        return
    held = {account: other for other, account in others if other != scope}
    shared = sorted(set(accounts) & set(held))
    if shared:
        raise _overlap(cloud, scope, held[shared[0]], f"both hold {shared[0]}")


def _overlap(cloud: Cloud, scope: str, other: str, how: str) -> UsageError:
    return UsageError(
        f"{cloud} {scope} and {other} overlap: {how}, and its cost would count twice. Collect one"
        " of the two scopes: remove the other's folder."
    )
