"""A panel's data as a file."""

import csv
from decimal import Decimal
from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains

from tests.browser.looking import panel
from tests.browser.truth import WHOLE, Truth
from tools.browser import Browser


def test_a_panel_s_data_is_saved_with_every_amount(
    browser: Browser, truth: Truth, tmp_path: Path
) -> None:
    words = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.devtools("Browser.setDownloadBehavior", dict(words))
    browser.open(f"/d/multi-cloud-overview?{WHOLE}")
    there = panel(browser, "Top ten customers")
    ActionChains(browser.driver).move_to_element(there).perform()
    there.find_element("css selector", ".more").click()
    browser.wait(lambda: "Download CSV" in browser.texts(".q-menu .q-item"), "no menu")
    browser.find_all(".q-menu .q-item")[1].click()
    file = tmp_path / "top-ten-customers.csv"
    browser.wait(file.exists, "nothing is saved")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = truth.by(lambda line: line.customer)
    for row in rows:
        # In the file a name that begins like a formula would have an apostrophe; none does here.
        assert abs(Decimal(row["cost"]) - expected[row["customer"]]) < Decimal("0.000001")
    assert len(rows) == 10
