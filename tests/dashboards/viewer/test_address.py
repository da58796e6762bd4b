"""An address holds all that is chosen, whatever the names are, and leads nowhere else."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from dashboards.viewer.address import is_local, read_address, write_address
from dashboards.viewer.colours import Theme
from dashboards.viewer.model import Variable
from dashboards.viewer.times import Range, read_range
from dashboards.viewer.variables import ALL, Choice, Option, choose, fill, query_words
from tests.dashboards.viewer.test_times import NOW

HOSTILE = ("'); DROP TABLE costs; --", 'O"Brien\\', "a&var-cloud_filter=AWS#x", "müller & söhne")
FILTER = Variable("customer_filter", "Customer", (), "SELECT 1", ("$__all",))


def time() -> Range:
    return read_range("now-30d/d", "now", NOW)


def choice(*values: str) -> Choice:
    options = [Option(value, f"the name of {value}") for value in (*HOSTILE, "acme")]
    return choose(FILTER, options, values)[0]


def words(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query, keep_blank_values=True)


def test_what_is_written_into_an_address_is_read_from_it() -> None:
    said = [
        ("from", "now-30d/d"),
        ("to", "now"),
        *query_words({"customer_filter": choice(*HOSTILE)}),
    ]
    read = read_address(words(write_address("cost-trends", said, theme=Theme.LIGHT, panel=4)))
    assert read.variables == {"customer_filter": HOSTILE}
    assert (read.since, read.until, read.theme, read.panel) == ("now-30d/d", "now", Theme.LIGHT, 4)


def test_what_an_address_can_not_mean_is_left_out() -> None:
    read = read_address([("theme", "pink"), ("viewPanel", "-1"), ("x", "y")])
    assert (read.variables, read.theme, read.panel, read.since) == ({}, None, None, "")


@pytest.mark.parametrize(
    ("wanted", "values", "refused"),
    [
        ((), (), ()),
        ((ALL,), (), ()),
        (("acme",), ("acme",), ()),
        (("acme", "acme", HOSTILE[0]), ("acme", HOSTILE[0]), ()),
        (("acme", ALL), (), ()),
        (("nobody", "acme"), ("acme",), ("nobody",)),
        (("nobody",), (), ("nobody",)),
    ],
)
def test_only_what_is_offered_can_be_chosen(
    wanted: tuple[str, ...], values: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    options = [Option(value, value) for value in ("acme", HOSTILE[0])]
    chosen, told = choose(FILTER, options, wanted)
    assert (chosen.values, told) == (values, refused)


def test_a_link_keeps_the_choices_and_takes_the_row() -> None:
    link = (
        "/d/cost-trends?var-cloud_filter=${__data.fields.cloud:percentencode}"
        "&${customer_filter:queryparam}&${__url_time_range}"
    )
    filled = fill(
        link, {"customer_filter": choice(HOSTILE[2], HOSTILE[1])}, time(), lambda _: "A&W"
    )
    assert words(filled) == [
        ("var-cloud_filter", "A&W"),
        ("var-customer_filter", HOSTILE[2]),
        ("var-customer_filter", HOSTILE[1]),
        ("from", "now-30d/d"),
        ("to", "now"),
    ]


def test_a_link_says_all_where_nothing_is_chosen() -> None:
    filled = fill("/d/x?${customer_filter:queryparam}", {"customer_filter": choice()}, time())
    assert words(filled) == [("var-customer_filter", ALL)]


def test_a_variable_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"\$\{__interval\}.*knows no such variable"):
        fill("/d/x?a=${__interval}", {}, time())


@pytest.mark.parametrize(
    "url", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:x"]
)
def test_a_link_out_of_the_viewer_is_none(url: str) -> None:
    assert not is_local(url)
    assert is_local("/d/cost-trends")


def test_a_panel_of_thousands_of_digits_is_no_panel() -> None:
    assert read_address([("viewPanel", "9" * 5000)]).panel is None
