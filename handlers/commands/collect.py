"""``collect``: load bills into the warehouse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypedDict, Unpack

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from handlers.commands.options import (
    chosen_site,
    cloud_option,
    period_option,
    site_option,
    warehouse_option,
)
from handlers.commands.stores import (
    Store,
    clouds_of,
    command_scratch,
    google_tasks,
    open_store,
    scoped_bills,
)
from handlers.commands.summary import print_moves, print_outcomes, print_totals
from handlers.errors import CostError, UsageError
from handlers.ledger import Status
from handlers.load import collecting
from handlers.load.collecting import Collected, Failure, Task
from handlers.load.decisions import decide
from handlers.load.load import Loaded, Loader, Policy
from handlers.load.overlap import refuse_overlaps
from handlers.periods import parse_periods
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.sources.archive import ArchiveSource
from handlers.sources.folder import FolderSource
from handlers.sources.refusals import Refusal


class Words(TypedDict):
    """What ``collect`` was called with."""

    folder: Path | None
    warehouse: str
    site_folder: str | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    reclassify: bool
    dry_run: bool
    from_archive: bool
    accept: str | None
    reject: str | None
    by: str | None
    reason: str | None
    quarantine: bool
    shrink: str
    wait: float
    moment: str | None


@dataclass(frozen=True)
class Decision:
    """What a person says of a load that is held."""

    load: str
    status: Status
    by: str
    reason: str


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@warehouse_option
@site_option
@cloud_option
@period_option
@click.option("--reclassify", is_flag=True, help="Load closed periods too when rules changed.")
@click.option(
    "--dry-run", is_flag=True, help="With --reclassify: list the dollars that would move."
)
@click.option("--from-archive", is_flag=True, help="Load from the archive instead of the clouds.")
@click.option("--accept", metavar="LOAD", help="Accept a load that is held, and load it.")
@click.option("--reject", metavar="LOAD", help="Reject a load that is held.")
@click.option("--by", metavar="NAME", help="With --accept or --reject: who decides.")
@click.option("--reason", metavar="TEXT", help="With --accept or --reject: why.")
@click.option("--quarantine", is_flag=True, help="Set lines aside that can't be read.")
@click.option(
    "--shrink-hold-share",
    "shrink",
    default="0.2",
    show_default=True,
    help="Hold a load that shrinks a period by more than this share.",
)
@click.option(
    "--wait", type=float, default=600.0, show_default=True, help="Seconds to wait for a writer."
)
@click.option("--now", "moment", metavar="TIME", help="Decide as at this time (ISO 8601, UTC).")
def collect(**words: Unpack[Words]) -> None:
    """Load the bills in FOLDER, laid out as the clouds deliver them.

    Only what changed is loaded; each period of each scope is replaced as a whole or not at all. A
    bill that can't be read is named with what is wrong and where, and the others are loaded.
    """
    if words["dry_run"] and not words["reclassify"]:
        raise UsageError("--dry-run goes with --reclassify: it lists what that would move.")
    decision = _decision(words)
    periods = [period for text in words["periods"] for period in parse_periods(text)]
    site = chosen_site(words["site_folder"])
    with command_scratch(_clock(words["moment"])) as scratch:
        store = open_store(words["warehouse"], words["wait"], scratch)
        clouds = clouds_of(store, words["clouds"])
        policy = Policy(
            clock=scratch.clock,
            shrink_share=_share(words["shrink"]),
            reclassify=words["reclassify"],
            quarantine=store.quarantine() if words["quarantine"] else None,
        )
        with store.warehouse.open() as connection:
            if decision is not None:
                _decide(decision, store, scratch)
                if not _names_bills(words):
                    return
            rules_of = collecting.rules_of_site(site)
            loader = Loader(store.warehouse, connection, store.archive(), rules_of, policy)
            run = _Run(words, store, scratch, clouds, periods, loader)
            if words["dry_run"]:
                failures = _preview(run)
            else:
                failures = _load(run, rules_of, policy)
                if store.local:
                    print_totals(connection)
    if failures:
        raise CostError("\nerror: ".join(str(failure.error) for failure in failures))


@dataclass(frozen=True)
class _Run:
    """What this call works with."""

    words: Words
    store: Store
    scratch: Scratch
    clouds: tuple[Cloud, ...]
    periods: Sequence[date]
    loader: Loader


def _names_bills(words: Words) -> bool:
    """Whether the call says what to collect, beside a decision."""
    return words["folder"] is not None or words["from_archive"] or bool(words["clouds"])


def _bills(run: _Run) -> collecting.Bills:
    """Where the bills are: a folder, the archive, or the cloud that is named.

    Raises:
        UsageError: the call does not say.
        SettingsError: the environment does not say which scopes of the cloud.
    """
    words, clouds = run.words, run.clouds
    if words["from_archive"] or (words["reclassify"] and words["folder"] is None):
        return ArchiveSource(run.store.warehouse, run.store.archive(), clouds)
    if words["folder"] is not None:
        return FolderSource(words["folder"], clouds)
    if len(clouds) != 1:
        raise UsageError(
            "Name the FOLDER that holds the bills, or --from-archive, or one --cloud whose scopes"
            " the environment has (COST_SCOPES)."
        )
    return scoped_bills(clouds[0], run.store, run.scratch)


def _preview(run: _Run) -> list[Failure]:
    refusals: list[Refusal] = []
    bills = list(_bills(run).snapshots(run.periods, refusals.append))
    refuse_overlaps(bills, run.store.warehouse.accounts)
    with _progress() as bar:
        print_moves([run.loader.moves(bill) for bill in bar.track(bills, description="Reading")])
    return [Failure(refusal.origin, refusal.error) for refusal in refusals]


def _load(run: _Run, rules_of: collecting.RulesOf, policy: Policy) -> list[Failure]:
    """Load each bill, and why some could not be: none keeps the others from being loaded."""
    refusals: list[Refusal] = []
    words, store = run.words, run.store
    from_google = run.clouds == (Cloud.GCP,) and not store.local
    if from_google and words["folder"] is None and not words["from_archive"]:
        tasks = google_tasks(store, run.periods, run.loader, refusals.append)
    else:
        bills = _bills(run)
        tasks = collecting.tasks_of(
            bills, run.periods, store.warehouse, run.loader, refusals.append
        )
    refused = collecting.record_refusals(refusals, store.warehouse, rules_of, policy.clock)
    collected = _load_all(tasks)
    print_outcomes(collected.outcomes)
    _print_set_aside(collected.outcomes, store)
    return [*refused, *collected.failures]


def _load_all(tasks: Sequence[Task]) -> Collected:
    """Load them, with a bar where somebody looks on."""
    with _progress() as bar:
        watcher = _Bar(bar, bar.add_task("Collecting", total=len(tasks)))
        return collecting.load_all(tasks, watcher, lambda: True)


@dataclass(frozen=True)
class _Bar:
    """Moves the bar on; what became of the bills is printed at the end."""

    bar: Progress
    task: TaskID

    def starts(self, task: Task) -> None:
        """See ``collecting.Watcher``."""
        self.bar.update(self.task, description=f"Collecting {task.bill}")

    def loaded(self, task: Task, loaded: Loaded) -> None:
        """See ``collecting.Watcher``."""
        del task, loaded
        self.bar.advance(self.task)

    def failed(self, failure: Failure, load_id: str) -> None:
        """See ``collecting.Watcher``."""
        del failure, load_id
        self.bar.advance(self.task)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _decide(decision: Decision, store: Store, scratch: Scratch) -> None:
    at = scratch.clock()
    decide(store.warehouse, decision.load, decision.status, at, decision.by, decision.reason)
    click.echo(f"{decision.load} is {decision.status}.")


def _print_set_aside(outcomes: Sequence[Loaded], store: Store) -> None:
    """Of every bill that has them, changed or not, the lines that are not in the tables.

    What they cost is said as far as it can be read and is in one currency.
    """
    for outcome in outcomes:
        row = outcome.row
        if row is None or not row.quarantined_rows:
            continue
        place = store.quarantine_of(row)
        total = row.quarantined_total
        cost = "" if total is None else f", of {total:,.2f} {row.billing_currency}"
        click.echo(
            f"set aside: {outcome.bill}: {row.quarantined_rows:,} rows that can't be"
            f" parsed{cost}: see {place}"
        )


def _clock(text: str | None) -> Callable[[], datetime]:
    """The system's clock, or one that stands at the time ``text``."""
    if text is None:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a time: write it as 2026-11-21T06:00:00.") from None
    stands = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda: stands


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share <= 1:
        raise UsageError(f"--shrink-hold-share is '{text}': allowed is a number from 0 to 1.")
    return share


def _decision(words: Words) -> Decision | None:
    accept, reject = words["accept"], words["reject"]
    by, reason = words["by"], words["reason"]
    if accept is None and reject is None:
        return None
    if accept is not None and reject is not None:
        raise UsageError("A load is accepted or rejected, not both.")
    if not by or not reason:
        raise UsageError("Say who decides and why: --by NAME --reason TEXT.")
    status = Status.REJECTED if accept is None else Status.ACCEPTED
    return Decision(accept or reject or "", status, by, reason)
