"""The engine's executable, test providers and stacks for every test of this folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from pulumi.runtime import reset_options

from tests.engine.cloud import Cloud
from tests.engine.provider import serve
from tests.engine.stack import Program, PulumiMissing, Stack, executable

ROOT = Path(__file__).resolve().parents[2]
NewStack: TypeAlias = Callable[[str, Program], Stack]

# An SDK warns of its own old names when a module of it is imported, whoever uses them.
OLD_NAMES = (
    r"ignore:.* has been deprecated in favor of:DeprecationWarning"
    r":pulumi_aws|pulumi_gcp|pulumi_azure_native|pulumiverse_grafana"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(OLD_NAMES))


@pytest.fixture(scope="session")
def pulumi() -> str:
    try:
        return executable(ROOT)
    except PulumiMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def new_stack(pulumi: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStack]:
    """Make stacks in folders and clouds of their own; their providers stop with the module."""
    running: list[grpc.Server] = []

    def make(name: str, program: Program) -> Stack:
        cloud = Cloud()
        servers, places = serve(cloud)
        running.extend(servers)
        folder = tmp_path_factory.mktemp(name)
        return Stack(folder, program, cloud, pulumi, places)

    yield make
    for server in running:
        server.stop(0)
    reset_options()
