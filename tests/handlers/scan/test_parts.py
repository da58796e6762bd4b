"""Parts that are read side by side, and which of their lines are kept whole."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.errors import BillError
from handlers.scan import csv_part, feed
from handlers.scan.scan import Scanned, scan
from handlers.scan.totals import CsvSum, Total
from handlers.sources import Reading
from handlers.sources.aws.discover import discover
from handlers.sources.parts import FilePart
from tests.handlers.sources.aws.bills import (
    LINE,
    OTHER,
    Cells,
    Export,
    csv_bytes,
    gzipped,
    lines,
    parquet_bytes,
)

COST = "line_item_unblended_cost"
CODE = "line_item_product_code"
LABELLED = {"resource_tags": '{"user_managed_by": "ours"}'}


def is_bedrock(reading: Reading) -> str:
    return (
        f"{reading.lines['service_id']} = 'AmazonBedrock'"
        f" OR contains({reading.service_text}, 'Bedrock Edition')"
    )


def is_ours(reading: Reading) -> str:
    return f"contains({reading.label_text}, 'ours')"


def read(folder: Path) -> tuple[Scanned, list[Decimal], list[tuple[str, int, Decimal]]]:
    """What was found, the cost of each line that was kept, and service, lines, cost of the rest."""
    (snapshot,) = discover(folder)
    with duckdb.connect() as connection:
        scanned = scan(connection, snapshot, is_bedrock, is_ours)
        kept = connection.execute("SELECT cost FROM bill_lines ORDER BY cost").fetchall()
        rest = connection.execute(
            "SELECT service, sum(line_count)::BIGINT, sum(cost) FROM left_out"
            " GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    return scanned, [Decimal(row[0]) for row in kept], rest


def written_csv(rows: Sequence[Cells], folder: Path) -> None:
    Export(folder / "bill").write(gzipped(csv_bytes(rows)), "a.csv.gz")


def written_parquet(rows: Sequence[Cells], folder: Path) -> None:
    Export(folder / "bill").write(parquet_bytes(rows, folder), "a.snappy.parquet")


Write = Callable[[Sequence[Cells], Path], None]
both_formats = pytest.mark.parametrize("write", [written_csv, written_parquet])


def test_every_part_is_read_whole_however_many_there_are(tmp_path: Path) -> None:
    contents = {
        f"{number}.csv.gz": gzipped(csv_bytes(lines({COST: str(number)}, OTHER | {COST: "0.5"})))
        for number in range(1, 8)
    }
    Export(tmp_path).write_parts(contents)

    scanned, kept, rest = read(tmp_path)

    assert scanned.first == scanned.second == Total(14, Decimal("31.5"))
    assert kept == [Decimal(number) for number in range(1, 8)]
    assert rest == [("Amazon Elastic Compute Cloud", 7, Decimal("3.5"))]


def test_of_two_faulty_parts_the_first_of_the_bill_is_named(tmp_path: Path) -> None:
    late = [*lines(*(OTHER for _ in range(3000))), LINE | {COST: "x"}]
    contents = {"1.csv": csv_bytes(late), "2.csv": csv_bytes(lines({COST: "y"}))}
    Export(tmp_path).write_parts(contents)

    with pytest.raises(BillError) as refusal:
        read(tmp_path)

    assert (Path(refusal.value.place.file).name, refusal.value.place.row) == ("1.csv", 3002)


def test_the_engine_is_left_as_it_was_after_a_refusal(tmp_path: Path) -> None:
    Export(tmp_path / "bad").write_parts({"1.csv": b"a\n", "2.csv": csv_bytes(lines({COST: "y"}))})
    Export(tmp_path / "faulty").write(csv_bytes(lines({COST: "y"})))
    Export(tmp_path / "good").write(csv_bytes(lines()))
    (faulty,), (good,) = discover(tmp_path / "faulty"), discover(tmp_path / "good")

    with duckdb.connect() as connection:
        with pytest.raises(BillError):
            scan(connection, faulty, is_bedrock)
        scanned = scan(connection, good, is_bedrock)
        databases = connection.execute("SELECT database_name FROM duckdb_databases()").fetchall()

    assert scanned.first == Total(1, Decimal("0.8"))
    assert sorted(databases) == [("memory",), ("system",), ("temp",)]


@both_formats
def test_a_service_is_told_by_its_id_and_its_name_together(write: Write, tmp_path: Path) -> None:
    edition = {"product": '{"product_name": "Claude (Amazon Bedrock Edition)"}'}
    rows = lines(
        OTHER | {COST: "1"},
        OTHER | edition | {COST: "2"},
        OTHER | {CODE: "AmazonBedrock", COST: "3"},
        OTHER | {CODE: "AmazonS3", COST: "4"},
        edition | {CODE: "3kd2fp8x", COST: "5"},
        {COST: "6"},
        OTHER | {CODE: "", COST: "7"},
        edition | {CODE: "", COST: "8"},
    )
    write(rows, tmp_path)

    scanned, kept, _ = read(tmp_path)

    assert kept == [Decimal(cost) for cost in (2, 3, 5, 6, 8)]
    assert scanned.first == scanned.second == Total(8, Decimal(36))


@pytest.mark.parametrize("learned", [0, 1, 2])
def test_a_service_that_the_start_of_a_part_does_not_have_is_judged_by_itself(
    learned: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_part, "_LEARNED_LINES", learned)
    same_name = {"product": LINE["product"], COST: "7"}
    written_csv(lines(OTHER, {COST: "1"}, OTHER | same_name, {COST: "2"}, OTHER), tmp_path)

    _, kept, rest = read(tmp_path)

    assert kept == [Decimal(1), Decimal(2)]
    assert sum(count for _, count, _ in rest) == 3


@both_formats
def test_a_line_with_our_label_is_kept_whatever_its_service(write: Write, tmp_path: Path) -> None:
    write(lines(OTHER, OTHER | LABELLED | {COST: "4"}, OTHER, {COST: "1"}), tmp_path)

    scanned, kept, rest = read(tmp_path)

    assert kept == [Decimal(1), Decimal(4)]
    assert rest == [("Amazon Elastic Compute Cloud", 2, Decimal(5))]
    assert scanned.first == scanned.second == Total(4, Decimal(10))


@both_formats
def test_a_bill_without_a_line_to_keep_is_added_up(write: Write, tmp_path: Path) -> None:
    write(lines(OTHER, OTHER), tmp_path)

    scanned, kept, _ = read(tmp_path)

    assert kept == []
    assert scanned.first == scanned.second == Total(2, Decimal(5))


def test_a_line_that_does_not_reach_the_engine_makes_the_totals_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_csv(lines({COST: "1"}, {COST: "2"}, {COST: "4"}), tmp_path)
    forward = feed._write  # pyright: ignore[reportPrivateUsage]

    def without_first_line(pipe: int, blocks: Sequence[bytes]) -> None:
        forward(pipe, [b"".join(blocks).partition(b"\n")[2]])

    monkeypatch.setattr(feed, "_write", without_first_line)

    scanned, _, _ = read(tmp_path)

    assert scanned.first == Total(2, Decimal(6))
    assert scanned.second == Total(3, Decimal(7))


def test_a_sum_of_a_file_that_was_not_seen_to_its_end_is_none(tmp_path: Path) -> None:
    adding = CsvSum(FilePart(tmp_path / "part.csv"), ["cost"], ["cost"])
    adding.watch(b"1\n2\n")

    with pytest.raises(BillError, match="can't be read to its end"):
        adding.total()

    adding.watch(b"")
    assert adding.total() == Total(2, Decimal(3))


def test_who_watches_a_pipe_is_shown_what_it_gives_and_its_end(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(bytes(range(256)) * 5000)
    shown: list[bytes] = []

    with path.open("rb") as stream, feed.named_pipe(stream, shown.append) as pipe:
        received = pipe.read_bytes()

    assert b"".join(shown) == received == path.read_bytes()
    assert shown[-1] == b""
