"""What is deployed to a function: ``handlers/`` with exactly its runtime's packages, as one zip.

A bundle is named by its digest: over the sources, the lock, the rules in bundles.toml and this
code. It is built when no bundle of that digest is in the cache, else taken from there.

Google's layout is the one that Google documents for a build that asks no index for anything
(https://docs.cloud.google.com/functions/docs/writing/specifying-dependencies-python, "vendored
dependencies"): wheels in ``vendor/``, a ``requirements.txt`` that pins each by its hash, and
``BUILD_ENVIRONMENT`` given to the build. The buildpack then runs ``pip install --no-index
--find-links vendor`` and compiles what it installed to unchecked-hash .pyc
(https://github.com/GoogleCloudPlatform/buildpacks/blob/main/pkg/python/python.go), so that bundle
holds none and is the same with and without a Python 3.13 here. AWS and Azure run a zip as it is:
theirs has the packages unpacked, with .pyc where a Python 3.13 is at hand, which does not change
the digest, so an update from another machine replaces no function.
"""

import fnmatch
import hashlib
import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache as remember
from pathlib import Path

from infra.archives import Entry, zip_bytes
from infra.bytecode import find_python, with_bytecode
from infra.packages import Install, Trim, cached, distributions, install, wheel

ROOT = Path(__file__).resolve().parent.parent

VENDOR = "vendor"
KEPT = 3
"""Older bundles of a runtime that stay in the cache, 30 to 60 MB each."""

BUILD_ENVIRONMENT: Mapping[str, str] = {
    "GOOGLE_VENDOR_PIP_DEPENDENCIES": VENDOR,
    # The buildpack compiles the function's own sources by compileall and then sets all times
    # anew, which makes a .pyc by time stale at every cold start. With this name compileall goes
    # by the sources' hash: https://docs.python.org/3.13/library/compileall.html
    "SOURCE_DATE_EPOCH": "315532800",
}
"""For the build of Google's function (``build_config.environment_variables``)."""

ENTRY_POINT = "handle"
"""The function in main.py that Google's runtime calls."""


class Runtime(StrEnum):
    """Where a bundle runs."""

    GOOGLE = "google"
    AWS = "aws"
    AZURE = "azure"


class Layout(StrEnum):
    """How the packages lie in the bundle."""

    WHEELS = "wheels"
    UNPACKED = "unpacked"


class BundleError(Exception):
    """A bundle can't be built, or is larger than its runtime takes."""


@dataclass(frozen=True)
class Rules:
    """What bundles.toml says of one runtime; sizes in bytes."""

    lock: Path
    layout: Layout
    folder: str
    """Of the bundle, below which unpacked packages lie; empty for its root."""
    files: Mapping[str, str]
    zipped: int
    unpacked: int
    source: str
    leave_out: Sequence[str]
    trim: Trim


@dataclass(frozen=True)
class Planned:
    """A bundle that need not be built yet: where it will lie, and the digest that names it."""

    path: Path
    digest: str

    @property
    def object_name(self) -> str:
        """Its name in a bucket; another one means another content."""
        return self.path.name


@dataclass(frozen=True)
class Bundle(Planned):
    """A bundle on disk; ``unpacked`` and ``zipped`` in bytes, ``sha256`` of the zip itself."""

    sha256: str
    unpacked: int
    zipped: int


def default_cache() -> Path:
    """Where bundles are kept on this machine."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "ai-cost-monitoring" / "bundles"


def planned(runtime: Runtime, *, cache: Path | None = None, root: Path = ROOT) -> Planned:
    """The bundle as it would be built now: reads the sources, installs and builds nothing."""
    rules = _rules(runtime, root)
    digest = _digest(rules, root)
    return Planned((cache or default_cache()) / f"{runtime}-{digest}.zip", digest)


def build(
    runtime: Runtime,
    *,
    cache: Path | None = None,
    root: Path = ROOT,
    installer: Install = install,
) -> Bundle:
    """The bundle for ``runtime``, built now unless the cache has it.

    Raises:
        BundleError: it is larger than the runtime takes.
        PackagesError: its packages can't be installed.
    """
    plan = planned(runtime, cache=cache, root=root)
    folder, rules = plan.path.parent, _rules(runtime, root)
    python = find_python() if rules.layout is Layout.UNPACKED else None
    facts = plan.path.with_suffix(".json")
    known = _known(plan, facts, python)
    if known is not None:
        return known
    packages = cached(rules.lock, folder, installer)
    entries = [*_own_files(rules, root), *_package_files(rules, packages)]
    unpacked = sum(len(entry.content) for entry in entries if not entry.path.startswith(VENDOR))
    unpacked += _vendored(rules, packages)
    if python is not None:
        entries = with_bytecode(entries, python)
        unpacked = sum(len(entry.content) for entry in entries)
    content = zip_bytes(sorted(entries, key=lambda entry: entry.path))
    bundle = Bundle(
        plan.path, plan.digest, hashlib.sha256(content).hexdigest(), unpacked, len(content)
    )
    _refuse_too_large(runtime, rules, bundle)
    _write(plan.path, content)
    _prune(plan.path)
    _write(facts, json.dumps({**asdict(bundle), "path": "", "python": python is not None}).encode())
    return bundle


def _known(plan: Planned, facts: Path, python: Path | None) -> Bundle | None:
    """The bundle of this plan, when it is in the cache and has what can be had here."""
    if not plan.path.exists() or not facts.exists():
        return None
    said = json.loads(facts.read_bytes())
    if python is not None and not said["python"]:
        return None
    return Bundle(plan.path, plan.digest, said["sha256"], said["unpacked"], said["zipped"])


@remember
def _rules(runtime: Runtime, root: Path) -> Rules:
    said = tomllib.loads((root / "infra" / "bundles.toml").read_text(encoding="utf-8"))
    mine, packages = said[runtime], said["packages"]
    return Rules(
        lock=root / mine["lock"],
        layout=Layout(mine["layout"]),
        folder=mine.get("folder", ""),
        files=mine["files"],
        zipped=mine["zipped"],
        unpacked=mine["unpacked"],
        source=mine["source"],
        leave_out=said["sources"]["leave_out"],
        trim=Trim(
            packages["leave_out"], packages["services"]["folders"], packages["services"]["keep"]
        ),
    )


def _digest(rules: Rules, root: Path) -> str:
    """Over everything that decides what a bundle holds."""
    makers = ("bundles.toml", "bundles.py", "packages.py", "archives.py", "bytecode.py")
    inputs = [
        *_own_files(rules, root),
        Entry("lock", rules.lock.read_bytes()),
        *(Entry(name, (root / "infra" / name).read_bytes()) for name in makers),
    ]
    digest = hashlib.sha256()
    for entry in sorted(inputs, key=lambda entry: entry.path):
        digest.update(f"{entry.path}\0{len(entry.content)}\0".encode())
        digest.update(entry.content)
    return digest.hexdigest()[:16]


def _own_files(rules: Rules, root: Path) -> list[Entry]:
    """``handlers/`` without what a function never imports, and the files of the bundle's root."""
    paths = (
        path.relative_to(root).as_posix()
        for path in sorted((root / "handlers").rglob("*"))
        if path.is_file()
    )
    kept = [path for path in paths if not _matches(path, rules.leave_out)]
    return [
        *(Entry(path, (root / path).read_bytes()) for path in kept),
        *(Entry(name, (root / path).read_bytes()) for name, path in rules.files.items()),
    ]


def _package_files(rules: Rules, packages: Path) -> Iterable[Entry]:
    carried = distributions(packages, rules.trim)
    if rules.layout is Layout.UNPACKED:
        paths = sorted({path for package in carried for path in package.files})
        below = f"{rules.folder}/" if rules.folder else ""
        return [Entry(below + path, (packages / path).read_bytes()) for path in paths]
    wheels = [(package, *wheel(package)) for package in carried]
    requirements = "".join(
        f"{package.name}=={package.version} --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"
        for package, _, content in wheels
    )
    return [
        *(Entry(f"{VENDOR}/{name}", content) for _, name, content in wheels),
        Entry("requirements.txt", requirements.encode()),
    ]


def _vendored(rules: Rules, packages: Path) -> int:
    """Bytes that the wheels have once they are installed."""
    if rules.layout is Layout.UNPACKED:
        return 0
    carried = distributions(packages, rules.trim)
    return sum((packages / path).stat().st_size for one in carried for path in one.files)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _refuse_too_large(runtime: Runtime, rules: Rules, bundle: Bundle) -> None:
    for what, found, allowed in (
        ("zipped", bundle.zipped, rules.zipped),
        ("unpacked", bundle.unpacked, rules.unpacked),
    ):
        if found > allowed:
            raise BundleError(
                f"The {runtime} bundle has {found:,} bytes {what}: allowed are {allowed:,}"
                f" ({rules.source}). Leave out more in infra/bundles.toml, or a package in"
                " pyproject.toml."
            )


def _prune(newest: Path) -> None:
    """Remove old bundles of the same runtime: every change of a source makes another."""
    runtime = newest.name.partition("-")[0]
    others = [path for path in newest.parent.glob(f"{runtime}-*.zip") if path != newest]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Beside its place and then renamed: a build that was killed leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:
        made.write(content)
    Path(made.name).replace(path)
