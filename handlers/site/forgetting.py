"""The site's files without a customer's name, and where it still stands in them."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from handlers.site.attribution_file import ATTRIBUTION
from handlers.site.csv_rows import read_rows
from handlers.site.customers import CUSTOMERS, Customer
from handlers.site.forgotten import FORGOTTEN, Tombstone
from handlers.site.removal import end_customer

_HEADER = (
    "# What stands for whom: written by 'python -m handlers forget'. Don't delete an entry:\n"
    "# the name would be back with the next load.\n"
)


@dataclass(frozen=True)
class Forgetting:
    """The files as they are to be, what was done, and the lines that still hold a name."""

    files: Mapping[str, bytes]
    said: tuple[str, ...]
    left: tuple[str, ...]


def names_of(customers: Sequence[Customer], customer: str) -> tuple[str, ...]:
    """The id and every alias and name that the site ever had of the customer."""
    rows = [each for each in customers if each.id == customer]
    said = (name for row in rows for name in (*row.aliases, row.name) if name)
    return tuple(dict.fromkeys((customer, *said)))


def forget_customer(
    contents: Mapping[str, bytes], customer: str, names: Sequence[str], tombstone: Tombstone
) -> Forgetting:
    """Take the customer out of the site, and write down what stands for its ``names``.

    Maps of attribution.toml that give the customer give the tombstone instead. A name in an
    expression, a comment or a rule of the catalog is left to a person: it is listed.
    """
    ended = end_customer(contents, customer)
    files = dict(ended.files)
    said = list(ended.said)
    if CUSTOMERS.file in contents:
        kept, count = _without_customer(contents[CUSTOMERS.file], customer)
        if count:
            files[CUSTOMERS.file] = kept
            said.append(f"{CUSTOMERS.file}: {count} rows")
    if ATTRIBUTION in contents:
        kept, count = _with_tombstone(contents[ATTRIBUTION], customer, tombstone)
        if count:
            files[ATTRIBUTION] = kept
            said.append(f"{ATTRIBUTION}: {count} maps now give {tombstone.customer}")
    before = contents.get(FORGOTTEN, _HEADER.encode())
    files[FORGOTTEN] = before + tombstone.text().encode()
    said.append(f"{FORGOTTEN}: {tombstone.customer} stands for {len(names)} names")
    return Forgetting(files, tuple(said), tuple(_still_in({**contents, **files}, names)))


def _without_customer(content: bytes, customer: str) -> tuple[bytes, int]:
    gone = {
        row.number for row in read_rows(CUSTOMERS, content, []) if row.cells.get("id") == customer
    }
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines, start=1) if number not in gone]
    return "".join(kept).encode(), len(gone)


def _with_tombstone(content: bytes, customer: str, tombstone: Tombstone) -> tuple[bytes, int]:
    """The maps' ``customer = "..."`` where they give exactly the customer."""
    quoted = (re.escape(f'"{customer}"'), re.escape(f"'{customer}'"))
    line = re.compile(rf"(?m)^(\s*customer\s*=\s*)(?:{'|'.join(quoted)})(?=\s*(?:#.*)?$)")
    text, count = line.subn(rf'\g<1>"{tombstone.customer}"', content.decode("utf-8-sig"))
    return text.encode(), count


def _still_in(contents: Mapping[str, bytes], names: Sequence[str]) -> Iterable[str]:
    """The lines of the files in which one of the names stands, in whatever case."""
    folded = [name.lower() for name in names]
    for file, content in sorted(contents.items()):
        for number, line in enumerate(io.StringIO(content.decode("utf-8-sig")), start=1):
            if any(name in line.lower() for name in folded):
                yield f"{file}, line {number}"
