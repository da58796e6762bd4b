"""The key ``shares_file``: which customers are granted access to rows of their own."""

from pathlib import Path

from handlers.site import Shares
from handlers.site.problems import Problem
from handlers.site.shares import parse_shares
from infra.reading import Allowed, Reader

_FILE = Allowed(r"[\w./ -]{1,300}", "a file below the program's folder", "site/shares.toml")


def read_shares(reader: Reader) -> Shares:
    """The site's shares.toml, whose readers this program grants access."""
    named = reader.optional("shares_file", _FILE)
    if not named or not _FILE.holds(named):
        return Shares()
    problems: list[Problem] = []
    try:
        shares = parse_shares(Path(named).read_bytes(), problems)
    except OSError as error:
        found = f"names {named}, which can't be read: {error.strerror}."
        reader.note("shares_file", found, "the shares.toml of the site data", _FILE.example)
        return Shares()
    for problem in problems:
        reader.note("shares_file", f"names {named}: {problem}", "a valid file", _FILE.example)
    if shares.to and not shares.to.startswith("gs://"):
        found = f"names {named}, which shares to the folder {shares.to}."
        reader.note("shares_file", found, "a file whose 'to' is a bucket, gs://...", _FILE.example)
        return Shares()
    return shares
