"""Pictures of the dashboards over the demo's warehouse, for the README: ``make screenshots``."""

import base64
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.browser import DESKTOP, PHONE, Browser, chromium, is_there, serving

FOLDER = Path("docs/images")
WAREHOUSE = Path("build/costs.duckdb")


@dataclass(frozen=True)
class Picture:
    """What is taken: the upper part of a page."""

    name: str
    page: str
    width: int = DESKTOP
    height: int = 1000


PICTURES = (
    Picture("overview", "/d/multi-cloud-overview"),
    Picture("overview-light", "/d/multi-cloud-overview?theme=light"),
    Picture("trends", "/d/cost-trends?from=now-60d/d&to=now"),
    Picture("models", "/d/model-comparison"),
    Picture("customers", "/d/customer-attribution"),
    Picture("anomalies", "/d/anomaly-detection"),
    Picture("phone", "/d/multi-cloud-overview", PHONE, 844),
)


def take(browser: Browser, picture: Picture) -> None:
    """Save a picture into FOLDER."""
    browser.open(picture.page, picture.width, picture.height)
    # Charts follow the size of their panels a moment later.
    browser.run("return new Promise((done) => setTimeout(done, 600))")
    data: str = browser.devtools("Page.captureScreenshot", {"format": "png"})["data"]
    (FOLDER / f"{picture.name}.png").write_bytes(base64.b64decode(data))


def main() -> None:
    """Take every picture, or those that are named."""
    if not is_there():
        sys.exit("It takes a browser: apt-get install chromium chromium-driver")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with serving(WAREHOUSE) as address, chromium(address) as browser:
        for picture in PICTURES:
            if not sys.argv[1:] or picture.name in sys.argv[1:]:
                take(browser, picture)
                print(FOLDER / f"{picture.name}.png")


if __name__ == "__main__":
    main()
