"""What every CSV file of the site has in common, shown on rates.csv and customers.csv."""

import pytest

from handlers.errors import SiteError
from handlers.site import Site, site_from


def site(content: bytes | str, file: str = "customers.csv") -> Site:
    return site_from({file: content.encode() if isinstance(content, str) else content})


def problems(content: bytes | str, file: str = "customers.csv") -> list[str]:
    with pytest.raises(SiteError) as error:
        site(content, file)
    return str(error.value).split("\n")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"# only a comment",
        b"id,name,aliases,from,to\n",
        b"id,name,aliases,from,to\n,,,,\n",
        b"\xef\xbb\xbf",
    ],
)
def test_a_file_without_rows_is_empty(content: bytes) -> None:
    assert site(content).customers == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_a_byte_order_mark_comments_and_blank_lines_are_read(line_end: str) -> None:
    lines = ["\ufeff# mine", "", "id,name", "#no,no", "acme,Acme", " \u3000", "#", "globex,G", ""]
    assert [each.id for each in site(line_end.join(lines)).customers] == ["acme", "globex"]


def test_a_hash_inside_a_line_is_no_comment() -> None:
    assert site("id,name\nacme,#1 customer\n #x,y").customers[1].id == "#x"


def test_a_row_is_numbered_as_a_text_editor_does() -> None:
    (problem,) = problems("# one\r\n\r\nid,from\r\n# four\r\nacme,soon\r\n")
    assert problem.startswith("customers.csv, row 5, column 'from': found 'soon'")


@pytest.mark.parametrize(
    ("header", "found", "remedy"),
    [
        ("id,Alias", "the unknown column 'Alias'", "did you mean 'aliases'?"),
        ("ID,name", "the unknown column 'ID'", "did you mean 'id'?"),
        ("id,colour", "the unknown column 'colour'", "delete or rename the column"),
        ("id,", "the unknown column ''", "delete or rename the column"),
        ("id,name,id", "the column twice", "keep one of the two columns"),
        ("name,aliases", "no column 'id'", "add the column to the header"),
        ("id;name;aliases", "'id;name;aliases'", "not semicolons or tabs"),
        ("id\tname", "'id\\tname'", "not semicolons or tabs"),
        ('"id,name', "not readable as CSV", "close every quote on its own line"),
    ],
)
def test_a_wrong_header_is_refused_before_any_row_is_read(
    header: str, found: str, remedy: str
) -> None:
    lines = problems(f"{header}\nacme,1,2,3,4,5\n")
    assert any(found in line and remedy in line for line in lines)
    assert all(line.startswith("customers.csv, row 1") for line in lines)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("acme", "1 cells; allowed: 2 cells"),
        ("acme,a,b", "3 cells; allowed: 2 cells"),
        ('acme,"never closed', "not readable as CSV (unexpected end of data)"),
        ('acme,"a"b', "not readable as CSV"),
        ("acme,a\x07b", "'a\\x07b', which has a control character"),
        ("acme,a\x00b", "a NUL character"),
    ],
)
def test_a_line_that_is_not_a_row_is_refused(line: str, found: str) -> None:
    (problem,) = problems(f"id,name\n{line}\n")
    assert problem.startswith("customers.csv, row 2")
    assert found in problem


def test_the_rows_after_a_broken_one_are_still_checked() -> None:
    found = problems('id,from\nacme\n"x,\nglobex,soon\n')
    assert [line.split(":")[0] for line in found] == [
        "customers.csv, row 2",
        "customers.csv, row 3",
        "customers.csv, row 4, column 'from'",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_wide_encoding_is_told_apart_from_text(encoding: str) -> None:
    found = problems("id,name\nacme,Acmé\n".encode(encoding))
    assert found
    assert all(len(line) < 400 and "customers.csv" in line for line in found)
    assert any("UTF-16" in line or "NUL" in line or "not UTF-8" in line for line in found)


def test_latin_1_text_is_refused_with_its_row() -> None:
    (problem,) = problems("id,name\r\nacme,ok\r\nglobex,Café\r\n".encode("latin-1"))
    assert problem.startswith("customers.csv, row 3: found the byte 0xE9, which is not UTF-8")
    assert "save it as 'UTF-8'" in problem


def test_a_huge_cell_is_refused_without_being_shown() -> None:
    (problem,) = problems(f"id,name\nacme,{'x' * 200_000}\n")
    assert "row 2: found a line of 200005 characters; allowed: at most 65536" in problem
    assert len(problem) < 400


def test_no_message_breaks_its_line_or_shows_hidden_characters() -> None:
    found = problems("id,name,aliases,from,to\nacme,,a\x1b[31m|b\u202ec\x85d,\u2029x,\r")
    assert all(line.isprintable() for line in found)
