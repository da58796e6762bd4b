"""The ledger: a row per load, success or failure, and what it says about the next one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from handlers.record import Cloud
from handlers.tables import LEDGER


class Status(StrEnum):
    """How a load ended."""

    LOADED = "loaded"
    HELD = "held"
    """It would shrink the period; a person has to accept or reject it."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FAILED = "failed"


UNREADABLE = "unreadable"
"""Stands for the version of a bill that was found and can't be read."""


STAND_IN = "Cost Explorer"
COST_DETAILS = "generateCostDetailsReport"
"""How the origin of an AWS bill begins, and what that of an Azure bill has in it, where the bill
stands in for an export which has not come yet."""


@dataclass(frozen=True)
class Version:
    """What a load depends on: the bill's own version, the rules and the site data."""

    source: str
    rules: str
    site: str


@dataclass(frozen=True)
class LedgerRow:
    """One row; the meanings are those of ``tables.LEDGER``."""

    load_id: str
    cloud_provider: Cloud
    scope: str
    billing_period: date
    source_version: str
    rule_digest: str
    site_digest: str
    started_at: datetime
    finished_at: datetime
    status: Status
    exported_at: datetime | None = None
    billing_currency: str | None = None
    source_total: Decimal | None = None
    ai_total: Decimal | None = None
    platform_total: Decimal | None = None
    other_total: Decimal | None = None
    currency_totals: str | None = None
    loaded_total: Decimal | None = None
    cost_usd: Decimal | None = None
    gross_cost_usd: Decimal | None = None
    source_lines: int | None = None
    ai_lines: int | None = None
    rows: int | None = None
    quarantined_rows: int | None = None
    quarantined_total: Decimal | None = None
    rates_used: str | None = None
    restated_usd: Decimal | None = None
    data_through: date | None = None
    archive: str | None = None
    origin: str | None = None
    error: str | None = None
    decided_by: str | None = None
    reason: str | None = None

    @property
    def version(self) -> Version:
        """What the load depended on."""
        return Version(self.source_version, self.rule_digest, self.site_digest)

    @property
    def stands_in(self) -> bool:
        """Whether an export of the same month replaces it, however much that differs."""
        origin = self.origin or ""
        return origin.startswith(STAND_IN) or f"/{COST_DETAILS}/" in origin

    def values(self) -> list[object]:
        """The row's values in the table's order."""
        return [getattr(self, name) for name in LEDGER.names]

    def decided(self, status: Status, at: datetime, by: str, reason: str) -> "LedgerRow":
        """The row of a person's decision about this held load."""
        return replace(
            self, status=status, started_at=at, finished_at=at, decided_by=by, reason=reason
        )


def ledger_row(names: Sequence[str], values: Sequence[object]) -> LedgerRow:
    """A row as a warehouse gave it."""
    cells = dict(zip(names, values, strict=True))
    known = {field.name: cells[field.name] for field in fields(LedgerRow)}
    known["cloud_provider"] = Cloud(str(cells["cloud_provider"]))
    known["status"] = Status(str(cells["status"]))
    return LedgerRow(**known)  # pyright: ignore[reportArgumentType]


def load_id(cloud: Cloud, scope: str, period: date, version: Version) -> str:
    """The same for the same version of the same bill, wherever it is loaded."""
    text = "\n".join(
        [cloud, scope, period.isoformat(), version.source, version.rules, version.site]
    )
    return "L" + hashlib.sha256(text.encode()).hexdigest()[:24]


def current(history: Sequence[LedgerRow]) -> LedgerRow | None:
    """The load whose rows are in the tables: the last that was loaded."""
    return next((row for row in reversed(history) if row.status is Status.LOADED), None)


def last_word(history: Sequence[LedgerRow], version: Version) -> LedgerRow | None:
    """The last row about a version of a bill; None when the ledger has none.

    What is said of a bill that was never loaded holds whatever the rules and the site data become;
    of one that was loaded before, it holds for those rules and site data only.
    """
    same_bill = [row for row in history if row.source_version == version.source]
    if any(row.status is Status.LOADED for row in same_bill):
        same_bill = [row for row in same_bill if row.version == version]
    return same_bill[-1] if same_bill else None


def standing(history: Sequence[LedgerRow], version: Version) -> Status | None:
    """The status of the last word on a version of a bill; None when the ledger has none."""
    word = last_word(history, version)
    return word.status if word else None
