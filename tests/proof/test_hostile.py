"""Hostile files are refused, or taken, in bounded time and memory; nothing is changed by halves."""

import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.handlers.sources.aws.bills import Export, csv_bytes, lines
from tests.proof.conftest import Tried

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

MOST_MEBIBYTES = 700
"""Of the process. A bill as the clouds write it takes less than half."""

CPU_SECONDS = 60
"""Of the process; a load of a small bill takes two."""

GOOD = csv_bytes(lines())
BLOCK = 1024 * 1024


def inflating(content: bytes, times: int) -> bytes:
    """Gzip of so many copies of ``content``, which is packed once: members follow one another."""
    return gzip.compress(content, mtime=0) * times


def inside_one_cell(times: int) -> bytes:
    """Gzip of a bill whose last cell is so many mebibytes long."""
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packed.compress(GOOD.rstrip() + b"x") + packed.flush()
    return start + inflating(b"x" * BLOCK, times)


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def part(content: bytes, name: str = "cur2-00001.csv.gz") -> Callable[[Export], None]:
    def write(export: Export) -> None:
        export.write(content, name)

    return write


def manifest(content: str | bytes) -> Callable[[Export], None]:
    def write(export: Export) -> None:
        export.write(GOOD)
        text = content if isinstance(content, bytes) else content.encode()
        export.manifest.write_bytes(text)

    return write


def link(export: Export) -> None:
    export.write(GOOD, "cur2-00001.csv")
    found = export.part("cur2-00001.csv")
    found.unlink()
    found.symlink_to("/etc/passwd")


def link_to_itself(export: Export) -> None:
    export.write(GOOD, "cur2-00001.csv")
    found = export.part("cur2-00001.csv")
    found.unlink()
    found.symlink_to(found)


HOSTILE: dict[str, Callable[[Export], None]] = {
    "two gibibytes of zeros in gzip": part(inflating(bytes(BLOCK), 2048)),
    "one cell of a gibibyte in gzip": part(inside_one_cell(1024)),
    "gzip in gzip": part(gzip.compress(inflating(GOOD, 1), mtime=0)),
    "a million columns": part(",".join(f"c{n}" for n in range(10**6)).encode() + b"\n1\n", "a.csv"),
    "two hundred thousand times one column": part(b"c," * 200_000 + b"\n1\n", "a.csv"),
    "a manifest of a hundred thousand levels": manifest(deep(100_000)),
    "a manifest of 17 MiB": manifest(b" " * 17 * BLOCK + b"{}"),
    "a manifest that names two hundred thousand parts": manifest(
        json.dumps({"dataFiles": [f"s3://b/cur2/data/x/{n}.csv" for n in range(200_000)]})
    ),
    "a manifest that names a path out of the folder": manifest(
        json.dumps({"dataFiles": ["s3://bills/cur2/data/../../../../etc/passwd"]})
    ),
    "a manifest of a number with a million digits": manifest('{"dataFiles": ' + "9" * 10**6 + "}"),
    "a link to a file of the machine": link,
    "a link to itself": link_to_itself,
    "tags of a hundred thousand levels": part(
        csv_bytes(lines({"resource_tags": deep(100_000)})), "a.csv"
    ),
}


TAKEN = {"tags of a hundred thousand levels"}
"""Valid JSON, however odd: its line is loaded as any other, in the same time."""


@pytest.fixture
def export(tmp_path: Path) -> Export:
    return Export(tmp_path / "bills")


@pytest.mark.parametrize("write", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file(
    write: Callable[[Export], None],
    export: Export,
    tmp_path: Path,
    tried: Tried,
    request: pytest.FixtureRequest,
) -> None:
    write(export)
    collect = [sys.executable, "-m", "handlers", "collect", "bills"]
    collect += ["--warehouse", "duckdb:w/costs.duckdb", "--now", "2026-11-21T06:00:00"]
    with (tmp_path / "said").open("w+", encoding="utf-8") as said:
        with subprocess.Popen(
            ["sh", "-c", f'ulimit -t {CPU_SECONDS}; exec "$@"', "sh", *collect],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)  # its own memory, not its siblings'
            process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        code, errors = process.returncode, said.read()
    name = request.node.callspec.id
    assert "Traceback" not in errors
    is_taken = name in TAKEN
    assert (code, errors.startswith("error: ")) == (int(not is_taken), not is_taken), errors[-2000:]
    assert usage.ru_maxrss / 1024 < MOST_MEBIBYTES
    assert bool(list((tmp_path / "w").rglob("*.parquet"))) is is_taken
    tried(f"{name}: {'taken' if is_taken else 'refused'}", 1)
