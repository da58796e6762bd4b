"""Writes into a site folder: new files, checked together with the rest, and the examples."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from handlers.errors import SiteError, UsageError
from handlers.site.folder import SITE_FILES, read_file, read_folder, write_folder
from handlers.site.problems import Problem
from handlers.site.site import site_from


def put_site(source: Path, folder: Path) -> tuple[str, ...]:
    """Copy the site files of ``source`` (a folder, or one file) over those of ``folder``.

    Files that ``source`` does not have stay. Returns the names of the files that changed. Raises
    SiteError, and changes nothing, when the site would then not be valid; UsageError when
    ``source`` has no site file.
    """
    problems: list[Problem] = []
    current = read_folder(folder, problems) if folder.exists() else {}
    new = read_folder(source, problems) if source.is_dir() else read_file(source, problems)
    site_from({**current, **new}, problems)
    if not new:
        raise UsageError(f"{source} has no site file. Allowed: {', '.join(SITE_FILES)}.")
    changed = {name: content for name, content in new.items() if current.get(name) != content}
    _write(folder, changed)
    return tuple(changed)


def write_examples(folder: Path) -> tuple[str, ...]:
    """Write a commented example of every site file, and return their names.

    They change nothing until a line is uncommented. Raises UsageError, and writes nothing, when
    one of them exists already.
    """
    existing = [name for name in SITE_FILES if (folder / name).exists()]
    if existing:
        raise UsageError(
            f"{folder} already has {', '.join(existing)}, which would be overwritten. Name another"
            " folder, or move these files away first."
        )
    examples = files("handlers.site").joinpath("examples")
    _write(folder, {name: examples.joinpath(name).read_bytes() for name in SITE_FILES})
    return SITE_FILES


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    try:
        write_folder(folder, contents)
    except OSError as error:
        raise SiteError(
            f"{folder}: the site's files can't be written ({error.strerror or error}). Check that"
            " it is a folder, its permissions and the free space, then try again."
        ) from error
