"""Microsoft's own parser of T-SQL, in a process of its own; installed once for each machine."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ENGINES = Path(__file__).resolve().parents[2] / "tools" / "engines"


def syntax_errors(statements: Sequence[str]) -> list[list[str]]:
    """What the parser says of each statement, nothing of a right one; ``?`` is what is bound.

    It knows the grammar of SQL Server 2019 and looks up no name.
    """
    built = subprocess.run(
        ["sh", str(ENGINES / "build.sh"), "scriptdom"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.skip(f"no ScriptDom: {built.stderr.strip()}")
    # A driver puts names in place of the question marks, too.
    given = json.dumps([each.replace("?", "@p") for each in statements])
    parser = [sys.executable, str(ENGINES / "scriptdom" / "parse.py"), built.stdout.strip()]
    answer = subprocess.run(parser, input=given, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)
