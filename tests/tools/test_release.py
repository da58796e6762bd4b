"""``make release``: what it refuses, and what it makes of a small repository."""

import hashlib
import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.bundles import Runtime
from tools.release import (
    NOTES,
    SEMANTIC,
    SUMS,
    Build,
    ReleaseRefused,
    faults,
    release,
    sources,
    version,
)

PROJECT = '[project]\nname = "x"\nversion = "1.4.0"\ndependencies = []\n[dependency-groups]\n'
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.4.0] - 2026-11-28\n\n- A page.\n\n## [1.3.0]\n"


def _none(root: Path) -> list[str]:
    del root
    return []


@dataclass(frozen=True)
class Zip:
    path: Path
    sha256: str


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which everything is as it should be; its locks are another test's."""
    monkeypatch.setattr("tools.release.disagreements", _none)
    folder = tmp_path / "small"
    (folder / "policy").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    (folder / "policy" / "PulumiPolicy.yaml").write_text("name: x\nversion: 1.4.0\n")
    (folder / ".gitignore").write_text("build/\n")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def made(folder: Path, content: str = "{runtime}") -> Build:
    """Builds a file that holds ``content``."""

    def build(runtime: Runtime, cache: Path | None) -> Zip:
        place = (cache or folder.parent) / f"{runtime}.zip"
        place.write_text(content.format(runtime=runtime, cache=cache))
        return Zip(place, hashlib.sha256(place.read_bytes()).hexdigest())

    return build


def test_a_release_has_bundles_sources_notes_and_checksums_that_hold(small: Path) -> None:
    folder = release(small, made(small))
    assert folder == small / "build" / "release" / "1.4.0"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(f"ai-cost-monitoring-1.4.0-{runtime}.zip" for runtime in ("google", "aws", "azure")),
        "ai-cost-monitoring-1.4.0.tar.gz",
        NOTES,
        SUMS,
    }
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == len(names) - 1
    assert (folder / NOTES).read_text() == "- A page.\n"


def test_the_sources_are_what_is_committed_and_the_same_bytes_each_time(small: Path) -> None:
    first = sources(small)
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    prefix = "ai-cost-monitoring-1.4.0"
    assert names == {
        f"{prefix}/{name}"
        for name in (".gitignore", "CHANGELOG.md", "policy/PulumiPolicy.yaml", "pyproject.toml")
    }
    assert sources(small) == first


def test_every_reason_against_a_release_is_told_at_once(small: Path) -> None:
    (small / "pyproject.toml").write_text(PROJECT.replace("1.4.0", "1.5"))
    with pytest.raises(ReleaseRefused) as refused:
        release(small, made(small))
    told = str(refused.value)
    assert "'1.5' is no semantic version" in told
    assert "no section '## [1.5] - YYYY-MM-DD'" in told
    assert "PulumiPolicy.yaml" in told
    assert "not committed, like pyproject.toml" in told
    assert not (small / "build").exists()


def test_a_section_without_a_day_or_a_word_is_no_section(small: Path) -> None:
    for section in ("## [1.4.0]\n\n- A page.\n", "## [1.4.0] - 2026-11-28\n\n## [1.3.0]\n- Old.\n"):
        (small / "CHANGELOG.md").write_text(section)
        assert any("no section" in fault for fault in faults(small))


def test_a_version_that_was_released_from_another_commit_is_refused(small: Path) -> None:
    git(small, "tag", "v1.4.0")
    assert list(faults(small)) == []
    (small / "more").write_text("")
    commit(small)
    assert [fault for fault in faults(small) if "v1.4.0 is on another commit" in fault]


def test_a_bundle_that_comes_out_otherwise_the_second_time_is_refused(small: Path) -> None:
    with pytest.raises(ReleaseRefused, match="Two builds of the google bundle differ"):
        release(small, made(small, "{cache}"))
    assert not (small / "build" / "release" / "1.4.0").exists()


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("0.1.0", True), ("1.4.0-rc.1", True), ("10.20.30", True), ("1.0.0-beta", True),
        ("1.4", False), ("v1.4.0", False), ("01.4.0", False), ("1.4.0.dev1", False),
        ("1.4.0-", False), ("1.4.0-rc.01", False),
    ],
)  # fmt: skip
def test_versions_are_semantic(text: str, right: bool) -> None:
    assert bool(SEMANTIC.fullmatch(text)) is right


def test_this_repository_has_one_version_everywhere(root: Path) -> None:
    assert SEMANTIC.fullmatch(version(root))
    pack = (root / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    assert f"\nversion: {version(root)}\n" in pack
