"""Chromium, driven: for the tests in a real browser and for the pictures in docs/images.

Debian: ``apt-get install chromium chromium-driver``. It stays on this machine and asks nobody.
"""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--window-size=1280,1000",
)
PATIENCE_SECONDS = 20.0
PHONE = 390
DESKTOP = 1280

DRAWN = """
const panels = [...document.querySelectorAll(".panel")];
const drawn = ".tile-number, .bar-row, .ag-row, .drawing svg, .empty, .trouble";
return panels.length > 0 && panels.every((panel) => panel.querySelector(drawn));
"""

T = TypeVar("T")


def is_there() -> bool:
    """Whether this machine has Chromium and its driver."""
    return all(map(shutil.which, ("chromium", "chromedriver")))


@dataclass(frozen=True)
class Browser:
    """A browser, and the address of the viewer that it looks at."""

    driver: Chrome
    address: str

    def open(self, path: str, width: int = DESKTOP, height: int = 1000) -> None:
        """Show a page in a window of that width, and wait until every panel is drawn."""
        self.resize(width, height)
        self.driver.get(self.address + path)
        self.settle()

    def resize(self, width: int, height: int) -> None:
        """Make the window that large; one as narrow as a phone is one."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": width < DESKTOP / 2,
            },
        )

    def devtools(self, command: str, words: dict[str, object]) -> Any:  # noqa: ANN401 - whatever it gives
        """What a command of https://chromedevtools.github.io/devtools-protocol answers."""
        return self.driver.execute_cdp_cmd(command, words)  # pyright: ignore[reportUnknownMemberType]

    def settle(self) -> None:
        """Wait until every panel is drawn."""
        self.wait(lambda: self.run(DRAWN), "a panel is not drawn")

    def wait(self, until: Callable[[], T], complaint: str) -> T:
        """What ``until`` gives, once it gives something; a page may be drawn anew meanwhile.

        Raises:
            TimeoutError: it never did.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(StaleElementReferenceException):
                if found := until():
                    return found
            if time.monotonic() > end:
                raise TimeoutError(complaint)
            time.sleep(0.05)

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever JavaScript gives
        """What a JavaScript answers."""
        return self.driver.execute_script(script, *arguments)  # pyright: ignore[reportUnknownMemberType]

    def find(self, css: str) -> WebElement:
        """The first element that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def find_all(self, css: str) -> list[WebElement]:
        """Every element that matches."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """The texts of every element that matches, as they are in the page."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", css
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def complaints(self) -> list[str]:
        """What the console told since it was asked last."""
        told = self.driver.get_log("browser")  # pyright: ignore[reportUnknownMemberType]
        return [f"{each['level']} {each['message']}" for each in told]


@contextlib.contextmanager
def serving(warehouse: Path) -> Generator[str, None, None]:
    """The viewer over ``warehouse``, in a process of its own; gives its address.

    Raises:
        RuntimeError: it did not start; with what it said.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", "--port", str(port), "--warehouse", f"duckdb:{warehouse}", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "dashboards", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            if "http://" not in said:
                raise RuntimeError(f"the viewer did not start: {said}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def chromium(address: str) -> Generator[Browser, None, None]:
    """A browser with nothing in it, which looks at the viewer at ``address``."""
    with tempfile.TemporaryDirectory() as profile:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options, Service(shutil.which("chromedriver")))
        try:
            yield Browser(driver, address)
        finally:
            driver.quit()
