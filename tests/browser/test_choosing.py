"""Filters, times and links do what they do in Grafana, and the address holds all of it."""

from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from handlers.alerts.hub import key_of
from tests.browser.looking import cells, chosen, heading, panel, pick, query, tile
from tests.browser.truth import HOSTILE, WHOLE, Truth, to_the_cent
from tools.browser import Browser

ALL = "$__all"


def test_a_click_in_a_filter_changes_the_numbers_and_the_address(
    browser: Browser, truth: Truth
) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    pick(browser, "Cloud", "AWS", "GCP")
    expected = truth.total(lambda line: line.cloud in {"AWS", "GCP"})
    assert tile(browser, "Total cost") == to_the_cent(expected)
    assert query(browser)["var-cloud_filter"] == ["AWS", "GCP"]
    pick(browser, "Customer", HOSTILE["stark"])
    expected = truth.total(lambda x: x.cloud in {"AWS", "GCP"} and x.customer == HOSTILE["stark"])
    assert tile(browser, "Total cost") == to_the_cent(expected)
    assert query(browser)["var-customer_filter"] == [key_of(HOSTILE["stark"])]


def test_all_and_single_values_exclude_each_other(browser: Browser, truth: Truth) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}&var-cloud_filter=AWS")
    assert chosen(browser, "Cloud") == "AWS"
    pick(browser, "Cloud", "All")
    assert (chosen(browser, "Cloud"), query(browser)["var-cloud_filter"]) == ("All", [ALL])
    assert tile(browser, "Total cost") == to_the_cent(truth.total())
    pick(browser, "Cloud", "Azure")
    assert (chosen(browser, "Cloud"), query(browser)["var-cloud_filter"]) == ("Azure", ["Azure"])


def test_going_back_shows_what_was_there_before(browser: Browser, truth: Truth) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    pick(browser, "Cloud", "AWS")
    browser.driver.back()
    browser.wait(lambda: "var-cloud_filter" not in query(browser), "the address stays")
    browser.wait(
        lambda: tile(browser, "Total cost") == to_the_cent(truth.total()), "the number stays"
    )


def test_other_dashboards_keep_filters_and_time(browser: Browser) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}&var-cloud_filter=AWS&theme=light")
    before = query(browser)
    browser.find(".tabs a[href^='/d/cost-trends']").click()
    browser.wait(lambda: heading(browser) == "Cost Trends", "the link leads nowhere")
    after = query(browser)
    assert {name: after[name] for name in before} == before
    assert chosen(browser, "Cloud") == "AWS"
    assert browser.texts(".time .block") == ["01 Sep 2026 to 30 Nov 2026"]


def test_a_row_leads_to_its_model_with_the_other_filters(browser: Browser, truth: Truth) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}&var-cloud_filter=GCP")
    models = truth.by(lambda line: line.model if line.cloud == "GCP" else "")
    dearest = next(name for name in models if name)
    link = panel(browser, "Top ten models").find_element("css selector", ".ag-row a")
    assert link.text == dearest
    link.click()
    browser.wait(lambda: heading(browser) == "Model Comparison", "the row leads nowhere")
    browser.settle()
    assert (chosen(browser, "Model"), chosen(browser, "Cloud")) == (dearest, "GCP")
    assert tile(browser, "Total cost") == to_the_cent(models[dearest])


def test_a_row_leads_to_a_hostile_customer(browser: Browser, truth: Truth) -> None:
    name = HOSTILE["wayne"]
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    links = panel(browser, "Top ten customers").find_elements("css selector", ".ag-row a")
    (link,) = (each for each in links if each.text == name)
    link.click()
    browser.wait(lambda: heading(browser) == "Customer Attribution", "the row leads nowhere")
    browser.settle()
    expected = truth.total(lambda line: line.customer == name)
    assert (chosen(browser, "Customer"), tile(browser, "Total cost")) == (
        name,
        to_the_cent(expected),
    )


BARS = """
const drawing = arguments[0].querySelector(".drawing");
drawing.scrollIntoView({block: "center"});
const chart = getElement(drawing.id.slice(1)).chart;
const said = chart.getOption();
const {name, data} = said.series[0];
const slot = data.findIndex((value) => value);
const place = arguments[1] ? [slot, data[slot] / 2] : [data[slot] / 2, slot];
const [x, y] = chart.convertToPixel({seriesIndex: 0}, place);
const box = drawing.getBoundingClientRect();
const called = arguments[1] ? name : said.yAxis[0].data[slot];
return [called, Math.round(box.x + x), Math.round(box.y + y)];
"""
"""Of the first bar of a chart, upright or not, its name and where its middle is."""


@pytest.mark.parametrize(
    ("title", "upright"), [("Customers and clouds", False), ("Cost per day by customer", True)]
)
def test_a_bar_leads_to_its_customer(
    browser: Browser, truth: Truth, title: str, upright: bool
) -> None:
    browser.open(f"/d/customer-attribution?{WHOLE}")
    name, x, y = browser.run(BARS, panel(browser, title), upright)
    pointer: Any = ActionChains(browser.driver).w3c_actions
    pointer.pointer_action.move_to_location(x, y).click()
    pointer.perform()
    browser.wait(
        lambda: len(query(browser).get("var-customer_filter", "")) == 1, "it leads nowhere"
    )
    browser.settle()
    assert chosen(browser, "Customer") == name
    expected = truth.total(lambda line: line.customer == name)
    assert tile(browser, "Total cost") == to_the_cent(expected)


def test_a_name_below_a_chart_leads_to_its_model_and_keeps_its_colour(browser: Browser) -> None:
    script = """
    return Object.fromEntries([...arguments[0].querySelectorAll(".legend tbody tr")].map((row) =>
      [row.querySelector(".legend-name").textContent, row.querySelector(".dot").style.background]));
    """
    title = "Cost by model, last complete week"
    browser.open("/d/model-comparison")
    colours: dict[str, str] = browser.run(script, panel(browser, title))
    links = panel(browser, title).find_elements("css selector", "a.legend-name")
    assert {link.text for link in links} == set(colours) - {"all others", "not complete yet"}
    name = links[-1].text
    links[-1].click()
    browser.wait(lambda: query(browser).get("var-model_filter") == [name], "it leads nowhere")
    browser.settle()
    shown: dict[str, str] = browser.run(script, panel(browser, title))
    assert shown[name] == colours[name]


def test_a_quick_range_and_days_of_ones_own(browser: Browser) -> None:
    browser.open("/d/cost-trends")
    # The sample ended long ago: now is its last complete day.
    browser.find(".time").click()
    assert browser.wait(lambda: browser.texts(".time-now"), "no menu") == [
        "Days are UTC; now is 20 Nov 2026."
    ]
    browser.find_all(".preset")[0].click()
    browser.wait(lambda: query(browser).get("from") == ["now-6d/d"], "the range stays")
    browser.wait(lambda: browser.texts(".time .block") == ["Last 7 days"], "the button stays")
    browser.find(".time").click()
    browser.wait(lambda: browser.find_all(".time-days input"), "no menu")
    days = browser.find_all(".time-days input")
    for field, day in zip(days, ("11/02/2026", "11/05/2026"), strict=True):
        field.send_keys(day)
    days[1].send_keys(Keys.ENTER)
    browser.wait(lambda: query(browser)["from"] == ["2026-11-02"], "the days are not taken")
    assert query(browser)["to"] == ["2026-11-05"]
    browser.wait(
        lambda: browser.texts(".time .block") == ["02 Nov 2026 to 05 Nov 2026"], "the button stays"
    )


def test_what_an_address_asks_in_vain_is_told(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview?from=whenever&var-cloud_filter=Oracle")
    first, second = browser.texts(".notice")
    assert first.startswith("The default time is shown: 'whenever' is no time")
    assert second == "Cloud 'Oracle' is not offered; left out."
    assert chosen(browser, "Cloud") == "All"


def test_one_panel_alone_has_an_address(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    there = panel(browser, "Cost per day")
    ActionChains(browser.driver).move_to_element(there).perform()
    there.find_element("css selector", ".more").click()
    browser.wait(lambda: "Only this panel" in browser.texts(".q-menu .q-item"), "no menu")
    browser.find(".q-menu .q-item").click()
    browser.wait(lambda: "viewPanel" in query(browser), "nothing happens")
    browser.wait(lambda: browser.texts(".panel-title") == ["Cost per day"], "others are there")


def test_a_table_sorts_by_whole_amounts(browser: Browser) -> None:
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    there = panel(browser, "Top ten models")
    (tokens,) = (
        head
        for head in there.find_elements("css selector", ".ag-header-cell")
        if head.text == "Tokens"
    )
    tokens.click()
    script = """
    const grid = getElement(arguments[0].querySelector(".table").id.slice(1)).api;
    const key = grid.getColumnDefs().find((column) => column.headerName === "Tokens").field;
    const found = [];
    grid.forEachNodeAfterFilterAndSort((node) => found.push(node.data[key]));
    return found;
    """
    amounts = browser.wait(lambda: browser.run(script, there), "no rows")
    assert amounts == sorted(amounts, reverse=True)
    assert len(set(amounts)) > 5
    tokens.click()
    assert browser.run(script, there) == sorted(amounts)
    assert len(cells(browser, "Top ten models")) == 10
