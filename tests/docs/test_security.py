"""Every threat that the security model names has a control, and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`")


@pytest.fixture
def rows(root: Path) -> list[str]:
    text = (root / "docs" / "security.md").read_text("utf-8")
    table = text.partition("## Threats")[2].partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return lines[1:]


def test_every_threat_has_a_control_and_a_test_that_tries_it(rows: list[str]) -> None:
    assert len(rows) > 12
    for row in rows:
        threat, control, tried = row.strip("| ").split(" | ")
        assert threat, row
        assert control, row
        assert re.sub(NAMED, "", tried).strip(", ") == "", row
        assert NAMED.search(tried), row


def test_every_test_that_the_model_names_exists(rows: list[str], root: Path) -> None:
    for path, name in NAMED.findall("\n".join(rows)):
        tree = ast.parse((root / path).read_text("utf-8"))
        found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in found, f"{path} has no {name}"
