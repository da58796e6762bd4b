"""Takes a customer out of the site's files, line by line: all else stays as it is."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handlers.site.budgets import BUDGETS, BudgetScope
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.events import EVENTS
from handlers.site.shares import SHARES

_ENTRY = "[[share]]"


@dataclass(frozen=True)
class Removed:
    """The files as they are to be, of those that change, and what was taken out, in words."""

    files: Mapping[str, bytes]
    said: tuple[str, ...]


def end_customer(contents: Mapping[str, bytes], customer: str) -> Removed:
    """Take the customer out of what is told, watched and granted.

    Out of shares.toml, budgets.csv and events.csv; not out of customers.csv, whose names say whose
    the customer's last and late lines are. ``contents`` is a site that is valid.
    """
    files: dict[str, bytes] = {}
    said: list[str] = []
    if SHARES in contents:
        kept, count = _without_share(contents[SHARES], customer)
        if count:
            files[SHARES] = kept
            said.append(f"{SHARES}: the share, and with it who may read it")
    for layout, is_theirs, what in _ROWS:
        if layout.file in contents:
            kept, count = _without_rows(layout, contents[layout.file], is_theirs, customer)
            if count:
                files[layout.file] = kept
                said.append(f"{layout.file}: {count} {what}")
    return Removed(files, tuple(said))


def _without_share(content: bytes, customer: str) -> tuple[bytes, int]:
    """The file without the tables ``[[share]]`` of that customer."""
    blocks: list[list[str]] = [[]]
    for line in content.decode("utf-8-sig").splitlines(keepends=True):
        if line.strip().startswith("["):
            blocks += [_ending(blocks[-1]), []]
        blocks[-1].append(line)
    kept = [block for block in blocks if not _is_share_of(block, customer)]
    return "".join(line for block in kept for line in block).encode(), len(blocks) - len(kept)


def _ending(block: list[str]) -> list[str]:
    """Take the last comments and blank lines off the block: they are about what follows."""
    end = len(block)
    while end and (not block[end - 1].strip() or block[end - 1].strip().startswith("#")):
        end -= 1
    ending, block[end:] = block[end:], []
    return ending


def _is_share_of(block: Sequence[str], customer: str) -> bool:
    if not block or not block[0].strip().startswith(_ENTRY):
        return False
    try:
        (entry,) = tomllib.loads("".join(block))["share"]
    except tomllib.TOMLDecodeError:  # a list over several lines, one of which begins with [
        return False
    return str(entry.get("customer", "")).strip() == customer


def _without_rows(
    layout: Layout,
    content: bytes,
    is_theirs: Callable[[Mapping[str, str], str], bool],
    customer: str,
) -> tuple[bytes, int]:
    """The file without the rows that are the customer's: a row is a line."""
    gone = {row.number for row in read_rows(layout, content, []) if is_theirs(row.cells, customer)}
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines, start=1) if number not in gone]
    return "".join(kept).encode(), len(gone)


def _is_budget_of(cells: Mapping[str, str], customer: str) -> bool:
    return cells.get("scope") == BudgetScope.CUSTOMER and cells.get("id") == customer


def _is_event_of(cells: Mapping[str, str], customer: str) -> bool:
    return cells.get("customer") == customer


_ROWS = (
    (BUDGETS, _is_budget_of, "budgets, and with them their alerts"),
    (EVENTS, _is_event_of, "expected events"),
)
