"""Every dashboard opens, whole and from this machine alone."""

import json

import pytest

from dashboards.documents import documents
from tests.browser.looking import heading, panel
from tests.dashboards.engines import HUB
from tools.browser import Browser

DASHBOARDS = {uid: json.loads(text) for uid, text in documents(HUB).items()}
SHOWS = {
    "stat": ".tile-number",
    "bargauge": ".bar-row",
    "table": ".ag-row, .empty",
    "timeseries": ".drawing svg path",
    "barchart": ".drawing svg path",
}


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_panel_of_a_dashboard_shows_its_numbers(browser: Browser, uid: str) -> None:
    browser.open(f"/d/{uid}")
    said = DASHBOARDS[uid]
    assert heading(browser) == said["title"]
    assert browser.texts(".trouble") == []
    assert sorted(browser.texts(".panel-title")) == sorted(p["title"] for p in said["panels"])
    for each in said["panels"]:
        found = browser.run(
            "return arguments[0].querySelectorAll(arguments[1]).length",
            browser.find(f"#panel-{each['id']}"),
            SHOWS[each["type"]],
        )
        assert found > 0, each["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_a_panel_says_what_its_number_means(browser: Browser, uid: str) -> None:
    browser.open(f"/d/{uid}")
    first = DASHBOARDS[uid]["panels"][0]
    panel(browser, first["title"]).find_element("css selector", ".quiet").click()
    told = browser.wait(lambda: browser.texts(".about p"), "nothing is told")
    assert told == [first["description"]]


def test_nothing_comes_from_anywhere_else(browser: Browser) -> None:
    browser.open("/d/cost-trends")
    loaded = browser.run("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert len(loaded) > 10
    assert [name for name in loaded if not name.startswith(browser.address)] == []


def test_a_legend_names_every_series_with_its_colour(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    script = """
    return [...arguments[0].querySelectorAll(".legend tbody tr")].map((row) =>
      [row.querySelector(".legend-name").textContent, row.querySelector(".dot").style.background]);
    """
    shown = dict(browser.run(script, panel(browser, "Cost per day")))
    # The clouds' colours are the same on every panel: style.toml has them.
    assert shown == {
        "AWS": "rgb(255, 153, 0)",
        "Azure": "rgb(0, 164, 239)",
        "Google Cloud": "rgb(66, 133, 244)",
        "Not complete yet": "rgb(128, 128, 128)",
    }


def test_days_that_are_not_complete_stand_apart(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    script = """
    const grey = getElement(arguments[0].querySelector(".drawing").id.slice(1)).chart
      .getOption().series.find((each) => each.name === "Not complete yet");
    return grey.data.map((value, at) => [value, at, grey.data.length]).filter(([value]) => value);
    """
    found = browser.run(script, panel(browser, "Cost per day"))
    # Google's bill of the sample is complete a day less than the others: only the last day is grey.
    assert [length - at for _, at, length in found] == [1]


def test_an_address_that_leads_nowhere_says_so(browser: Browser) -> None:
    browser.driver.get(f"{browser.address}/d/no-such-dashboard")
    browser.wait(lambda: "There is no such dashboard" in browser.texts("h1"), "nothing is told")
