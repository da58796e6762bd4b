"""Where bills come from: snapshots of one cloud, scope and billing period.

A source finds snapshots; a snapshot knows its files and how their columns become bill lines
(``handlers.lines``). The readers are the same whether a cloud client fetched the files or they
lie in a folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from handlers.record import Cloud
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part


@dataclass(frozen=True)
class CsvTotal:
    """A line costs the first of ``columns`` that is not empty."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class NdjsonTotal:
    """A row of ``account`` and invoice month ``month`` (YYYYMM): its ``cost`` plus its credits."""

    account: str
    month: str


@dataclass(frozen=True)
class ParquetTotal:
    """A line costs ``expression`` (DuckDB SQL over the file's columns)."""

    expression: str


@dataclass(frozen=True)
class Check:
    """What must hold of every line that is kept whole, besides its required columns.

    ``column`` is the file's column that is shown when ``holds`` (a DuckDB predicate) is not true;
    ``found`` says what is wrong with it and ``remedy`` what to do.
    """

    column: str
    holds: str
    found: str
    remedy: str


@dataclass(frozen=True)
class Reading:
    """How one layout of a bill becomes bill lines.

    Attributes:
        lines: each name of ``lines.LINE_NAMES`` that the layout has, as a DuckDB expression over
            the file's columns. ``line_file`` is added by the scan.
        total: how the second, independent reader learns what a line costs.
        service_text: a cheap expression in which the product's name appears; it is evaluated for
            every line of the bill, as are ``service_id``, ``billing_entity``, ``cost`` and
            ``usage_date`` of ``lines``.
        service_name: the name itself, as an expression over ``service_text``.
        sources: the columns a line amount or date is read from, for messages.
        label_text: a cheap expression in which the values of a line's labels appear.
        where: keeps the lines that belong to the snapshot.
        checks: what else must hold of a line that is kept whole.
        json_columns: of newline-delimited JSON, the columns read and their types, as DuckDB
            writes a struct.
    """

    lines: Mapping[str, str]
    total: CsvTotal | NdjsonTotal | ParquetTotal
    service_text: str
    label_text: str
    sources: Mapping[str, tuple[str, ...]]
    service_name: str = "service_text"
    where: str = "TRUE"
    checks: tuple[Check, ...] = ()
    json_columns: str = ""


class Layout(Protocol):
    """Turns the columns a file has into a ``Reading``.

    Raises:
        BillError: a column that the layout needs is not there.
    """

    def __call__(self, part: Part, columns: Mapping[str, str], file_format: FileFormat) -> Reading:
        """The reading of ``part``, whose columns have these DuckDB types."""
        ...


class AnyBill(Protocol):
    """What every bill has, wherever it is read: whose it is, which version, from where."""

    @property
    def cloud(self) -> Cloud:
        """Whose bill it is."""
        ...

    @property
    def scope(self) -> str:
        """The payer account, billing scope or billing account."""
        ...

    @property
    def period(self) -> date:
        """The first day of its month."""
        ...

    @property
    def version(self) -> str:
        """Another text when, and only when, the bill is another."""
        ...

    @property
    def exported_at(self) -> datetime | None:
        """When the cloud wrote it (UTC), where it says so."""
        ...

    @property
    def origin(self) -> str:
        """Where it is from, for a person."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """One version of one scope's bill for one billing period.

    ``version`` changes when, and only when, the bill did. ``exported_at`` is when the cloud
    wrote it (UTC), where it says so; ``expected_lines`` how many lines the cloud says it wrote.
    ``related`` are other scopes that its first line names: they hold this bill or a part of it.
    ``owner`` are the columns that name the scope, where it was not read from the bill: the first
    line of each part must say that it is this scope's.
    """

    cloud: Cloud
    scope: str
    period: date
    version: str
    origin: str
    file_format: FileFormat
    parts: tuple[Part, ...]
    layout: Layout
    exported_at: datetime | None = None
    expected_lines: int | None = None
    related: frozenset[str] = frozenset()
    owner: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.cloud} {self.scope} {self.period:%Y-%m}"


class Source(Protocol):
    """Finds what there is to load."""

    def snapshots(self, periods: Sequence[date]) -> Iterable[Snapshot]:
        """The newest snapshot of each scope and period; all periods when ``periods`` is empty."""
        ...
