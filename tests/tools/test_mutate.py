"""The mutator changes one thing at a time, and tells what tests notice from what they don't."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from tools import mutate
from tools.mutants import mutants

SOURCE = '''
"""A limit."""

def above(amount: int, limit: int | None = None) -> bool:
    """Is it above?"""
    if limit is None:
        return False
    return amount > limit and amount != 0
'''


def test_each_mutant_differs_in_one_place() -> None:
    made = list(mutants(SOURCE))
    original = ast.unparse(ast.parse(SOURCE)).splitlines()
    assert {(one.before, one.after) for one in made} == {
        ("limit is None", "limit is not None"),
        ("limit is None", "not limit is None"),
        ("return False", "return None"),
        ("False", "True"),
        ("amount > limit", "amount >= limit"),
        ("amount != 0", "amount == 0"),
        ("amount > limit and amount != 0", "amount > limit or amount != 0"),
        ("return amount > limit and amount != 0", "return None"),
        ("0", "1"),
    }
    for one in made:
        changed = one.source.splitlines()
        assert sum(a != b for a, b in zip(original, changed, strict=True)) == 1, one


def test_every_module_and_test_that_it_lists_is_there(root: Path) -> None:
    data = tomllib.loads(mutate.DATA.read_text("utf-8"))
    for module in data["module"]:
        assert (root / module["file"]).is_file()
        assert all((root / test).is_file() for test in module["tests"])


@pytest.mark.slow
def test_survivors_are_told_and_explained_ones_count_as_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limits.py").write_text("def above(amount):\n    return amount > 3\n", "utf-8")
    (tmp_path / "test_limits.py").write_text(
        "from limits import above\n\n\ndef test_above():\n    assert above(9) is True\n", "utf-8"
    )
    (tmp_path / "mutate.toml").write_text(
        'share = 90\n[[module]]\nfile = "limits.py"\ntests = ["test_limits.py"]\n', "utf-8"
    )
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    monkeypatch.setattr(mutate, "DATA", tmp_path / "mutate.toml")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)
    assert mutate.main(["--all"]) == 1
    told = capfd.readouterr().out
    assert "limits.py:2: amount > 3  ->  amount >= 3" in told
    assert "limits.py:2: 3  ->  4" in told
    assert "1 of 3 mutants killed, 0 survivors explained, 2 not: 33.3 %" in told
