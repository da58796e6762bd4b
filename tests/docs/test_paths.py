"""Paths that a page names are there."""

import re
from pathlib import Path

from tests.docs.test_commands import pages

NAMED = re.compile(r"`((?:handlers|dashboards|infra|tests|tools|docs|policy)/[a-z0-9_./-]+)`")


def test_every_path_that_a_page_names_is_there(root: Path) -> None:
    named = {(page, path) for page, text in pages(root) for path in NAMED.findall(text)}
    assert len(named) > 40
    assert (
        sorted(
            f"{page}: {path}"
            for page, path in named
            if not (root / path).exists() and not (root / f"{path}.py").exists()
        )
        == []
    )
