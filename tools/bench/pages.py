"""How long a page of the local viewer takes until every panel is drawn, in a real browser.

Over the warehouse of ``dashboards``: three years of costs. ``python -m tools.bench.pages`` prints
the report.
"""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from dashboards.plan import plans
from tools.bench.dashboards import make_warehouse
from tools.browser import Browser, chromium, is_there, serving

TARGET = 1.5
"""Seconds."""
ROUNDS = 3
RANGES = {"30 days": "from=now-30d%2Fd&to=now", "3 years": "from=now-3y%2Fd&to=now"}


def report(console: Console, folder: Path) -> None:
    """Open every dashboard ``ROUNDS`` times, print the first and the best of them."""
    if not is_there():
        console.print("Left out: pages, for there is no Chromium with its driver.")
        return
    path = folder / "dashboards" / "costs.duckdb"
    if not path.exists():
        make_warehouse(path)
    table = Table(title="Pages of the local viewer, drawn", title_justify="left")
    for name in ("Dashboard", "Range", "First s", "Best s", "Target s", "Reached"):
        table.add_column(name)
    with serving(path) as address, chromium(address) as browser:
        for plan in plans():
            for words, query in RANGES.items():
                taken = [_opened(browser, f"/d/{plan.uid}?{query}") for _ in range(ROUNDS)]
                best = min(taken)
                table.add_row(
                    plan.title,
                    words,
                    f"{taken[0]:.2f}",
                    f"{best:.2f}",
                    f"{TARGET:.1f}",
                    "yes" if best <= TARGET else "no",
                )
    console.print(table)


def _opened(browser: Browser, path: str) -> float:
    browser.driver.get("about:blank")
    start = time.monotonic()
    browser.open(path)
    return time.monotonic() - start


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("build/bench"))
def main(folder: Path) -> None:
    """Open every page of the local viewer and say how long that took."""
    folder.mkdir(parents=True, exist_ok=True)
    report(Console(), folder)


if __name__ == "__main__":
    main()
