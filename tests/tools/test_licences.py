"""Every locked package has a licence that somebody decided upon, and nothing is listed in vain."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tools import licences
from tools.licences import LICENCES, LicenceUnknown, Pinned, licence, locks, pinned, said

SHIPPED = ("aws", "azure", "google")


@pytest.fixture
def packages(root: Path) -> dict[str, list[Pinned]]:
    return {name: pinned(path) for name, path in locks(root).items()}


def test_every_locked_package_has_an_allowed_licence(packages: dict[str, list[Pinned]]) -> None:
    assert len(packages) == 6
    for lock, listed in packages.items():
        assert len(listed) > 5, lock
        for package in listed:
            assert licence(package, lock)


def test_nothing_that_is_deployed_is_copyleft_but_file_by_file(
    packages: dict[str, list[Pinned]],
) -> None:
    for lock in SHIPPED:
        for package in packages[lock]:
            assert "GPL" not in licence(package, lock), package


def test_every_exception_is_still_needed(packages: dict[str, list[Pinned]]) -> None:
    data: Mapping[str, Any] = tomllib.loads(LICENCES.read_text("utf-8"))
    names = {package.name for listed in packages.values() for package in listed}
    for entry in data["package"]:
        assert entry["name"] in names
        assert said(entry["name"]) == entry["says"]
    assert {entry["name"] for entry in data["absent"]} <= names
    words = {said(name) for name in names}
    assert set(data["allowed"]) <= words


def test_an_unknown_licence_and_the_wrong_place_of_a_known_one_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(LicenceUnknown, match="allowed in dev only"):
        licence(Pinned("psycopg", "3"), "aws")

    def proprietary(name: str) -> str:
        return f"Ask {name}"

    monkeypatch.setattr(licences, "said", proprietary)
    with pytest.raises(LicenceUnknown, match=r"says 'Ask new': decide .* tools/licences.toml"):
        licence(Pinned("new", "1"), "demo")
