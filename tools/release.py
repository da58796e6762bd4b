"""Build a release: `make release`. The version stands in pyproject.toml and nowhere else by hand.

First everything that speaks against it, all at once; then, below build/release/VERSION, each
runtime's bundle (built twice, and the same both times), the sources as an archive, what the
changelog says of this version, and the checksums of all. Nothing is tagged and nothing is sent.
"""

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from infra.bundles import BundleError, Runtime, build
from infra.packages import PackagesError
from tools.lock_check import disagreements

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"
NOTES = "NOTES.md"

# https://semver.org/#is-there-a-suggested-regular-expression-regex-to-check-a-semver-string,
# without build metadata, which says nothing about precedence.
_NUMBER = r"(0|[1-9]\d*)"
SEMANTIC = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_NUMBER}(\.{_NUMBER})*|-[a-z]+(\.{_NUMBER})?)?"
)
_SECTION = re.compile(r"^## \[(?P<version>[^]]+)\](?: - (?P<day>\d{4}-\d{2}-\d{2}))?\s*$", re.M)


class ReleaseRefused(Exception):
    """This can't be released; has every reason."""


class Built(Protocol):
    """A bundle on disk."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def sha256(self) -> str:
        """Of the file."""
        ...


Build = Callable[[Runtime, Path | None], Built]
"""Builds a runtime's bundle into a cache, None being this machine's."""


def version(root: Path) -> str:
    """The version of the sources at ``root``."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def notes(root: Path) -> str:
    """What the changelog says of this version; empty where it says nothing."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = list(_SECTION.finditer(text))
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        if section["version"] == version(root) and section["day"]:
            return text[section.end() : following.start() if following else None].strip()
    return ""


def faults(root: Path) -> Iterator[str]:
    """Everything that speaks against releasing what is at ``root``."""
    name = version(root)
    if not SEMANTIC.fullmatch(name):
        yield f"pyproject.toml: '{name}' is no semantic version, like 1.4.0 or 1.4.0-rc.1."
    if not notes(root):
        yield (
            f"CHANGELOG.md: there is no section '## [{name}] - YYYY-MM-DD' that says anything."
            " Move what is under [Unreleased] there."
        )
    pack = (root / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    if f"\nversion: {name}\n" not in pack:
        yield f"policy/PulumiPolicy.yaml: its version is another one than {name}."
    changed = _git(root, "status", "--porcelain").splitlines()
    if changed:
        yield f"{len(changed)} files are not committed, like {changed[0][3:]}. Commit them first."
    tagged = _git(root, "tag", "--list", f"v{name}").strip()
    if tagged and _git(root, "rev-list", "-n", "1", tagged) != _git(root, "rev-parse", "HEAD"):
        yield f"The tag {tagged} is on another commit. Raise the version in pyproject.toml."
    yield from disagreements(root)


def release(root: Path, make: Build) -> Path:
    """Make the files of a release; the folder that they are in.

    Raises:
        ReleaseRefused: something speaks against it, or a bundle differs from one build to the next.
        BundleError, PackagesError: a bundle can't be built.
    """
    reasons = list(faults(root))
    if reasons:
        raise ReleaseRefused("\n".join(reasons))
    name = version(root)
    parent = root / "build" / "release"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as made:
        folder = Path(made) / name
        folder.mkdir()
        for runtime in Runtime:
            bundle = _twice(runtime, make)
            shutil.copyfile(bundle, folder / f"ai-cost-monitoring-{name}-{runtime}.zip")
        (folder / f"ai-cost-monitoring-{name}.tar.gz").write_bytes(sources(root))
        (folder / NOTES).write_text(notes(root) + "\n", encoding="utf-8")
        (folder / SUMS).write_text(_sums(folder), encoding="utf-8")
        place = parent / name
        shutil.rmtree(place, ignore_errors=True)
        folder.rename(place)
    return place


def sources(root: Path) -> bytes:
    """What is committed, as one archive: the same bytes for the same commit."""
    prefix = f"--prefix=ai-cost-monitoring-{version(root)}/"
    done = subprocess.run(
        ["git", "archive", "--format=tar", prefix, "HEAD"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    return gzip.compress(done.stdout, mtime=0)


def _twice(runtime: Runtime, make: Build) -> Path:
    """The bundle, after a second one from nothing came out the same."""
    first = make(runtime, None)
    with tempfile.TemporaryDirectory(prefix="bundle-") as elsewhere:
        second = make(runtime, Path(elsewhere))
        if first.sha256 != second.sha256:
            raise ReleaseRefused(
                f"Two builds of the {runtime} bundle differ: {first.sha256[:12]} and"
                f" {second.sha256[:12]}. A release has to be one that others can build, too."
            )
    return first.path


def _sums(folder: Path) -> str:
    """As `sha256sum --check` reads them."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    )


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def _build(runtime: Runtime, cache: Path | None) -> Built:
    return build(runtime, cache=cache)


def main() -> int:
    """Release this repository; 1 where something speaks against it."""
    try:
        folder = release(ROOT, _build)
    except (ReleaseRefused, BundleError, PackagesError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print((folder / SUMS).read_text(encoding="utf-8"), end="")
    print(f"{folder.relative_to(ROOT)}: now 'git tag v{version(ROOT)}', and attach these files.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
