from datetime import date

import pytest

from handlers.errors import SiteError
from handlers.site import Customer, Validity, site_from


def customers(*lines: str, header: str = "id,name,aliases,from,to") -> tuple[Customer, ...]:
    return site_from({"customers.csv": "\n".join([header, *lines]).encode()}).customers


def problems(*lines: str, header: str = "id,name,aliases,from,to") -> list[str]:
    with pytest.raises(SiteError) as error:
        customers(*lines, header=header)
    return str(error.value).split("\n")


def test_a_row_gives_id_name_aliases_and_days() -> None:
    assert customers(" acme , Acme Corp,ACME Corp|\u3000acme-prod ,2026-09-01,") == (
        Customer("acme", "Acme Corp", ("ACME Corp", "acme-prod"), Validity(date(2026, 9, 1), None)),
    )


def test_only_the_id_column_is_needed_and_columns_may_come_in_any_order() -> None:
    assert customers("acme", header="id") == (Customer("acme", "", (), Validity()),)
    swapped = customers("a|b,acme", header="aliases,id")
    assert swapped == (Customer("acme", "", ("a", "b"), Validity()),)


def test_ids_and_aliases_may_hold_emoji_spaces_and_quotes() -> None:
    (customer,) = customers('"🦙 ""Llama"", Inc","x, y",l🦙,,')
    assert (customer.id, customer.name, customer.aliases) == ('🦙 "Llama", Inc', "x, y", ("l🦙",))


def test_an_id_has_up_to_256_characters() -> None:
    longest = "é" * 256
    assert customers(f"{longest},,,,")[0].id == longest
    (problem,) = problems(f"{longest}x,,,,")
    assert problem.startswith("customers.csv, row 2, column 'id': found 'é")
    assert "(257 characters); allowed: at most 256 characters; shorten it." in problem


@pytest.mark.parametrize(
    ("line", "place", "found", "remedy"),
    [
        (",Acme,,,", "row 2, column 'id'", "found nothing", "fill the cell"),
        ("untagged,,,,", "row 2, column 'id'", "found 'untagged'", "choose another name"),
        ("acme,,untagged,,", "row 2, column 'aliases'", "'untagged'", "choose another name"),
        ("acme,,a||b,,", "row 2, column 'aliases'", "nothing between two '|'", "extra mark"),
        ("acme,,a|b|a,,", "row 2, column 'aliases'", "'a' twice", "delete one"),
        (f"acme,,{'x' * 257},,", "row 2, column 'aliases'", "257 characters", "shorten"),
        (f"acme,{'x' * 257},,,", "row 2, column 'name'", "257 characters", "shorten"),
        ("ac\tme,,,,", "row 2, column 'id'", "'ac\\tme'", "delete the tab"),
        ("ac\u2028me,,,,", "row 2, column 'id'", "'ac\\u2028me'", "delete the tab"),
        ("acme,,,2026-13-01,", "row 2, column 'from'", "'2026-13-01'", "like 2026-09-01"),
        ("acme,,,2026-02-29,", "row 2, column 'from'", "'2026-02-29'", "like 2026-09-01"),
        ("acme,,,20260901,", "row 2, column 'from'", "'20260901'", "like 2026-09-01"),
        ("acme,,,01.09.2026,", "row 2, column 'from'", "'01.09.2026'", "like 2026-09-01"),
        ("acme,,,,9999-12-31", "row 2, column 'to'", "'9999-12-31'", "blank when it is open"),
        ("acme,,,\uff12026-09-01,", "row 2, column 'from'", "026-09-01'", "like 2026-09-01"),
        (
            "acme,,,2026-09-02,2026-09-01",
            "row 2, column 'to'",
            "2026-09-02 to 2026-09-01, which end before they begin",
            "swap the two days",
        ),
    ],
)
def test_a_wrong_cell_is_named_with_its_remedy(
    line: str, place: str, found: str, remedy: str
) -> None:
    (problem,) = problems(line)
    assert problem.startswith(f"customers.csv, {place}: found ")
    assert found in problem
    assert "; allowed: " in problem
    assert remedy in problem


def test_every_problem_of_every_row_is_listed() -> None:
    found = problems("untagged,,a||b,x,y", "fine,,,,", ",,,,z")
    assert [line.split(": found")[0] for line in found] == [
        "customers.csv, row 2, column 'id'",
        "customers.csv, row 2, column 'aliases'",
        "customers.csv, row 2, column 'from'",
        "customers.csv, row 2, column 'to'",
        "customers.csv, row 4, column 'id'",
        "customers.csv, row 4, column 'to'",
    ]


def test_one_alias_of_two_customers_on_the_same_day_is_refused() -> None:
    (problem,) = problems("acme,,shared,,2026-09-30", "globex,,shared,2026-09-30,")
    assert problem == (
        "customers.csv, row 3, column 'aliases': found alias 'shared' of 'globex' (2026-09-30 to"
        " open end), which is an alias of 'acme' in row 2 (the beginning to 2026-09-30); allowed: a"
        " name that means one customer on any day; delete the alias from one of the rows, or set"
        " 'from' and 'to' so that their days do not overlap."
    )


def test_an_alias_may_move_to_another_customer_on_the_next_day() -> None:
    assert len(customers("acme,,shared,,2026-09-30", "globex,,shared,2026-10-01,")) == 2


@pytest.mark.parametrize(
    "lines", [("acme,,globex,,", "globex,,,,"), ("globex,,,,", "acme,,globex,,")]
)
def test_an_alias_that_is_another_customers_id_is_refused(lines: tuple[str, str]) -> None:
    (problem,) = problems(*lines)
    row = 2 if lines[0].startswith("acme") else 3
    assert problem.startswith(
        f"customers.csv, row {row}, column 'aliases': found alias 'globex' of 'acme' (every day),"
        f" which is the id of 'globex' in row {5 - row}"
    )


def test_an_id_may_become_an_alias_when_its_customer_has_ended() -> None:
    assert len(customers("initech,,,,2026-06-30", "globex,,initech,2026-07-01,")) == 2


def test_rows_of_one_customer_may_not_overlap() -> None:
    (problem,) = problems("acme,,a,,2026-09-30", "other,,,,", "acme,,b,2026-09-30,")
    assert problem.startswith(
        "customers.csv, row 4, column 'id': found customer 'acme' (2026-09-30 to open end), which"
        " row 2 also has (the beginning to 2026-09-30)"
    )
    assert "set 'from' and 'to' so that one ends before the other begins" in problem


def test_a_customer_may_have_one_row_for_each_time() -> None:
    assert len(customers("acme,,a,,2026-09-30", "acme,,a|b,2026-10-01,")) == 2


def test_an_overlap_is_found_behind_a_longer_row_of_the_same_customer() -> None:
    # The long rows of acme hide nothing: globex meets one of them in the middle.
    found = problems(
        "acme,,x,2026-01-01,2026-12-31",
        "globex,,x,2026-06-01,2026-06-02",
        "acme,,x,2027-01-01,2027-12-31",
        "initech,,x,2027-03-01,",
    )
    assert [line.split(" of ")[1].split(" ")[0] for line in found] == ["'globex'", "'initech'"]


def test_an_overlap_is_found_behind_several_rows_of_the_same_customer() -> None:
    found = problems(
        "acme,,x,2026-01-01,2026-12-31",
        "acme,,x,2026-01-02,2026-12-30",
        "globex,,x,2026-03-01,2026-03-31",
        "acme,,x,2026-03-15,2026-04-15",
    )
    assert [line.split(": found")[0] for line in found] == [
        "customers.csv, row 3, column 'id'",
        "customers.csv, row 5, column 'id'",
        "customers.csv, row 4, column 'aliases'",
        "customers.csv, row 5, column 'aliases'",
    ]


def test_names_that_differ_only_in_case_are_different_names() -> None:
    assert len(customers("acme,,,,", "ACME,,Acme,,")) == 2


def test_an_alias_equal_to_its_own_id_is_harmless() -> None:
    assert len(customers("acme,,acme,,")) == 1
