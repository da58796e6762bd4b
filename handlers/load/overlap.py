"""Overlapping scopes are refused: they count money twice."""

from collections.abc import Sequence

from handlers.errors import UsageError
from handlers.record import Cloud


def refuse_overlap(
    cloud: Cloud, scope: str, accounts: Sequence[str], others: Sequence[tuple[str, str]]
) -> None:
    """Refuse a bill that holds an account which another scope of the same month holds too.

    ``accounts`` are the accounts of this bill, ``others`` pairs of scope and account that the
    warehouse has for that month. Only Azure's scopes can hold each other. An AWS account or a
    Google project is on one bill on any day, and may move to another payer or billing account
    within a month: it is then on both bills, each with its own part of the month.

    Raises:
        UsageError: names both scopes and the account.
    """
    if cloud is not Cloud.AZURE:
        return
    held = {account: other for other, account in others if other != scope}
    shared = sorted(set(accounts) & set(held))
    if shared:
        account = shared[0]
        raise UsageError(
            f"{cloud} {scope} and {held[account]} overlap: both hold {account}, and its cost would"
            " count twice. Collect one of the two scopes: remove the other's folder, or export"
            " the billing account without that subscription."
        )
