"""A run over bills: find them, refuse those that overlap, load each; none keeps another from it.

What was loaded stays loaded, whatever comes after it. A run that ends early is gone on with by
the next one, which finds the loaded bills unchanged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Protocol

from handlers.catalog import load_catalog
from handlers.errors import CostError
from handlers.load.load import Bill, Loaded, Loader
from handlers.load.overlap import refuse_overlaps
from handlers.load.refused import record_refusal
from handlers.load.stage import Rules
from handlers.record import Cloud
from handlers.site import Site
from handlers.sources.refusals import Refusal, Refuse
from handlers.warehouses import Superseded, Warehouse

RulesOf = Callable[[Cloud], Rules]
"""Each cloud's rules."""


class Bills(Protocol):
    """Where bills are found; what can't be read is refused without ending the search."""

    def snapshots(self, periods: Sequence[date], refuse: Refuse) -> Iterable[Bill]:
        """The newest bill of each scope and period; all periods when ``periods`` is empty."""
        ...


@dataclass(frozen=True)
class Task:
    """A bill to be loaded: what messages call it, the id of its load, and what does it."""

    bill: str
    load_id: str
    load: Callable[[], Loaded]


@dataclass(frozen=True)
class Failure:
    """A bill that could not be loaded, and why."""

    bill: str
    error: CostError


@dataclass(frozen=True)
class Collected:
    """What a run came to; ``left`` are bills that there was no time for."""

    outcomes: Sequence[Loaded]
    failures: Sequence[Failure]
    left: Sequence[str] = ()


class Watcher(Protocol):
    """Is told of each step of a run, for whoever follows it."""

    def starts(self, task: Task) -> None:
        """The bill's load starts."""
        ...

    def loaded(self, task: Task, loaded: Loaded) -> None:
        """The bill is looked after."""
        ...

    def failed(self, failure: Failure, load_id: str) -> None:
        """The bill could not be loaded; ``load_id`` is empty where it is not known."""
        ...


def tasks_of(
    bills: Bills,
    periods: Sequence[date],
    warehouse: Warehouse,
    loader: Loader,
    refuse: Refuse,
) -> list[Task]:
    """The bills of ``periods`` as tasks, oldest period first.

    Raises:
        UsageError: two of them count the same money; none may be loaded.
        CostError: the bills can't be looked for.
    """
    found = list(bills.snapshots(periods, refuse))
    refuse_overlaps(found, warehouse.accounts)
    return [Task(str(bill), loader.load_id(bill), partial(loader.load, bill)) for bill in found]


def record_refusals(
    refusals: Sequence[Refusal],
    warehouse: Warehouse,
    rules_of: RulesOf,
    clock: Callable[[], datetime],
) -> list[Failure]:
    """Write down each bill that was found and can't be read; gives them as failures."""
    for refusal in refusals:
        record_refusal(warehouse, refusal, rules_of(refusal.cloud), clock())
    return [Failure(refusal.origin, refusal.error) for refusal in refusals]


def load_all(tasks: Sequence[Task], watcher: Watcher, may_start: Callable[[], bool]) -> Collected:
    """Load each in turn, while ``may_start`` says that there is time for one more."""
    outcomes: list[Loaded] = []
    failures: list[Failure] = []
    for number, task in enumerate(tasks):
        if not may_start():
            return Collected(outcomes, failures, [each.bill for each in tasks[number:]])
        watcher.starts(task)
        try:
            loaded = _load(task)
        except CostError as error:
            failures.append(Failure(task.bill, error))
            watcher.failed(failures[-1], task.load_id)
        else:
            outcomes.append(loaded)
            watcher.loaded(task, loaded)
    return Collected(outcomes, failures)


def _load(task: Task) -> Loaded:
    """Load it; decided anew where another run has loaded the bill meanwhile."""
    try:
        return task.load()
    except Superseded:
        return task.load()


def rules_of_site(site: Site) -> RulesOf:
    """Each cloud's rules under ``site``, read when they are first asked for."""

    @cache
    def rules_of(cloud: Cloud) -> Rules:
        return Rules(load_catalog(cloud, site.catalog.get(cloud)), site)

    return rules_of


def names_of(failures: Sequence[Failure]) -> Iterator[str]:
    """A line for each failure, that of a bill found by name naming it."""
    for failure in failures:
        text = str(failure.error)
        yield text if text.startswith(failure.bill) else f"{failure.bill}: {text}"
