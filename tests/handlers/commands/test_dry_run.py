"""docs/runbooks/dry-run.md: its commands are run as they stand there, but for the port."""

import csv
import os
import re
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.handlers.load.runs import query

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (\d)\. ", re.MULTILINE)
ENGINES = "6"
"""The section whose commands build what other tests run."""


def blocks(page: Path) -> dict[str, str]:
    """The commands of each section that has any, by its number."""
    _, *parts = SECTION.split(page.read_text("utf-8"))
    sections = zip(parts[::2], parts[1::2], strict=True)
    found = {number: "".join(BLOCK.findall(text)) for number, text in sections}
    return {number: text for number, text in found.items() if text}


def test_a_newcomer_can_paste_every_block_and_sees_what_the_page_says(
    root: Path, tmp_path: Path
) -> None:
    page = blocks(root / "docs" / "runbooks" / "dry-run.md")
    assert list(page) == ["1", "2", "3", "4", "6", "7"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    again = "python -m handlers collect --cloud aws $dry --now 2026-11-21T06:00:00\n"
    assert page["2"].endswith(again)
    script = "".join(
        f"echo '== {number}'\n{text}" + (f"echo '== again'\n{again}" if number == "2" else "")
        for number, text in page.items()
        if number not in (ENGINES, "7")
    )
    script = f"set -eo pipefail\ntrap 'kill %1' EXIT\n{script}".replace("5055", port)
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(root),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    parts = dict(part.split("\n", 1) for part in done.stdout.split("== ") if part)
    assert "uploaded" in parts["1"]
    assert parts["2"].count("loaded") >= 6
    assert "nothing changed" in parts["again"]
    assert "unexplained" in parts["4"]
    assert "choose" in parts["4"]
    warehouse = tmp_path / "build" / "dry" / "costs.duckdb"
    with (tmp_path / "build/dry/bills/truth/scopes.csv").open(newline="", encoding="utf-8") as file:
        stated = {
            (row["scope"], row["billing_period"]): Decimal(row["all_cost"])
            for row in csv.DictReader(file)
            if row["cloud"] == "AWS"
        }
    totals = query(
        warehouse,
        "SELECT scope, strftime(billing_period, '%Y-%m'), source_total FROM ledger"
        " WHERE status = 'loaded'",
    )
    loaded = {(scope, month): Decimal(total) for scope, month, total in totals}
    assert loaded.keys() == stated.keys()
    assert all(abs(loaded[key] - stated[key]) < Decimal("1e-8") for key in stated)
    assert page["7"] == "kill %1; rm -r build/dry\n"


def test_what_the_page_names_is_there(root: Path) -> None:
    page = blocks(root / "docs" / "runbooks" / "dry-run.md")[ENGINES]
    (named,) = re.findall(r"pytest -q (\S+)", page)
    assert list((root / Path(named).parent).glob(Path(named).name))
    assert "make engines" in page
