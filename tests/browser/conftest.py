"""The sample bills, collected and served once, and one browser to look at them."""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.commands.alerts import alerts
from handlers.commands.collect import collect
from handlers.commands.reconcile import reconcile
from handlers.sample import write_sample
from tests.browser import truth as truth_module
from tests.browser.truth import DAYS, END, Truth, read_truth, rename_customers
from tests.conftest import ROOT
from tools.browser import Browser, chromium, is_there, serving

NOW = "2026-11-24T06:00:00"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))  # one demo, one server, one browser
            # Making the demo takes half a minute, and whichever test is first waits for it.
            item.add_marker(pytest.mark.timeout(60, func_only=True))
            if not is_there():
                item.add_marker(pytest.mark.skip("apt-get install chromium chromium-driver"))


@pytest.fixture(scope="session")
def demo() -> Path:
    """A folder with the sample and its warehouse, made anew when the code that makes it changes."""
    folder = ROOT / "build" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / _digest()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in [each for each in folder.iterdir() if each.is_dir()]:
                shutil.rmtree(old)
            _make(folder / "new")
            (folder / "new").rename(kept)
    return kept


def _digest() -> str:
    """What the demo is made of: the collector with its data, and what is told of it here."""
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(
        [*(ROOT / "handlers").rglob("*"), Path(__file__), Path(truth_module.__file__)]
    ):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _make(folder: Path) -> None:
    sample, warehouse = folder / "sample", f"duckdb:{folder / 'costs.duckdb'}"
    write_sample(sample, seed=1, days=DAYS, end=END)
    rename_customers(sample / "site" / "customers.csv")
    common = ["--warehouse", warehouse, "--site", str(sample / "site")]
    for command, words in (
        (collect, [str(sample), *common, "--now", NOW]),
        (alerts, [*common, "--now", NOW]),
        (reconcile, common),
    ):
        result = CliRunner().invoke(command, words)
        assert result.exit_code == 0, result.output


@pytest.fixture(scope="session")
def warehouse(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse, as a copy that this session may change."""
    folder = tmp_path_factory.mktemp("warehouse")
    for file in demo.glob("costs*.duckdb"):
        shutil.copy(file, folder)
    return folder / "costs.duckdb"


@pytest.fixture(scope="session")
def truth(demo: Path) -> Truth:
    """What the sample's own totals say."""
    return read_truth(demo / "sample" / "truth")


@pytest.fixture(scope="session")
def one_browser(warehouse: Path) -> Generator[Browser, None, None]:
    with serving(warehouse) as address, chromium(address) as browser:
        yield browser


@pytest.fixture
def browser(one_browser: Browser) -> Generator[Browser, None, None]:
    """A browser before the viewer; whatever the console tells fails the test."""
    one_browser.complaints()
    yield one_browser
    assert one_browser.complaints() == []
