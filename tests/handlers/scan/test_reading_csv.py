"""The engine and the row reader see the same cells in a CSV file, and the same rows."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given

from handlers.errors import BillError, Place
from handlers.scan.feed import named_pipe
from handlers.scan.relations import csv_relation
from handlers.scan.text_files import READ_ERRORS, csv_rows, open_binary, read_header
from handlers.sources.parts import FilePart
from tests.handlers.scan.tables import CsvText, csv_texts


def engine_rows(path: Path) -> list[tuple[str | None, ...]]:
    with (
        open_binary(FilePart(path)) as stream,
        duckdb.connect(config={"threads": "1"}) as connection,
    ):
        header = read_header(stream, FilePart(path))
        with named_pipe(stream) as pipe:
            return connection.execute(f"FROM {csv_relation(pipe, header)}").fetchall()


@given(csv_texts(amounts=1))
def test_the_engine_reads_the_cells_the_file_was_written_from(table: CsvText) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv.gz"
        path.write_bytes(gzip.compress(table.content, mtime=0))
        rows = engine_rows(path)

    assert rows == [tuple(cell or None for cell in row) for row in table.rows]


@given(csv_texts(amounts=1))
def test_the_row_reader_reads_the_cells_the_file_was_written_from(table: CsvText) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv"
        path.write_bytes(table.content)
        rows = [cells for _, cells in csv_rows(FilePart(path))]

    assert rows == [dict(zip(table.names, row, strict=True)) for row in table.rows]


def test_a_row_is_counted_as_an_editor_counts_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text('a,b\n1,2\n"x\ny",3\n\n4,5\n', encoding="utf-8")

    assert [(row, cells["b"]) for row, cells in csv_rows(FilePart(path))] == [
        (2, "2"),
        (4, "3"),
        (6, "5"),
    ]


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        (b"", None, "The file is empty."),
        (b"\n1,2\n", None, "The file is empty."),
        ("a,b\n".encode("utf-16"), 1, "The file is not UTF-8 (UTF-16?)."),
        (b"\xff,b\n1,2\n", 1, "The header is not UTF-8."),
        (b"a,a\n1,2\n", 1, "The column stands there twice."),
        (b",".join(b"c%d" % n for n in range(200_000)), 1, "The header is longer than 1 MiB."),
        (gzip.compress(bytes(3_000_000), mtime=0), 1, "The header is longer than 1 MiB."),
        (b",".join(b"%d" % n for n in [*range(90_000), 1]), 1, "The column stands there twice."),
        (b"a,b\n1,2\n1\n", 3, "The row has 1 cells, the header 2."),
        (b"a,b\n1,2,3\n", 2, "The row has 3 cells, the header 2."),
        (b"a,b\n1,\xe9\n", 2, "The row is not UTF-8."),
        (b'a,b\n1,"2\n', 2, "The row is not CSV (unexpected end of data)."),
        (b"a,b\n1," + b"x" * 1_100_000 + b"\n", 2, "A cell is longer than 1 MiB."),
        (
            gzip.compress(b"a,b\n" + b"1,2\n" * 99, mtime=0)[:-9],
            None,
            "The file can't be read to its end",
        ),
    ],
)
def test_what_is_no_table_is_refused_where_it_stops_being_one(
    content: bytes, row: int | None, found: str, tmp_path: Path
) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(content)

    with pytest.raises(BillError) as refusal:
        list(csv_rows(FilePart(path)))

    assert refusal.value.found.startswith(found)
    assert refusal.value.place == Place(str(path), row, refusal.value.place.column)


def test_a_pipe_gives_what_the_stream_holds(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    path = tmp_path / "part"
    path.write_bytes(gzip.compress(content, mtime=0))

    with open_binary(FilePart(path)) as stream, named_pipe(stream) as pipe:
        received = pipe.read_bytes()

    assert received == content
    assert not pipe.exists()


def test_a_pipe_of_a_truncated_file_fails_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(gzip.compress(bytes(range(256)) * 20_000, mtime=0)[:-100])

    with (
        pytest.raises(READ_ERRORS),
        open_binary(FilePart(path)) as stream,
        named_pipe(stream) as pipe,
    ):
        pipe.read_bytes()


@pytest.mark.parametrize("read", [0, 1, 100_000])
def test_a_pipe_that_is_not_read_to_its_end_is_let_go(read: int, tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(b"x" * 5_000_000)

    with open_binary(FilePart(path)) as stream, named_pipe(stream) as pipe:
        if read:
            with pipe.open("rb") as end:
                assert len(end.read(read)) == read

    assert not pipe.exists()


def test_an_error_of_the_reader_is_not_hidden_by_that_of_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(gzip.compress(b"a" * 1000, mtime=0)[:-4])

    def read_and_fail() -> None:
        with open_binary(FilePart(path)) as stream, named_pipe(stream) as pipe:
            pipe.open("rb").close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_and_fail()
