"""Numbers on the screen are those that the sample states, whatever is chosen."""

from urllib.parse import quote

import pytest

from handlers.alerts.hub import key_of
from tests.browser.looking import cells, tile
from tests.browser.truth import HOSTILE, WHOLE, Line, Truth, to_the_cent
from tools.browser import Browser


def shown_total(browser: Browser, *filters: tuple[str, str]) -> str:
    words = "".join(f"&var-{name}_filter={quote(value, safe='')}" for name, value in filters)
    browser.open(f"/d/multi-cloud-overview?{WHOLE}{words}")
    return tile(browser, "Total cost")


def test_the_total_is_that_of_the_bills(browser: Browser, truth: Truth) -> None:
    assert shown_total(browser) == to_the_cent(truth.total())


@pytest.mark.parametrize("cloud", ["AWS", "Azure", "GCP"])
def test_a_cloud_filter_leaves_that_cloud(browser: Browser, truth: Truth, cloud: str) -> None:
    expected = truth.total(lambda line: line.cloud == cloud)
    assert shown_total(browser, ("cloud", cloud)) == to_the_cent(expected)


def test_filters_of_several_values_narrow_each_other(browser: Browser, truth: Truth) -> None:
    models, customers = ("claude-sonnet-4.6", "gpt-4.1"), ("acme", "untagged")

    def wanted(line: Line) -> bool:
        return line.model in models and line.customer in customers and line.cloud != "GCP"

    shown = shown_total(
        browser,
        *(("cloud", cloud) for cloud in ("AWS", "Azure")),
        *(("model", model) for model in models),
        *(("customer", key_of(customer)) for customer in customers),
    )
    assert shown == to_the_cent(truth.total(wanted))


@pytest.mark.parametrize("name", HOSTILE.values())
def test_a_hostile_name_is_shown_and_filtered_as_that(
    browser: Browser, truth: Truth, name: str
) -> None:
    expected = truth.total(lambda line: line.customer == name)
    assert expected > 0
    assert shown_total(browser, ("customer", key_of(name))) == to_the_cent(expected)
    assert cells(browser, "Top ten customers")[0]["Customer"] == name
    assert browser.texts(".filter .q-field__native")[1] == name


def test_clouds_stand_beside_each_other_with_their_totals(browser: Browser, truth: Truth) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    names = [text.replace("Google Cloud", "GCP") for text in browser.texts(".bar-name")]
    amounts = browser.run("return [...document.querySelectorAll('.bar-number')].map(e => e.title)")
    expected = {name: to_the_cent(cost) for name, cost in truth.by(lambda x: x.cloud).items()}
    assert dict(zip(names, amounts, strict=True)) == expected


@pytest.mark.parametrize(
    ("panel", "column"), [("Top ten models", "Model"), ("Top ten customers", "Customer")]
)
def test_the_top_ten_are_the_dearest_with_their_costs(
    browser: Browser, truth: Truth, panel: str, column: str
) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    expected = truth.by(lambda line: line.model if column == "Model" else line.customer)
    shown = {row[column]: row["Cost:full"] for row in cells(browser, panel)}
    assert list(shown.items()) == [(n, to_the_cent(c)) for n, c in list(expected.items())[:10]]
    whole = truth.total()
    first = cells(browser, panel)[0]
    assert first["Share"] == f"{float(next(iter(expected.values())) / whole) * 100:.1f}%"
