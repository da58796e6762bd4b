"""Finding panels and what they show, by what a reader sees of them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tools.browser import Browser

_PANEL = """
return [...document.querySelectorAll(".panel")]
  .find((panel) => panel.querySelector(".panel-title").textContent === arguments[0]);
"""
_CELLS = """
const [panel] = arguments;
const titles = Object.fromEntries([...panel.querySelectorAll(".ag-header-cell")]
  .map((head) => [head.getAttribute("col-id"), head.textContent.trim()]));
return [...panel.querySelectorAll(".ag-row")]
  .sort((one, other) => one.getAttribute("row-index") - other.getAttribute("row-index"))
  .map((row) => Object.fromEntries([...row.querySelectorAll(".ag-cell")]
    .map((cell) => [titles[cell.getAttribute("col-id")], cell.textContent])));
"""
_WHOLE = """
const [panel] = arguments;
const grid = getElement(panel.querySelector(".table").id.slice(1)).api;
const rows = [];
grid.forEachNodeAfterFilterAndSort((node) => rows.push(node.data));
return [grid.getColumnDefs().map((column) => [column.headerName, column.field]), rows];
"""


def panel(browser: Browser, title: str) -> WebElement:
    """The panel with that title."""
    return browser.wait(lambda: browser.run(_PANEL, title), f"there is no panel '{title}'")


def tile(browser: Browser, title: str) -> str:
    """The whole amount of a panel with one number."""
    found: str = browser.run(
        "return arguments[0].querySelector('.tile').title", panel(browser, title)
    )
    return found


def cells(browser: Browser, title: str) -> list[dict[str, str]]:
    """The rows of a table: texts by column, and ``<column>:full`` with whole amounts."""
    columns, rows = browser.run(_WHOLE, panel(browser, title))
    return [
        {name: row[f"{key}:text"] for name, key in columns}
        | {f"{name}:full": row.get(f"{key}:full", row[f"{key}:text"]) for name, key in columns}
        for row in rows
    ]


def drawn_cells(browser: Browser, title: str) -> list[dict[str, Any]]:
    """The rows of a table as they are on the screen."""
    found: list[dict[str, Any]] = browser.run(_CELLS, panel(browser, title))
    return found


def chosen(browser: Browser, label: str) -> str:
    """What a filter shows as its choice."""
    found: str = browser.run(
        "return arguments[0].querySelector('.q-field__native').textContent",
        control(browser, label),
    )
    return found


def control(browser: Browser, label: str) -> WebElement:
    """The filter with that label."""
    script = """
    return [...document.querySelectorAll(".filter")]
      .find((filter) => filter.querySelector(".q-field__label").textContent === arguments[0]);
    """
    found: WebElement = browser.run(script, label)
    return found


def pick(browser: Browser, label: str, *options: str) -> None:
    """Open a filter, click options, close it, and wait until the panels show them."""
    control(browser, label).click()
    for option in options:
        before = browser.run("return location.search")
        script = """
        return [...document.querySelectorAll(".filter-list .q-item")]
          .find((item) => item.textContent === arguments[0]);
        """
        item: WebElement = browser.wait(
            lambda script=script, option=option: browser.run(script, option),
            f"{label} offers no {option}",
        )
        item.click()
        browser.wait(
            lambda before=before: browser.run("return location.search") != before,
            f"choosing {option} changed nothing",
        )
    browser.press(Keys.ESCAPE)
    browser.settle()


def query(browser: Browser) -> dict[str, list[str]]:
    """The words of the address."""
    return parse_qs(urlsplit(browser.driver.current_url).query)


def heading(browser: Browser) -> str:
    """The title of the dashboard."""
    return browser.find("h1").text
