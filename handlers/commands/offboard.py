"""``offboard``: ends a customer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import click

from handlers.commands.answers import put
from handlers.commands.options import site_option, warehouse_option
from handlers.commands.share import asking, told
from handlers.commands.site_files import SiteFiles, site_files
from handlers.errors import UsageError
from handlers.sharing import folder_of, recent_months, target_at
from handlers.sharing import share as share_rows
from handlers.site import Shares
from handlers.site.removal import end_customer


class Words(TypedDict):
    """What ``offboard`` was called with."""

    customer: str
    warehouse: str
    site_folder: str | None
    apply: bool


@click.command()
@click.argument("customer")
@warehouse_option
@site_option
@click.option("--apply", is_flag=True, help="Do it. Without it nothing is changed.")
def offboard(**words: Unpack[Words]) -> None:
    """End CUSTOMER: a last share, then out of shares, budgets and expected events.

    Without --apply it says what it would do. Costs stay, and so do the names in customers.csv: the
    customer's last lines come for weeks, late credits for a year. What this command may not do (who
    may read is a matter of 'pulumi up') is said at the end. To forget the name as well: forget.
    """
    customer = words["customer"].strip()
    files = site_files(words["site_folder"])
    refuse_alias(files, customer)
    removed = end_customer(files.contents, customer)
    last = Shares(
        files.site.shares.to,
        files.site.shares.columns,
        tuple(each for each in files.site.shares.shares if each.customer == customer),
    )
    if not removed.files:
        put(f"{files.place} has no share, budget or event of '{customer}': nothing to end.\n")
        return
    if words["apply"]:
        if last.shares:
            put("Last share: " + _share(words["warehouse"], last))
        files.put(removed.files)
    elif last.shares:
        put(f"Would share a last time: {_place(last, customer)}\n")
    verb = "Taken out of" if words["apply"] else "Would take out of"
    put("".join(f"{verb} {each}\n" for each in removed.said))
    put("\n".join(["", *left_to_do(files.site.shares, customer, shared=bool(last.shares)), ""]))
    if not words["apply"]:
        put("Nothing was changed: repeat it with --apply.\n")


def refuse_alias(files: SiteFiles, customer: str) -> None:
    """Refuse another name of a customer: what is written down is the id.

    Raises:
        UsageError: it is one; names the id.
    """
    known = files.site.customers
    if customer in {each.id for each in known}:
        return
    owner = next((each.id for each in known if customer in each.aliases), None)
    if owner is not None:
        raise UsageError(f"'{customer}' is another name of '{owner}': write '{owner}'.")


def left_to_do(shares: Shares, customer: str, *, shared: bool) -> Sequence[str]:
    """What the platform's administrator still has to do, one thing a line."""
    steps = ["Still to be done by who administers the platform:"]
    if shared:
        steps += [
            "  put the same shares.toml where the stack's key shares_file points, then 'pulumi up':"
            " takes the readers' access",
            f"  when the last share was fetched, delete {_place(shares, customer)}",
        ]
    steps.append(
        "  take the customer out of the stack's migrated_customers, if it is there, with the next"
        " 'python -m infra promote' or rollback"
    )
    return steps


def _place(shares: Shares, customer: str) -> str:
    return f"{shares.to.rstrip('/')}/{folder_of(customer)}/"


def _share(warehouse: str, last: Shares) -> str:
    with asking(warehouse) as runner:
        months = recent_months(datetime.now(UTC).date())
        return told(share_rows(runner, last, months, target_at), last.to)
