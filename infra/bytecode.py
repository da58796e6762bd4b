"""Python 3.13 on this machine, and the .pyc files it makes for a bundle."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from infra.archives import Entry

VERSION = (3, 13)


def find_python() -> Path | None:
    """An interpreter of the runtimes' version that really starts: this one, on PATH, or pyenv's."""
    if sys.version_info[:2] == VERSION:
        return Path(sys.executable)
    return next((path for path in _candidates() if _starts(path)), None)


def with_bytecode(entries: Sequence[Entry], python: Path) -> list[Entry]:
    """``entries`` with a .pyc for every module, by unchecked hash: nothing is read to trust it.

    https://peps.python.org/pep-0552/. One process compiles all in one order, with hashing fixed,
    and the paths inside are relative, so that the same sources give the same bytes.
    """
    with tempfile.TemporaryDirectory() as folder:
        for entry in entries:
            place = Path(folder, entry.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(entry.content)
        subprocess.run(  # noqa: S603 - the words are ours
            [
                *(str(python), "-s", "-P", "-m", "compileall", "-q", "-j", "1"),
                *("--invalidation-mode", "unchecked-hash", "-s", folder, folder),
            ],
            env={"PYTHONHASHSEED": "0"},  # and nothing that would put the files elsewhere
            check=False,  # a package may carry a file that is for another version
            capture_output=True,
        )
        return [*entries, *_compiled(Path(folder))]


def _compiled(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*.pyc")):
        yield Entry(path.relative_to(folder).as_posix(), path.read_bytes())


def _candidates() -> Iterable[Path]:
    name = f"python{VERSION[0]}.{VERSION[1]}"
    found = shutil.which(name)
    if found is not None:
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{VERSION[0]}.{VERSION[1]}*/bin/{name}"))


def _starts(path: Path) -> bool:
    """A shim may be there and fail."""
    check = f"import sys; sys.exit(sys.version_info[:2] != {VERSION})"
    done = subprocess.run(  # noqa: S603 - the words are ours
        [str(path), "-I", "-c", check], capture_output=True, check=False
    )
    return done.returncode == 0
