"""Pages follow the warehouse, and the browser writes numbers as the server does."""

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.browser.looking import tile
from tests.browser.truth import WHOLE, Truth, to_the_cent
from tests.dashboards.viewer.test_units import facts
from tools.browser import Browser, serving


def test_a_page_shows_what_a_load_has_changed(
    browser: Browser, warehouse: Path, tmp_path: Path, truth: Truth
) -> None:
    own = tmp_path / "costs.duckdb"
    for suffix in (".duckdb", ".read.duckdb"):
        own.with_suffix(suffix).write_bytes(warehouse.with_suffix(suffix).read_bytes())
    with serving(own) as address, left_before_its_server_stops(browser):
        page = Browser(browser.driver, address)
        page.open(f"/d/multi-cloud-overview?{WHOLE}&var-cloud_filter=AWS")
        before = truth.total(lambda line: line.cloud == "AWS")
        assert tile(page, "Total cost") == to_the_cent(before)
        with DuckDbWarehouse(own).open() as connection:
            connection.execute(
                "UPDATE warehouse.daily_costs SET cost = cost + 1000 WHERE rowid ="
                " (SELECT min(rowid) FROM warehouse.daily_costs WHERE cloud_provider = 'AWS')"
            )
        after = to_the_cent(before + Decimal(1000))
        page.wait(lambda: tile(page, "Total cost") == after, "the old number stays")


@contextmanager
def left_before_its_server_stops(browser: Browser) -> Generator[None]:
    """A page whose server is gone complains in the console, for the next test to find."""
    try:
        yield
    finally:
        browser.driver.get("about:blank")


def test_the_browser_writes_numbers_as_grafana_does(browser: Browser) -> None:
    browser.open("/d/cost-trends")
    units = {
        "none": {},
        "short": {"steps": ["", " K", " Mil", " Bil", " Tri", " Quadr"], "factor": 1000},
        "percentunit": {"times": 100, "steps": ["%"], "factor": 1000},
        "currencyUSD": {"prefix": "$", "steps": ["", "K", "M", "B", "T"], "factor": 1000},
    }
    told = facts("grafana_numbers.csv")
    asked = [
        [
            float(fact["value"]),
            {
                **units[fact["unit"]],
                "decimals": int(fact["decimals"]) if fact["decimals"] else None,
            },
        ]
        for fact in told
    ]
    script = "return arguments[0].map(([value, unit]) => viewer.number(value, unit))"
    assert browser.run(script, asked) == [fact["text"] for fact in told]


def test_an_axis_has_round_numbers_without_zeros_behind(browser: Browser) -> None:
    browser.open("/d/cost-trends")
    dollars = {"prefix": "$", "steps": ["", "K", "M", "B", "T"], "factor": 1000}
    script = "return arguments[0].map(viewer.axisNumber(arguments[1]))"
    shown = browser.run(script, [0, 0.5, 20, 1500, 2000, -2000, 100000, 1.2e6], dollars)
    assert shown == ["$0", "$0.5", "$20", "$1.5K", "$2K", "-$2K", "$100K", "$1.2M"]
