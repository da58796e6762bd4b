"""Loading Google's bill inside BigQuery: only its AI lines leave it, for the archive.

What to do with a bill, and what the ledger says of it, is ``handlers.load.load``. Here the export
is classified by statements that fill tables of the staging dataset, which the hub then takes as it
takes staged files.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from handlers.archive import archiving
from handlers.errors import BillError, ConservationError, Place, WarehouseError
from handlers.ledger import LedgerRow
from handlers.load.collecting import Task
from handlers.load.completeness import data_through
from handlers.load.inside_aside import Separated, allowed, fetch_aside, verify_separated
from handlers.load.inside_lines import fetch_left_out, fetch_lines
from handlers.load.load import Loaded, Loader, keep_set_aside, rates_text, stored
from handlers.load.stage import Rules
from handlers.load.verify import Split, verify_split
from handlers.record import Cloud
from handlers.scan.scan import Scanned, SetAside
from handlers.scan.totals import Total
from handlers.scopes import GcpScope, Scope
from handlers.site import Rate, Site
from handlers.sources.gcp.bigquery import (
    OUTPUTS,
    Classification,
    ExportedBill,
    Load,
    bills_in,
    classification_of,
    export_at,
    separation_of,
)
from handlers.sources.refusals import Refusal, Refuse
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse

Totals = Mapping[str, Any]
"""The one row of the statement ``totals``."""


def tasks_inside(
    hub: BigQueryWarehouse,
    scopes: Sequence[Scope],
    periods: Sequence[date],
    loader: Loader,
    refuse: Refuse,
) -> list[Task]:
    """The bills of Google ``scopes`` as tasks, oldest period first; all there are without periods.

    ``refuse`` is told of each scope whose export can't be read.
    """
    found: list[ExportedBill] = []
    for scope in scopes:
        if isinstance(scope, GcpScope):
            found += _bills(hub, scope, periods, refuse)
    return [
        Task(str(bill), loader.load_id(bill), partial(load_inside, hub, loader, bill))
        for bill in sorted(found, key=lambda bill: (bill.period, bill.scope))
    ]


def _bills(
    hub: BigQueryWarehouse, scope: GcpScope, periods: Sequence[date], refuse: Refuse
) -> Iterable[ExportedBill]:
    try:
        export = export_at(hub.jobs, scope.table)
        return list(bills_in(hub.jobs, export, scope.id, periods))
    except (BillError, WarehouseError) as error:
        remedy = "The other billing accounts are loaded."
        unread = error if isinstance(error, BillError) else BillError(Place(), str(error), remedy)
        refuse(Refusal(Cloud.GCP, Path(scope.table), scope.table, unread, scope.id))
        return ()


def load_inside(hub: BigQueryWarehouse, loader: Loader, bill: ExportedBill) -> Loaded:
    """Load ``bill`` if it is not loaded yet.

    Raises:
        CostError: it can't be loaded; the ledger has a row that says why, nothing else changed.
    """
    attempt = _Attempt(hub, loader, bill)
    try:
        return loader.load_by(bill, attempt.prepare, attempt.commit)
    except Undecided:
        attempt.keep_outputs()
        raise
    finally:
        attempt.drop()


class _Attempt:
    """One attempt at a bill, with tables of its own, which expire should they be left behind."""

    def __init__(self, hub: BigQueryWarehouse, loader: Loader, bill: ExportedBill) -> None:
        self._hub = hub
        self._loader = loader
        self._bill = bill
        self._tables: list[TableName] = []
        self._outputs: dict[str, TableName] = {}

    def prepare(self, started: LedgerRow, rules: Rules) -> LedgerRow:
        """See ``load.Prepare``."""
        load = self._load(started.load_id)
        steps, totals = self._classified(load, rules)
        quarantine, aside = self._loader.policy.quarantine, SetAside()
        if int(totals["faults"]):
            quarantine = allowed(quarantine, self._bill, totals)
            rest, separated = self._separated(load, rules)
            whole, aside = totals, separated.aside
            steps, totals = self._classified(rest, rules)
            verify_separated(self._bill, whole, totals, separated)
        rates = _rates(totals, rules.site, self._bill.period)
        split = _verified(totals)
        latest: date | None = totals["latest"]
        fetch_lines(self._loader.connection, self._hub, steps.table("staged_lines"))
        fetch_left_out(self._loader.connection, self._hub, steps.table("left_out"))
        if quarantine is not None and aside.lines:
            keep_set_aside(quarantine, self._bill, aside)
        read = Total(int(totals["source_lines"]), Decimal(totals["source_total"]))
        scanned = Scanned(read, read, latest, aside)
        with archiving(
            self._loader.connection, self._loader.archive, self._bill, scanned
        ) as keep_archive:
            archive = keep_archive()
        at = self._bill.exported_at or self._loader.policy.clock()
        return replace(
            started,
            **_amounts(totals, split, scanned),
            billing_currency=str(totals["billing_currency"]),
            rates_used=rates_text(rates),
            data_through=data_through(self._bill.period, at, latest),
            archive=archive,
            finished_at=self._loader.policy.clock().replace(tzinfo=None),
        )

    def commit(self, row: LedgerRow) -> None:
        """Put the staged rows in the place of the bill's."""
        self._hub.replace_by(row, lambda _: self._outputs)

    def keep_outputs(self) -> None:
        """A job may still be reading them."""
        kept = list(self._outputs.values())
        self._tables = [table for table in self._tables if table not in kept]

    def drop(self) -> None:
        """Remove what was staged."""
        self._hub.staging.drop(self._tables)

    def _load(self, load_id: str) -> Load:
        return Load(
            export=self._bill.export,
            account=self._bill.scope,
            period=self._bill.period,
            load_id=load_id,
            staging=self._prefix(load_id),
        )

    def _prefix(self, load_id: str) -> TableName:
        """Of tables that no other attempt has."""
        staging = self._hub.staging
        return TableName(staging.project, staging.dataset, f"{load_id}_{uuid4().hex[:12]}")

    def _classified(self, load: Load, rules: Rules) -> tuple[Classification, Totals]:
        """The staged tables of ``load``, and what they add up to."""
        steps = classification_of(load, rules.catalog, rules.site)
        self._run(steps)
        self._outputs = {name.removeprefix("new_"): steps.table(name) for name in OUTPUTS}
        (row,) = self._hub.jobs.rows("totals", f"SELECT * FROM {steps.table('totals')}", {})
        return steps, row

    def _separated(self, load: Load, rules: Rules) -> tuple[Load, Separated]:
        """The same load without the rows that can't be understood, and those rows."""
        steps = separation_of(load, rules.catalog, rules.site)
        self._run(steps)
        rest = replace(
            load,
            export=load.export.copied_to(steps.table("understood")),
            staging=self._prefix(load.load_id),
        )
        return rest, fetch_aside(self._hub.jobs, steps, self._bill)

    def _run(self, steps: Classification) -> None:
        for step in steps.statements:
            self._tables.append(step.table)
            what = f"stage_{step.name}"
            job_id = f"{what}_{step.table.table}"
            end = self._hub.jobs.run(what, step.sql, step.parameters, job_id)
            if end.error:
                raise WarehouseError(
                    f"BigQuery: the bill was not read: {end.error} (job {job_id}). Nothing was"
                    " changed."
                )


def _rates(totals: Totals, site: Site, period: date) -> dict[str, Rate]:
    """The site's rates that were used.

    Raises:
        RateMissing: a currency without a rate that may be used.
    """
    named = str(totals["site_rate_currencies"] or "")
    return {
        currency: site.rates.rate(currency, period) for currency in named.split("+") if currency
    }


def _verified(totals: Totals) -> Split:
    """Where the bill's cost goes, after all checks.

    Raises:
        ConservationError: money in is not money out.
    """
    if int(totals["lost_lines"]) or totals["lost_total"]:
        raise ConservationError(
            f"{totals['lost_lines']} lines of {totals['lost_total']} were lost when they were"
            " named: this is a defect, please report it. Nothing was changed."
        )
    split = Split(
        Decimal(totals["ai_total"]),
        Decimal(totals["platform_total"]),
        Decimal(totals["other_total"]),
        int(totals["ai_lines"]),
    )
    first = Total(int(totals["first_lines"]), Decimal(totals["first_total"]))
    second = Total(int(totals["source_lines"]), Decimal(totals["source_total"]))
    verify_split(split, first, second, Total(int(totals["rows"]), totals["loaded_total"]))
    return split


def _amounts(totals: Totals, split: Split, scanned: Scanned) -> dict[str, Decimal | int]:
    return {
        "source_total": stored(scanned.whole.cost),
        "ai_total": stored(split.ai),
        "platform_total": stored(split.platform),
        "other_total": stored(split.other),
        "loaded_total": stored(Decimal(totals["loaded_total"])),
        "cost_usd": stored(Decimal(totals["cost_usd"])),
        "gross_cost_usd": stored(Decimal(totals["gross_cost_usd"])),
        "source_lines": scanned.whole.lines,
        "ai_lines": split.ai_lines,
        "rows": int(totals["rows"]),
        "quarantined_rows": scanned.aside.lines,
        "quarantined_total": stored(scanned.aside.cost),
    }
