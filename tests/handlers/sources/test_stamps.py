"""A part that was rewritten is noticed under the same manifest, name, size and time."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from handlers.sources.stamps import Stamp, content_version, file_checksum, file_stamp

# Enough lines that what differs lies far from both edges of the file.
LINES = 40_000
MIDDLE = LINES // 2


def text(cost: int) -> bytes:
    costs = (cost if number == MIDDLE else number % 10 for number in range(LINES))
    return "".join(f"line {number},{cost}\n" for number, cost in enumerate(costs)).encode()


def plain(path: Path, cost: int) -> None:
    path.write_bytes(text(cost))


def stored_gzip(path: Path, cost: int) -> None:
    """Not compressed, so that the size stays; the content differs in the middle and its CRC-32."""
    path.write_bytes(gzip.compress(text(cost), compresslevel=0, mtime=0))


def parquet(path: Path, cost: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT hash(i)::VARCHAR AS id,"
            f" CASE i WHEN {MIDDLE} THEN {cost * 100} ELSE i % 10 END AS cost"
            f" FROM range({LINES}) AS r (i)) TO '{path}'"
            " (FORMAT parquet, COMPRESSION uncompressed)"
        )


@pytest.mark.parametrize("write", [plain, stored_gzip, parquet])
def test_a_part_that_was_rewritten_with_equal_size_has_another_checksum(
    write: Callable[[Path, int], None], tmp_path: Path
) -> None:
    first, second, again = (tmp_path / name for name in ("first", "second", "again"))
    for path, cost in ((first, 7), (second, 8), (again, 7)):
        write(path, cost)

    assert first.stat().st_size == second.stat().st_size > 3 * 64 * 1024
    assert file_checksum(first) != file_checksum(second)
    assert file_checksum(first) == file_checksum(again)


def test_a_checksum_does_not_depend_on_when_or_where_the_part_was_written(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        plain(tmp_path / place / "part.csv", 7)
    os.utime(tmp_path / "there" / "part.csv", (0, 0))

    assert file_stamp(tmp_path / "here" / "part.csv") == file_stamp(tmp_path / "there" / "part.csv")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\x1f\x8b", b"PAR1\xff\xff\xff\xffPAR1"])
def test_what_is_too_short_to_be_a_bill_has_a_checksum_too(content: bytes, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(content)

    assert file_stamp(part).size == len(content)
    assert file_checksum(part)


def test_a_version_goes_by_what_an_object_store_says_of_its_parts() -> None:
    def version(checksum: str, size: int = 9, manifest: bytes = b"{}") -> str:
        etag = Stamp("cur2-00001.csv.gz", size, checksum)
        return content_version(manifest, [Stamp("cur2-00000.csv.gz", 5, "etag-0"), etag])

    assert version("etag-1") == version("etag-1")
    assert len({version("etag-1"), version("etag-2"), version("etag-1", 8)}) == 3
    assert version("etag-1", manifest=b"[]") != version("etag-1")
