"""Azure's clients against the fakes: tokens, and a patience that does not really wait."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
from azure.core.credentials import AccessToken

from handlers.scan.scan import scan
from handlers.scopes import AzureExport, AzureScope
from handlers.sources import Reading, Snapshot
from handlers.sources.azure.source import AzureSource, azure_source
from handlers.sources.azure.throttle import Patience
from tests.fakes.azure_blobs import FakeBlobs

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
CONTAINER = "exports"


@dataclass
class Credential:
    """Gives ``tokens`` one after the other, each for an hour; ``asked`` are the scopes."""

    tokens: Iterator[str]
    asked: list[str] = field(default_factory=list[str])

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        self.asked += scopes
        return AccessToken(next(self.tokens), int(datetime.now(UTC).timestamp()) + 3600)


def credential(*tokens: str) -> Credential:
    return Credential(iter(tokens))


@dataclass
class Waits:
    """A patience that only writes down; each wait uses up ``left`` seconds of the run."""

    left: float = 3600.0
    seconds: list[float] = field(default_factory=list[float])

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.left -= seconds

    @property
    def patience(self) -> Patience:
        return Patience(remaining=lambda: self.left, sleep=self.sleep, clock=lambda: NOW)


def scope_of(
    account_url: str,
    scope_id: str,
    export: AzureExport = AzureExport.ACTUAL,
    prefix: str = "",
) -> AzureScope:
    return AzureScope(
        id=scope_id, account_url=account_url, container=CONTAINER, prefix=prefix, export=export
    )


def source_of(blobs: FakeBlobs, *scopes: AzureScope, waits: Waits | None = None) -> AzureSource:
    """The scopes' exports in the fake, by a token that holds."""
    blobs.tokens.add("valid")
    tokens = credential("valid", "valid")
    return azure_source(scopes, tokens, (waits or Waits()).patience, blobs.opened)


def upload(folder: Path, put: Callable[[str, bytes], object]) -> None:
    """Put every file below ``folder`` by its path there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            put(path.relative_to(folder).as_posix(), path.read_bytes())


def every_line(_: Reading) -> str:
    return "TRUE"


def cost_of(snapshot: Snapshot) -> tuple[int, Decimal]:
    """How many lines a snapshot has and what they cost, as both readers say."""
    with duckdb.connect() as connection:
        scanned = scan(connection, snapshot, every_line)
    assert scanned.first == scanned.second
    return scanned.first.lines, scanned.first.cost


NOVEMBER = date(2026, 11, 1)
OCTOBER = date(2026, 10, 1)
