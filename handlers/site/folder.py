"""The site folder on disk: which files it may have, reading them safely, replacing them."""

import difflib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from handlers.record import Cloud
from handlers.site.attribution_file import ATTRIBUTION
from handlers.site.budgets import BUDGETS
from handlers.site.customers import CUSTOMERS
from handlers.site.events import EVENTS
from handlers.site.forgotten import FORGOTTEN
from handlers.site.invoices import INVOICES
from handlers.site.problems import Problem, shown
from handlers.site.rates import RATES
from handlers.site.shares import SHARES

SITE_VARIABLE = "ACM_SITE"

CATALOG_FILES: Mapping[str, Cloud] = {
    f"catalog/{cloud.value.lower()}.toml": cloud for cloud in Cloud
}

SITE_FILES = (
    ATTRIBUTION,
    *(layout.file for layout in (CUSTOMERS, BUDGETS, RATES, INVOICES, EVENTS)),
    SHARES,
    FORGOTTEN,
    *CATALOG_FILES,
)
"""Every file a site may have, as a path below its folder."""

_BYTES_LIMIT = {".csv": 32 * 2**20, ".toml": 2**20}


def default_site_folder() -> Path | None:
    """The folder named by the environment variable ACM_SITE, else ``site/`` if it exists.

    None when there is neither: the shipped defaults are in force.
    """
    named = os.environ.get(SITE_VARIABLE, "")
    if named:
        return Path(named)
    usual = Path("site")
    return usual if usual.is_dir() else None


def read_folder(folder: Path, problems: list[Problem]) -> dict[str, bytes]:
    """The content of each site file in ``folder`` by its name in ``SITE_FILES``.

    Files of other kinds (a README) are left alone; a CSV or TOML file of another name is a
    problem, because a misspelt name must not silently mean the default.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing there"
        remedy = "name an existing folder; 'python -m handlers site example DIR' writes one."
        problems.append(Problem(str(folder), found, "a folder with the site's files", remedy))
        return {}
    contents: dict[str, bytes] = {}
    for name in _names(folder, problems):
        content = _content(folder, name, problems)
        if content is not None:
            contents[name] = content
    return contents


def read_file(path: Path, problems: list[Problem]) -> dict[str, bytes]:
    """The content of one site file, by the name it has in a site folder."""
    name = next((each for each in SITE_FILES if Path(each).name == path.name), "")
    if not name:
        problems.append(_unknown(path.name))
        return {}
    content = _content(path.parent, path.name, problems)
    return {} if content is None else {name: content}


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Replace or add the files of ``contents`` below ``folder``.

    All are first written beside their place, then renamed one after the other: a reader never sees
    half a file, and a full disk changes nothing. Raises OSError.
    """
    with ExitStack() as leftovers:
        moves: list[tuple[Path, Path]] = []
        for name, content in contents.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            written = target.with_name(f".{target.name}.{os.getpid()}.new")
            leftovers.callback(written.unlink, missing_ok=True)
            with written.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            moves.append((written, target))
        for written, target in moves:
            written.replace(target)


def _names(folder: Path, problems: list[Problem]) -> Iterator[str]:
    for place, prefix in ((folder, ""), (folder / "catalog", "catalog/")):
        try:
            entries = sorted(entry.name for entry in os.scandir(place))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(_unreadable(prefix or str(folder), error))
            continue
        for entry in entries:
            name = prefix + entry
            if name in SITE_FILES:
                yield name
            elif Path(entry).suffix.lower() in _BYTES_LIMIT and not entry.startswith("."):
                problems.append(_unknown(name))


def _content(folder: Path, name: str, problems: list[Problem]) -> bytes | None:
    path = folder / name
    try:
        root = folder.resolve(strict=True)
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            remedy = "copy the file itself into the folder."
            found = f"a link to {shown(str(real))}, outside the folder"
            problems.append(Problem(name, found, "files inside the folder", remedy))
            return None
        status = real.stat()
        if not stat.S_ISREG(status.st_mode):
            remedy = "rename it or put the file in its place."
            problems.append(Problem(name, "a folder or device", "a regular file", remedy))
            return None
        limit = _BYTES_LIMIT[path.suffix]
        if status.st_size > limit:
            remedy = "check that it is the right file; leave out what is no longer needed."
            allowed = f"at most {limit:,} bytes"
            problems.append(Problem(name, f"{status.st_size:,} bytes", allowed, remedy))
            return None
        return real.read_bytes()
    except (OSError, RuntimeError) as error:
        problems.append(_unreadable(name, error))
        return None


def _unreadable(name: str, error: OSError | RuntimeError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    remedy = "check that it exists, is no link in a circle, and that you may read it."
    return Problem(name, f"a file that can't be read ({reason})", "a readable file", remedy)


def _unknown(name: str) -> Problem:
    close = difflib.get_close_matches(name.lower(), SITE_FILES, n=1)
    remedy = f"did you mean '{close[0]}'?" if close else "rename it or move it elsewhere."
    return Problem(shown(name), "a file the site does not know", ", ".join(SITE_FILES), remedy)
