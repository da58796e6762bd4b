"""Readable in both colours, on a phone, and without a mouse."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.looking import control, panel, pick, query
from tests.browser.test_dashboards import DASHBOARDS
from tools.browser import DESKTOP, PHONE, Browser

THEMES = ("dark", "light")

# WCAG 2.2 AA: 4.5, or 3 for large text (https://www.w3.org/TR/WCAG22/#contrast-minimum).
FAINT = """
const parts = (colour) => {
  const found = colour.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
  return found.length < 4 ? [...found, 1] : found;
};
const over = ([r, g, b, a], below) => [r, g, b].map((part, at) => part * a + below[at] * (1 - a));
const light = (colour) => colour.map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const contrast = (one, other) => {
  const [dark, bright] = [light(one), light(other)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
};
const ground = (element) => {
  if (!element) return [255, 255, 255];
  const colour = parts(getComputedStyle(element).backgroundColor);
  return colour[3] === 1 ? colour.slice(0, 3) : over(colour, ground(element.parentElement));
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode.textContent.trim();
  const element = walker.currentNode.parentElement;
  if (!text || ["SCRIPT", "STYLE", "TITLE"].includes(element.tagName)) continue;
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  const style = getComputedStyle(element);
  const below = ground(element);
  const colour = over(parts(element.ownerSVGElement ? style.fill : style.color), below);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const is = contrast(colour, below);
  if (is < (isLarge ? 3 : 4.5)) found.push(`${text}: ${is.toFixed(2)}`);
}
return found;
"""
WIDE = """
return [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .filter((each) => !each.closest(".table, .tabs, .legend, svg"))
  .map((each) => `${each.tagName} ${each.className}`);
"""
CUT = """
return [...document.querySelectorAll(".panel-title, .tile-number, .bar-number, .title, .through")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
  .map((each) => each.textContent);
"""
FOCUS = """
const element = document.activeElement;
const style = getComputedStyle(element);
const label = element.getAttribute("aria-label") ?? element.textContent;
const kind = element.getAttribute("role") ?? element.tagName;
return [kind, label.trim(), style.outlineStyle, parseFloat(style.outlineWidth) || 0];
"""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("uid", DASHBOARDS)
def test_every_text_is_readable_and_none_is_cut(browser: Browser, uid: str, theme: str) -> None:
    browser.open(f"/d/{uid}?theme={theme}", DESKTOP)
    assert browser.run(FAINT) == []
    assert browser.run(CUT) == []
    assert browser.run(WIDE) == []


def test_a_reason_is_read_whole_and_every_unusual_day_has_its_dot(browser: Browser) -> None:
    cut = """
    return [...arguments[0].querySelectorAll(".ag-cell-wrap-text .cell-text")]
      .map((each) => [each.textContent, each.scrollWidth - each.clientWidth,
        each.scrollHeight - each.closest(".ag-row").clientHeight]);
    """
    dots = """
    const chart = getElement(arguments[0].querySelector(".drawing").id.slice(1)).chart;
    const told = chart.getOption().series.find((each) => each.name === "Unusual");
    const drawn = [...arguments[0].querySelectorAll(".drawing path")]
      .filter((path) => path.getAttribute("fill") === told.color);
    return [told.data.filter((value) => value !== null).length, drawn.length];
    """
    for width in (DESKTOP, PHONE):
        browser.open("/d/anomaly-detection", width)
        found: list[int] = browser.run(dots, panel(browser, "AWS: actual and expected"))
        assert found[0] == found[1] > 0
    browser.open("/d/anomaly-detection")
    reasons = browser.run(cut, panel(browser, "Which days, and why"))
    assert any("are usual" in text for text, _, _ in reasons)
    assert all(wide <= 1 and high <= 1 for _, wide, high in reasons)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("opens", [".filter", ".time", ".panel-head .quiet", ".panel-head .more"])
def test_every_text_of_a_menu_is_readable(browser: Browser, opens: str, theme: str) -> None:
    browser.open(f"/d/multi-cloud-overview?theme={theme}&var-cloud_filter=AWS", PHONE, 844)
    browser.find(opens).click()
    browser.wait(lambda: browser.texts(".q-menu"), "nothing opens")
    # It fades in.
    browser.wait(lambda: browser.run(FAINT) == [], f"too faint: {browser.run(FAINT)}")


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_a_phone_shows_one_panel_below_the_other(browser: Browser, uid: str) -> None:
    browser.open(f"/d/{uid}", PHONE, 844)
    assert browser.run("return document.documentElement.scrollWidth") == PHONE
    assert browser.run(WIDE) == []
    assert browser.run(CUT) == []
    sides = """
    return [...document.querySelectorAll(".bar .filter, .time-place")]
      .map((each) => Math.round(each.getBoundingClientRect().left));
    """
    assert browser.run(sides) == [10, PHONE / 2 + 4] * 2
    script = """
    return [...document.querySelectorAll(".panel:not(.panel-stat)")]
      .map((each) => Math.round(each.getBoundingClientRect().width));
    """
    assert set(browser.run(script)) == {PHONE - 20}


def test_light_and_dark_are_a_click_apart_and_stay_in_the_address(browser: Browser) -> None:
    browser.open("/d/cost-trends")
    script = "return getComputedStyle(document.body).backgroundColor"
    assert browser.run(script) == "rgb(17, 18, 23)"
    browser.find("[aria-label='Light colours']").click()
    browser.wait(lambda: browser.run(script) == "rgb(244, 245, 245)", "it stays dark")
    assert query(browser)["theme"] == ["light"]
    links = browser.run("return [...document.querySelectorAll('.tab')].map((each) => each.href)")
    assert all("theme=light" in link for link in links)
    browser.find("[aria-label='Dark colours']").click()
    browser.wait(lambda: browser.run(script) == "rgb(17, 18, 23)", "it stays light")


def test_everything_is_reached_and_seen_with_the_keyboard(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    reached: list[tuple[str, str]] = []
    for _ in range(60):
        browser.press(Keys.TAB)
        kind, label, outline, width = browser.run(FOCUS)
        if kind == "BODY":
            break
        reached.append((kind, label))
        # The frame of a field shows that it has the focus.
        is_field = kind in {"INPUT", "combobox"}
        assert is_field or (outline != "none" and width >= 1), (kind, label)
    labels = [label for _, label in reached]
    assert labels[0] == "Skip to the panels"
    wanted = ["Cost Trends", "Light colours", "Cloud", "Customer", "Model", "Time: Last 30 days"]
    places = [labels.index(name) for name in wanted]
    assert places == sorted(places)
    assert "What it means: Total cost" in labels
    assert "More: Total cost" in labels
    # From the first head of a table the arrow keys go on to its other heads and cells.
    assert "columnheader" in {kind for kind, _ in reached}


def test_a_link_in_a_table_opens_with_the_keyboard(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    there = panel(browser, "Top ten models")
    name = there.find_element("css selector", ".ag-row a").text
    there.find_element("css selector", ".ag-header-cell").click()
    browser.wait(lambda: there.find_elements("css selector", ".ag-row a"), "no rows")
    name = there.find_element("css selector", ".ag-row[row-index='0'] a").text
    browser.press(Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait(lambda: query(browser).get("var-model_filter") == [name], "nothing opens")


def test_a_filter_is_chosen_with_the_keyboard_and_keeps_the_focus(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    for _ in range(20):
        browser.press(Keys.TAB)
        if browser.run(FOCUS)[1] == "Cloud":
            break
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.find_all(".filter-list .q-item"), "the list stays shut")
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait(lambda: "var-cloud_filter" in query(browser), "nothing is chosen")
    browser.press(Keys.ESCAPE)
    browser.settle()
    assert browser.run(FOCUS)[1] == "Cloud"


def test_a_chart_tells_its_numbers_where_it_is_pointed_at(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview")
    drawing = panel(browser, "Cost per day").find_element("css selector", ".drawing")
    ActionChains(browser.driver).move_to_element(drawing).perform()
    title = browser.wait(lambda: browser.texts(".tip-title"), "no tooltip")
    assert title[0].endswith(" Nov 2026")
    assert browser.texts(".tip-name") == ["AWS", "Azure", "Google Cloud"]
    assert all(text.startswith("$") for text in browser.texts(".tip-value"))


def test_a_filter_of_a_phone_is_a_filter(browser: Browser) -> None:
    browser.open("/d/multi-cloud-overview", PHONE, 844)
    pick(browser, "Cloud", "GCP")
    assert control(browser, "Cloud").text.endswith("GCP") or "GCP" in control(browser, "Cloud").text
    assert browser.texts(".bar-name") == ["Google Cloud"]
