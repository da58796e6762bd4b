"""forgotten.toml: customers whose names are no longer to be known, and what stands for each.

A name is kept as SHA-256 of a salt and the name, so that a load still knows it when a bill brings
it, and nobody can read it here. What that does and does not protect from: docs/adr/0014.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.site.problems import Problem, shown
from handlers.site.toml_file import Table, read_toml

FORGOTTEN = "forgotten.toml"

PREFIX = "forgotten-"
"""What every tombstone begins with, so that whoever sees one knows what it is."""

_TOMBSTONE = re.compile(rf"{PREFIX}[0-9a-f]{{8}}", re.ASCII)
_SALT = re.compile(r"[0-9a-f]{32}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEYS = ("customer", "salt", "digests")


@dataclass(frozen=True)
class Tombstone:
    """``customer`` stands for every name whose digest with ``salt`` is one of ``digests``."""

    customer: str
    salt: str
    digests: tuple[str, ...]

    def stands_for(self, name: str) -> bool:
        """Whether it stands for ``name``, in whatever case."""
        return any(digest_of(self.salt, each) in self.digests for each in (name, name.lower()))

    def text(self) -> str:
        """The table of the file that says so."""
        digests = "".join(f'    "{digest}",\n' for digest in self.digests)
        return (
            f'\n[[tombstone]]\ncustomer = "{self.customer}"\nsalt = "{self.salt}"\n'
            f"digests = [\n{digests}]\n"
        )


def digest_of(salt: str, name: str) -> str:
    """What is kept of a name: SHA-256, in hex, of the salt's text and the name, in UTF-8."""
    return hashlib.sha256(f"{salt}{name}".encode()).hexdigest()


def tombstone_of(names: Iterable[str], salt: str, suffix: str) -> Tombstone:
    """A tombstone for all of ``names``; ``salt`` are 32 and ``suffix`` 8 hex digits, at random."""
    spelt = {each for name in names for each in (name, name.lower())}
    return Tombstone(
        f"{PREFIX}{suffix}", salt, tuple(sorted(digest_of(salt, each) for each in spelt))
    )


def parse_forgotten(content: bytes | None, problems: list[Problem]) -> tuple[Tombstone, ...]:
    """The tombstones of the file; what is wrong goes to ``problems``."""
    values = read_toml(FORGOTTEN, content, problems) if content is not None else None
    if values is None:
        return ()
    table = Table(FORGOTTEN, "", values, problems)
    table.refuse_unknown(("tombstone",))
    found: list[Tombstone] = []
    for entry in table.tables("tombstone"):
        entry.refuse_unknown(_KEYS)
        customer, salt = entry.text("customer") or "", entry.text("salt") or ""
        remedy = "restore the file from the version before: 'forget' writes it, nobody by hand."
        if not _TOMBSTONE.fullmatch(customer):
            entry.refuse("customer", shown(customer), f"{PREFIX} and 8 hex digits", remedy)
        if customer in (each.customer for each in found):
            entry.refuse("customer", f"{shown(customer)} again", "each once", remedy)
        if not _SALT.fullmatch(salt):
            entry.refuse("salt", "another text", "32 hex digits", remedy)
        digests = _digests(entry, remedy)
        if entry.valid:
            found.append(Tombstone(customer, salt, digests))
    return tuple(found)


def _digests(entry: Table, remedy: str) -> tuple[str, ...]:
    items: Sequence[object] = entry.items("digests")
    found = [each for each in items if isinstance(each, str) and _DIGEST.fullmatch(each)]
    if not items or len(found) < len(items):
        entry.refuse("digests", "none, or another text", "a list of 64 hex digits each", remedy)
    return tuple(found)
