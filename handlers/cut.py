"""The cut: which customers are served from their clouds' own warehouses, and moving it.

Only promotion and rollback write ``serving_cut``, and each move is one statement, so that every
dollar is served exactly once at every instant (``warehouses/bigquery/serving_costs.sql``).
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.alerts.hub import key_of
from handlers.alerts.runner import Runner
from handlers.errors import UsageError
from handlers.serving import EVERYONE_ELSE, Path
from handlers.tables import SERVING_CUT

EVERYONE = "*"
"""Stands in ``migrated_customers`` for all, with what names no customer and who comes later."""


class UnknownCustomer(UsageError):
    """Somebody is to be moved who is in no bill."""


@dataclass(frozen=True)
class Cut:
    """Who is served from the native path: ``keys`` of customers, or everyone."""

    keys: frozenset[str]
    everyone: bool = False

    @classmethod
    def of(cls, customers: Sequence[str]) -> "Cut":
        """The cut that ``migrated_customers`` describes.

        Raises:
            UsageError: everyone stands beside somebody, or somebody is there twice.
        """
        if EVERYONE in customers and len(customers) > 1:
            others = ", ".join(name for name in customers if name != EVERYONE)
            raise UsageError(
                f"migrated_customers names everyone ('{EVERYONE}') and"
                f" {others or 'everyone again'}: allowed is one or the other."
            )
        twice = sorted({name for name in customers if customers.count(name) > 1})
        if twice:
            raise UsageError(f"migrated_customers names {', '.join(twice)} more than once.")
        if EVERYONE in customers:
            return cls(frozenset(), everyone=True)
        return cls(frozenset(map(key_of, customers)))

    def rows(self) -> Mapping[str, Path]:
        """What ``serving_cut`` holds of it: a path by customer key."""
        if self.everyone:
            return {EVERYONE_ELSE: Path.NATIVE}
        return dict.fromkeys(sorted(self.keys), Path.NATIVE) | {EVERYONE_ELSE: Path.HUB}


def read_cut(runner: Runner) -> Cut:
    """The cut as the serving views read it.

    Raises:
        WarehouseError: the hub can't be asked.
    """
    rows = runner.rows(f"SELECT customer_key, path FROM {runner.words()['serving_cut']}")
    paths: dict[str, set[str]] = {}
    for row in rows:
        paths.setdefault(str(row["customer_key"]), set()).add(str(row["path"]))
    native = {key for key, said in paths.items() if said == {Path.NATIVE}}
    return Cut(frozenset(native - {EVERYONE_ELSE}), EVERYONE_ELSE in native)


def move(runner: Runner, cut: Cut, by: str, now: datetime) -> None:
    """Put ``cut`` in the place of the one in force, in one statement; twice is the same as once.

    Raises:
        WarehouseError: the hub refused; the cut is as it was.
    """
    moment = f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}+00'"
    rows = (
        f"SELECT {runner.literal(key)} AS customer_key, {runner.literal(path)} AS path,"
        f" {moment} AS changed_at, {runner.literal(by)} AS changed_by"
        for key, path in cut.rows().items()
    )
    runner.replace(SERVING_CUT, "TRUE", "\nUNION ALL\n".join(rows))


def refuse_unknown(runner: Runner, customers: Collection[str]) -> None:
    """Refuse customers of whom no bill was loaded: a misspelt name would move nobody.

    Raises:
        UnknownCustomer: names each, with the name that it is like.
        WarehouseError: the hub can't be asked.
    """
    rows = runner.rows(
        f"SELECT DISTINCT held.name FROM {runner.words()['dimensions']} AS held"
        " WHERE held.dimension = 'customer'"
    )
    known = sorted(str(row["name"]) for row in rows if row["name"] is not None)
    unknown = [name for name in customers if name != EVERYONE and name not in known]
    if not unknown:
        return
    said = "; ".join(_unlike(name, known) for name in unknown)
    raise UnknownCustomer(
        f"No bill names {said}. Write customer ids as costs shows them"
        " (python -m handlers costs --by customer_id)."
    )


def _unlike(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"'{name}'" + (f" (is it '{near[0]}'?)" if near else "")
