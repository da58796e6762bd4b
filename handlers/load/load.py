"""Loading bills: what to do with each snapshot, and doing it.

A load replaces (cloud, scope, billing period) as a whole, or changes nothing. Running it twice,
late, out of order or two at once leaves the same tables as running it once.
"""

import contextlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from functools import partial
from typing import cast

import duckdb

from handlers.archive import Archive, ArchivedBill, archiving, scan_archive
from handlers.errors import CostError
from handlers.ledger import LedgerRow, Status, Version, current, last_word, load_id, standing
from handlers.load.completeness import data_through
from handlers.load.currencies import with_like_totals
from handlers.load.hold import shrinkage
from handlers.load.overlap import refuse_overlap
from handlers.load.stage import PLATFORM_LABEL, Rules, register_left_out_rates, stage
from handlers.load.statements import run, statements
from handlers.load.verify import Split, verified_split
from handlers.no_room import NoRoom, refusing_no_room
from handlers.periods import is_open
from handlers.quoting import literal
from handlers.record import MONEY_SCALE, Cloud
from handlers.scan.quarantine import scan_setting_aside, write_quarantine
from handlers.scan.room import FUNCTION, Room
from handlers.scan.scan import Scanned, SetAside, scan
from handlers.site import Rate, Site
from handlers.sources import AnyBill, Reading, Snapshot
from handlers.warehouses import LoadBatch, Warehouse

DEFAULT_SHRINK_SHARE = Decimal("0.2")

_ZERO = Decimal(0)

Bill = Snapshot | ArchivedBill
"""A bill that is read here; what any bill has is ``handlers.sources.AnyBill``."""

Prepare = Callable[["LedgerRow", Rules], LedgerRow]
"""Does everything up to the commit; the ledger's row, with all that was found."""


class Outcome(StrEnum):
    """What became of a snapshot."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    HELD = "held"
    REJECTED = "rejected"
    OLDER = "older"
    """The cloud wrote it before the version that is loaded."""
    CLOSED = "closed"
    """The rules or site data changed, the period is closed: ``--reclassify`` loads it."""


@dataclass(frozen=True)
class Loaded:
    """A snapshot's outcome, with the ledger's row when one was written."""

    bill: str
    outcome: Outcome
    row: LedgerRow | None


@dataclass(frozen=True)
class Policy:
    """How a run decides: the time (UTC), what may shrink, whether closed periods are loaded anew.

    ``clock`` is read when a load starts and when it ends. ``room`` is what bills are read in.
    """

    clock: Callable[[], datetime]
    shrink_share: Decimal = DEFAULT_SHRINK_SHARE
    reclassify: bool = False
    quarantine: Archive | None = None
    room: Room = FUNCTION


@dataclass(frozen=True)
class Move:
    """Dollars that a load would move to or from a model and customer."""

    cloud: Cloud
    period: date
    model: str
    customer_id: str
    before: Decimal
    after: Decimal


class Loader:
    """Loads bills into one warehouse; ``rules_of`` gives each cloud's rules."""

    def __init__(
        self,
        warehouse: Warehouse,
        connection: duckdb.DuckDBPyConnection,
        archive: Archive,
        rules_of: Callable[[Cloud], Rules],
        policy: Policy,
    ) -> None:
        self._warehouse = warehouse
        self.connection = connection
        self.archive = archive
        self._rules_of = rules_of
        self.policy = policy

    def load_id(self, bill: AnyBill) -> str:
        """The id that loading ``bill`` by today's rules and site data has in the ledger."""
        version = _version(bill, self._rules_of(bill.cloud))
        return load_id(bill.cloud, bill.scope, bill.period, version)

    def load(self, bill: Bill) -> Loaded:
        """Load ``bill`` if it is not loaded yet; raises what ``load_by`` does."""

        def commit(row: LedgerRow) -> None:
            self._warehouse.replace(LoadBatch(self.connection, row))

        return self.load_by(bill, partial(self._prepare, bill), commit)

    def load_by(
        self, bill: AnyBill, prepare: Prepare, commit: Callable[[LedgerRow], None]
    ) -> Loaded:
        """Load ``bill``, if it is not loaded yet, by ``prepare`` and then ``commit``.

        ``prepare`` leaves the bill's ``staged_lines`` and ``left_out`` in the connection.

        Raises:
            CostError: it can't be loaded; the ledger has a row that says why, nothing else changed.
        """
        rules = self._rules_of(bill.cloud)
        version = _version(bill, rules)
        history = self._warehouse.history(bill.cloud, bill.scope, bill.period)
        outcome = self._outcome(bill, version, rules, history)
        if outcome is not Outcome.LOADED:
            row = last_word(history, version) if outcome is Outcome.HELD else current(history)
            return Loaded(str(bill), outcome, row)
        now = self.policy.clock()
        started = LedgerRow(
            load_id=load_id(bill.cloud, bill.scope, bill.period, version),
            cloud_provider=bill.cloud,
            scope=bill.scope,
            billing_period=bill.period,
            source_version=version.source,
            exported_at=_naive(bill.exported_at),
            rule_digest=version.rules,
            site_digest=version.site,
            started_at=now.replace(tzinfo=None),
            finished_at=now.replace(tzinfo=None),
            status=Status.LOADED,
            origin=bill.origin,
        )
        with self._failures(started, bill, CostError):
            row = with_like_totals(self.connection, prepare(started, rules))
            row = self._held_or_restated(row, history)
        if row.status is Status.HELD:
            self._warehouse.record(row)
            return Loaded(str(bill), Outcome.HELD, row)
        # Of anything else that keeps it from committing, the warehouse itself tells the ledger.
        with self._failures(started, bill, NoRoom):
            commit(row)
        return Loaded(str(bill), Outcome.LOADED, row)

    @contextlib.contextmanager
    def _failures(
        self, started: LedgerRow, bill: AnyBill, kind: type[CostError]
    ) -> Generator[None]:
        """Write an error of that ``kind`` into the ledger, where there is room for it."""
        try:
            with refusing_no_room(str(bill)):
                yield
        except kind as error:
            failed = replace(started, status=Status.FAILED, error=str(error))
            with contextlib.suppress(NoRoom), refusing_no_room(str(bill)):
                self._warehouse.record(failed)
            raise

    def moves(self, bill: Bill) -> list[Move]:
        """What loading ``bill`` by today's rules would move; nothing is written.

        Raises:
            CostError: it can't be read.
        """
        rules = self._rules_of(bill.cloud)
        history = self._warehouse.history(bill.cloud, bill.scope, bill.period)
        if self._outcome(bill, _version(bill, rules), rules, history) is not Outcome.LOADED:
            return []
        scanned, _ = self._read(bill, rules)
        self._derive(bill, rules, "preview", scanned)
        before = self._warehouse.costs(bill.cloud, bill.scope, bill.period)
        after = {
            (str(model), str(customer)): Decimal(cost)
            for model, customer, cost in self.connection.execute(
                "SELECT model, customer_id, sum(cost_usd) FROM new_llm_costs GROUP BY ALL"
            ).fetchall()
        }
        return [
            Move(bill.cloud, bill.period, *key, before.get(key, _ZERO), after.get(key, _ZERO))
            for key in sorted(before.keys() | after.keys())
            if before.get(key, _ZERO) != after.get(key, _ZERO)
        ]

    def _outcome(
        self, bill: AnyBill, version: Version, rules: Rules, history: Sequence[LedgerRow]
    ) -> Outcome:
        """What is to be done with the bill, before it is read; LOADED stands for loading it."""
        loaded = current(history)
        if loaded is not None and _is_older(bill, loaded):
            return Outcome.OLDER
        word = standing(history, version)
        if word in (Status.HELD, Status.REJECTED):
            return Outcome.HELD if word is Status.HELD else Outcome.REJECTED
        if loaded is None or loaded.source_version != version.source:
            return Outcome.LOADED
        if loaded.version == version:
            return Outcome.UNCHANGED
        if (
            is_open(bill.period, self.policy.clock().date())
            or self.policy.reclassify
            or _rate_became_final(loaded, rules.site)
        ):
            return Outcome.LOADED
        return Outcome.CLOSED

    def _prepare(self, bill: Bill, started: LedgerRow, rules: Rules) -> LedgerRow:
        """See ``Prepare``."""
        scanned, rates = self._read(bill, rules)
        with archiving(self.connection, self.archive, bill, scanned) as keep_archive:
            currency, split = self._derive(bill, rules, started.load_id, scanned)
            if isinstance(bill, Snapshot) and scanned.aside.lines and self.policy.quarantine:
                keep_set_aside(self.policy.quarantine, bill, scanned.aside)
            archive = keep_archive()
        return replace(
            started,
            billing_currency=currency,
            **_totals(split, scanned),
            **_written(self.connection),
            rates_used=rates_text(rates),
            data_through=data_through(
                bill.period, bill.exported_at or self.policy.clock(), scanned.latest
            ),
            archive=archive,
            finished_at=self.policy.clock().replace(tzinfo=None),
        )

    def _read(self, bill: Bill, rules: Rules) -> tuple[Scanned, Mapping[str, Rate]]:
        """What was found in the bill, its lines staged; the site's rates that were used."""
        scanned = self._scan(bill, rules)
        rates = stage(self.connection, bill.cloud, bill.period, rules)
        self._refuse_overlap(bill)
        return scanned, rates

    def _scan(self, bill: Bill, rules: Rules) -> Scanned:
        if isinstance(bill, ArchivedBill):
            return scan_archive(self.connection, bill)
        catalog = rules.catalog

        def candidates(reading: Reading) -> str:
            lines = reading.lines
            return catalog.candidate_sql(
                lines.get("service_id", "''"),
                reading.service_text,
                lines.get("billing_entity", "''"),
            )

        room = self.policy.room
        if self.policy.quarantine is None:
            return scan(self.connection, bill, candidates, _is_own, room)
        return scan_setting_aside(self.connection, bill, candidates, _is_own, room)

    def _refuse_overlap(self, bill: Bill) -> None:
        rows = self.connection.execute(
            "SELECT DISTINCT account_id FROM staged_lines WHERE is_ai AND account_id <> ''"
        ).fetchall()
        others = self._warehouse.accounts(bill.cloud, bill.period)
        refuse_overlap(bill.cloud, bill.scope, [str(row[0]) for row in rows], others)

    def _derive(
        self, bill: Bill, rules: Rules, identity: str, scanned: Scanned
    ) -> tuple[str, Split]:
        """The rows to be written as temporary tables ``new_<table>``, verified.

        Gives the bill's currency and where its cost goes.
        """
        currency = _currency(self.connection)
        values = {
            "cloud": str(bill.cloud),
            "scope": bill.scope,
            "period": bill.period,
            "load_id": identity,
            "warehouse": self._warehouse.name,
            "currency": currency,
        }
        register_left_out_rates(self.connection, bill.period, rules.site)
        for _, statement in statements("handlers.load", "facts.sql"):
            run(self.connection, statement, values)
        return currency, verified_split(self.connection, scanned)

    def _held_or_restated(self, row: LedgerRow, history: Sequence[LedgerRow]) -> LedgerRow:
        before = current(history)
        if before is None or row.cost_usd is None or before.cost_usd is None:
            return row
        row = replace(row, restated_usd=row.cost_usd - before.cost_usd)
        if standing(history, row.version) is Status.ACCEPTED:
            return row
        shrunk = shrinkage(row, before, self.policy.shrink_share)
        return replace(row, status=Status.HELD, error=shrunk) if shrunk else row


def keep_set_aside(quarantine: Archive, bill: AnyBill, aside: SetAside) -> None:
    """Keep the lines that were set aside in ``quarantine``."""
    file = write_quarantine(quarantine.folder, bill, aside)
    quarantine.keep(file, file.relative_to(quarantine.folder).as_posix())


def _is_own(reading: Reading) -> str:
    """The predicate of lines that may be what this product itself costs."""
    return f"contains({reading.label_text}, {literal(PLATFORM_LABEL)})"


def _naive(moment: datetime | None) -> datetime | None:
    """``moment`` as the warehouse keeps it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _is_older(bill: AnyBill, loaded: LedgerRow) -> bool:
    exported = _naive(bill.exported_at)
    return bool(exported and loaded.exported_at and exported < loaded.exported_at)


def _version(bill: AnyBill, rules: Rules) -> Version:
    site = rules.site.digest(bill.cloud, bill.period)
    return Version(bill.version, rules.catalog.digest, site)


def _rate_became_final(loaded: LedgerRow, site: Site) -> bool:
    """Whether a load used a provisional rate for which the month's own has come."""
    used = cast("dict[str, dict[str, object]]", json.loads(loaded.rates_used or "{}"))
    return any(
        bool(rate["provisional"])
        and not site.rates.rate(currency, loaded.billing_period).provisional
        for currency, rate in used.items()
    )


def rates_text(rates: Mapping[str, Rate]) -> str:
    """The site's rates that a load used, as the ledger has them."""
    content = {
        currency: {
            "rate": format(rate.value, "f"),
            "month": f"{rate.month:%Y-%m}",
            "provisional": rate.provisional,
        }
        for currency, rate in sorted(rates.items())
    }
    return json.dumps(content)


def _currency(connection: duckdb.DuckDBPyConnection) -> str:
    """The bill's currency; several, joined by ``+``, where its lines are in several."""
    rows = connection.execute(
        "SELECT DISTINCT currency FROM (SELECT currency FROM bill_lines"
        " UNION ALL SELECT currency FROM left_out) WHERE currency IS NOT NULL ORDER BY 1"
    ).fetchall()
    return "+".join(str(row[0]) for row in rows)


def _totals(split: Split, scanned: Scanned) -> dict[str, Decimal | int]:
    return {
        "source_total": stored(scanned.whole.cost),
        "ai_total": stored(split.ai),
        "platform_total": stored(split.platform),
        "other_total": stored(split.other),
        "source_lines": scanned.whole.lines,
        "ai_lines": split.ai_lines,
        "quarantined_rows": scanned.aside.lines,
        "quarantined_total": stored(scanned.aside.cost),
    }


def stored(amount: Decimal) -> Decimal:
    """An amount as tables have it."""
    with localcontext() as context:
        context.prec = 60
        return amount.quantize(Decimal(1).scaleb(-MONEY_SCALE), rounding=ROUND_HALF_UP)


def _written(connection: duckdb.DuckDBPyConnection) -> dict[str, Decimal | int]:
    row = connection.execute(
        "SELECT count(*), COALESCE(sum(billing_cost), 0), COALESCE(sum(cost_usd), 0),"
        " COALESCE(sum(gross_cost_usd), 0) FROM new_llm_costs"
    ).fetchone()
    rows, billing, usd, gross = row or (0, 0, 0, 0)
    return {
        "rows": int(rows),
        "loaded_total": Decimal(billing),
        "cost_usd": Decimal(usd),
        "gross_cost_usd": Decimal(gross),
    }
