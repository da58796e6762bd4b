"""What every test can rely on: no network, no credentials, an odd time zone, no silent skip."""

import os
import subprocess
import time
from collections.abc import Generator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

import network_guard
import pytest
from hypothesis import settings

from handlers.sample import write_sample
from tests.doorkeeper import STREAMS, Doorkeeper, Request
from tests.made_once import made_once

ROOT = Path(__file__).resolve().parents[1]
CLOUD_VARIABLES = ("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "GRAFANA_", "PULUMI_")
NOBODY_LISTENS = "http://127.0.0.1:9"
SLOW = ("slow", "engine", "runtime", "browser", "proof")
SLOW_SECONDS = 180
"""The limit of a slow test that states none: an engine's start alone can take half a minute."""

AnyReport = TypeVar("AnyReport", pytest.TestReport, pytest.CollectReport)


def pytest_configure(config: pytest.Config) -> None:
    if not _is_live(config):
        _forget_credentials()
        _stay_offline()
    # Far from UTC and off the full hour, so that a day taken from local time is wrong at once.
    os.environ["TZ"] = os.environ.get("TEST_TZ", "Asia/Kathmandu")
    time.tzset()
    # A shared machine is slow at times: the limit is the test's timeout, not an example's.
    settings.register_profile("laptop", deadline=None, database=None)
    settings.register_profile("ci", deadline=None, database=None, derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "laptop")
    if os.environ.get("STRICT") == "1":
        config.pluginmanager.register(NothingIsSkipped())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that ask real accounts are deselected, not skipped, unless nothing else is meant.

    Tests that share what a module of theirs makes once go to one worker, so that it is made once.
    A folder's own group, of what all its modules share, goes before: two would make a third.
    """
    for item in items:
        if _is_slow(item) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
        if not item.get_closest_marker("xdist_group") and _shares_with_its_module(item):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    if _is_live(config):
        return
    live = [item for item in items if item.get_closest_marker("live")]
    if live:
        items[:] = [item for item in items if not item.get_closest_marker("live")]
        config.hook.pytest_deselected(items=live)


def _is_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in SLOW)


def _shares_with_its_module(item: pytest.Item) -> bool:
    """Whether it takes a fixture that lives for its module, or longer and is made there."""
    info: Any = getattr(item, "_fixtureinfo", None)
    if info is None:
        return False
    own = item.nodeid.partition("::")[0]
    return any(
        fixture.scope == "module" or (fixture.scope == "session" and fixture.baseid == own)
        for fixtures in info.name2fixturedefs.values()
        for fixture in fixtures
    )


def _is_live(config: pytest.Config) -> bool:
    return str(config.getoption("markexpr", "")).strip() == "live"


def _forget_credentials() -> None:
    for name in list(os.environ):
        if name.startswith(CLOUD_VARIABLES):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.devnull
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["CLOUDSDK_CONFIG"] = os.devnull


def _stay_offline() -> None:
    for scheme in ("HTTP", "HTTPS", "ALL"):
        os.environ[f"{scheme}_PROXY"] = os.environ[f"{scheme.lower()}_proxy"] = NOBODY_LISTENS
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"
    os.environ["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "offline")))
    network_guard.install()


class NothingIsSkipped:
    """Under STRICT=1 a test that is skipped, or expected to fail, is a failure."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        return self._refuse(report=(yield))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        return self._refuse(report=(yield))

    @staticmethod
    def _refuse(report: AnyReport) -> AnyReport:
        if report.skipped:
            reason = str(getattr(report, "wasxfail", "")) or report.longreprtext
            report.outcome = "failed"
            report.longrepr = f"STRICT=1 does not let a test be skipped: {reason}"
            vars(report).pop("wasxfail", None)
        return report


class RunHandlers(Protocol):
    """Runs the collector's door as a user does; see the fixture ``run_handlers``."""

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 50,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def ten_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's bills of the ten days to 5 November 2026, to read only: tests/made_once.py."""

    def write(folder: Path) -> None:
        write_sample(folder / "sample", seed=3, days=10, end=date(2026, 11, 5))

    return made_once(tmp_path_factory, "ten-days", write) / "sample"


@pytest.fixture(scope="session")
def doorkeepers() -> Generator[list[Doorkeeper]]:
    """Those that are idle. A test that runs commands at once takes as many."""
    idle: list[Doorkeeper] = []
    yield idle
    for keeper in idle:
        keeper.close()


@pytest.fixture
def run_handlers(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, doorkeepers: list[Doorkeeper]
) -> RunHandlers:
    """Run ``python -m handlers`` in a process of its own, by default in the test's own folder.

    ``env`` is added to the environment; the answer's exit code is the test's to judge. The process
    is forked from one that has imported the commands: tests/doorkeeper.py.
    """

    def run(
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 50,
    ) -> subprocess.CompletedProcess[str]:
        streams = tmp_path_factory.mktemp("streams")
        for name in STREAMS:
            (streams / name).write_text((input or "") if name == "input" else "", encoding="utf-8")
        words = list(map(str, arguments))
        own = {"NO_COLOR": "1", "COLUMNS": "120", **(env or {})}
        request = Request(
            words=words,
            cwd=str(cwd or tmp_path),
            env={**os.environ, **own},
            streams=str(streams),
        )
        keeper = doorkeepers.pop() if doorkeepers else Doorkeeper(ROOT, dict(os.environ))
        code = keeper.run(request, timeout)
        doorkeepers.append(keeper)
        output, errors = (
            (streams / name).read_text(encoding="utf-8") for name in STREAMS if name != "input"
        )
        return subprocess.CompletedProcess(["handlers", *words], code, output, errors)

    return run
