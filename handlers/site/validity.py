"""Validity in whole days, both ends included, and where two claims to one name meet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from operator import attrgetter


@dataclass(frozen=True)
class Validity:
    """The days from ``first_day`` to ``last_day``, both included; None is open."""

    first_day: date | None = None
    last_day: date | None = None

    @property
    def first(self) -> date:
        """The first day, the earliest there is when open."""
        return self.first_day or date.min

    @property
    def last(self) -> date:
        """The last day, the latest there is when open."""
        return self.last_day or date.max

    def overlaps(self, other: "Validity") -> bool:
        """True when at least one day is in both."""
        return self.first <= other.last and other.first <= self.last

    def clipped(self, window: "Validity") -> "Validity":
        """The part inside ``window``, open where it reaches the window's edge or beyond."""
        return Validity(
            self.first_day if self.first > window.first else None,
            self.last_day if self.last < window.last else None,
        )

    def __str__(self) -> str:
        if self.first_day is None and self.last_day is None:
            return "every day"
        first = self.first_day.isoformat() if self.first_day else "the beginning"
        last = self.last_day.isoformat() if self.last_day else "open end"
        return f"{first} to {last}"


@dataclass(frozen=True)
class Claim:
    """A name, used by ``owner`` on the days of ``validity``, as ``row`` of a file says."""

    name: str
    owner: str
    row: int
    validity: Validity
    is_id: bool = False


def conflicts(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Pairs (earlier row, later row) of different owners that claim a name on the same day.

    Every claim that conflicts with one that starts before it is in a pair, not every pair is
    listed: so a name that a hundred thousand rows claim costs no more than sorting them.
    """
    by_name: dict[str, list[Claim]] = {}
    for claim in claims:
        by_name.setdefault(claim.name, []).append(claim)
    for same in by_name.values():
        latest: list[Claim] = []
        for claim in sorted(same, key=lambda each: (each.validity.first, each.row)):
            for other in latest:
                if other.owner != claim.owner and other.validity.last >= claim.validity.first:
                    earlier, later = sorted((other, claim), key=attrgetter("row"))
                    yield earlier, later
                    break
            latest = _two_latest_owners([*latest, claim])


def _two_latest_owners(claims: list[Claim]) -> list[Claim]:
    kept: list[Claim] = []
    for claim in sorted(claims, key=lambda each: each.validity.last, reverse=True):
        if claim.owner not in {each.owner for each in kept}:
            kept.append(claim)
    return kept[:2]
