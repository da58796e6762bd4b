"""A runtime's packages: installed from its lock for its platform, and made smaller.

Every file is checked against the hashes in the lock when it is installed; nothing is built from
source and nothing is resolved, whatever machine this runs on.
"""

import base64
import fnmatch
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.archives import Entry, zip_bytes

PLATFORM = "x86_64-manylinux_2_28"
PYTHON = "3.13"
NOT_CARRIED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
"""Of a dist-info folder: what an installer writes, so what differs from one to the other."""

Install = Callable[[Path, Path], None]
"""Installs the lock at the first path into the folder at the second."""


class PackagesError(Exception):
    """The packages of a lock can't be installed."""


@dataclass(frozen=True)
class Trim:
    """What is left out of packages: patterns, and all but some of the services' folders."""

    leave_out: Sequence[str]
    service_folders: Sequence[str]
    services: Sequence[str]

    def keeps(self, path: str) -> bool:
        """Whether the file at ``path``, relative to the packages' folder, is carried."""
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in self.leave_out):
            return False
        for folder in self.service_folders:
            service, deeper, _ = path.removeprefix(f"{folder}/").partition("/")
            if path.startswith(f"{folder}/") and deeper:
                return service in self.services
        return True


@dataclass(frozen=True)
class Distribution:
    """An installed package: ``info`` is its dist-info folder, ``files`` what it has, sorted."""

    folder: Path
    info: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """As a requirement has it, like ``functions-framework``."""
        return self.info.partition("-")[0].replace("_", "-").lower()

    @property
    def version(self) -> str:
        """As in the folder's name."""
        return self.info.removesuffix(".dist-info").partition("-")[2]


def install(lock: Path, target: Path) -> None:
    """Install what ``lock`` says into ``target``, by uv where there is one, else by pip.

    Raises:
        PackagesError: there is neither, or it failed; has the tool's own words.
    """
    command = _uv(lock, target) or _pip(lock, target)
    if command is None:
        raise PackagesError(
            "Neither uv nor pip is installed here: install one, for example by"
            f" '{sys.executable} -m ensurepip'."
        )
    done = subprocess.run(  # noqa: S603 - the words are ours
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise PackagesError(
            f"The packages of {lock.name} can't be installed:\n{done.stderr.strip()}\n"
            "The package index must be reachable, once for each version of the lock."
        )


def cached(lock: Path, cache: Path, installer: Install = install) -> Path:
    """The folder with the packages of ``lock``, installed now unless it is in ``cache``."""
    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    folder = cache / "packages" / f"{lock.stem}-{key}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            installer(lock, Path(made) / "packages")
            move_into_place(Path(made) / "packages", folder)
    return folder


def move_into_place(made: Path, place: Path) -> None:
    """Rename ``made`` to ``place``, so that nobody ever sees half of it."""
    try:
        os.replace(made, place)  # noqa: PTH105 - a folder that is there is refused, as wanted
    except OSError:
        if not place.exists():  # else somebody else was quicker, with the same
            raise


def distributions(folder: Path, trim: Trim) -> tuple[Distribution, ...]:
    """The packages in ``folder``, by name, each with the files that are carried."""
    found: list[Distribution] = []
    for info in sorted(path.name for path in folder.glob("*.dist-info")):
        record = (folder / info / "RECORD").read_text(encoding="utf-8").splitlines()
        paths = (line.rsplit(",", 2)[0].strip('"') for line in record)
        files = (path for path in paths if _carried(path) and trim.keeps(path))
        found.append(Distribution(folder, info, tuple(sorted(set(files)))))
    return tuple(found)


def wheel(package: Distribution) -> tuple[str, bytes]:
    """``package`` as a wheel again: its file name, and the same bytes for the same files.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    contents = [(path, (package.folder / path).read_bytes()) for path in package.files]
    record = f"{package.info}/RECORD"
    rows = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in contents]
    text = "\n".join([*rows, f"{record},,"]) + "\n"
    entries = [Entry(path, content) for path, content in contents]
    stem = package.info.removesuffix(".dist-info")
    data = zip_bytes([*entries, Entry(record, text.encode())])
    return f"{stem}-{_tag(package)}.whl", data


def _carried(path: str) -> bool:
    parts = PurePosixPath(path).parts
    in_info = len(parts) == 2 and parts[0].endswith(".dist-info")
    return ".." not in parts and not (in_info and parts[1] in NOT_CARRIED)


def _tag(package: Distribution) -> str:
    """The compressed tag: each of the three parts with all that the package's tags have for it."""
    text = (package.folder / package.info / "WHEEL").read_text(encoding="utf-8")
    tags = [line.split()[1].split("-") for line in text.splitlines() if line.startswith("Tag:")]
    return "-".join(".".join(sorted({tag[part] for tag in tags})) for part in range(3))


def _digest(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _uv(lock: Path, target: Path) -> list[str] | None:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        return None
    return [
        *(uv, "pip", "install", "--quiet", "--no-config", "--no-python-downloads"),
        *("--python", sys.executable, "--python-version", PYTHON, "--python-platform", PLATFORM),
        *("--link-mode", "copy", "--require-hashes", "--only-binary", ":all:", "--no-deps"),
        *("--target", str(target), "-r", str(lock)),
    ]


def _pip(lock: Path, target: Path) -> list[str] | None:
    if importlib.util.find_spec("pip") is None:
        return None
    platforms = (f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17, 12, 5))
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-compile", "--python-version", PYTHON, "--implementation", "cp"),
        *("--abi", "cp313", "--abi", "abi3", "--abi", "none"),
        *(word for name in (*platforms, "manylinux2014_x86_64") for word in ("--platform", name)),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps"),
        *("--target", str(target), "-r", str(lock)),
    ]
