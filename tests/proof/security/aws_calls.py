"""A plugin of pytest that writes down what the product asks of AWS while other tests run.

``-p tests.proof.security.aws_calls`` with CALLS_OF_AWS naming the file. A call is the product's
when the nearest frame of this repository is in ``handlers``.
"""

import inspect
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3.s3.transfer as transfer
import pytest
from botocore.client import BaseClient

ROOT = Path(__file__).parents[3]
VARIABLE = "CALLS_OF_AWS"
"""Names the file; tests begin without any variable that a cloud's client reads."""

Calls = set[tuple[str, str]]
"""Files of the product, and operations as ``service:Operation``."""


@contextmanager
def written_down() -> Generator[Calls]:
    """The product's calls for as long as the ``with`` lasts."""
    client_type: Any = BaseClient
    config_type: Any = transfer.TransferConfig
    make, begin = client_type._make_api_call, config_type.__init__
    found: Calls = set()

    def call(client: Any, operation: str, values: Any) -> Any:  # noqa: ANN401 - boto3's own
        file = _file()
        if file.startswith("handlers/"):
            found.add((file, f"{client.meta.service_model.service_name}:{operation}"))
        return make(client, operation, values)

    def unthreaded(config: Any, *values: Any, **named: Any) -> None:  # noqa: ANN401
        # In a thread of its own nobody could tell who asked.
        begin(config, *values, **{**named, "use_threads": False})

    with (
        patch.object(BaseClient, "_make_api_call", call),
        patch.object(config_type, "__init__", unthreaded),
    ):
        yield found


def _file() -> str:
    frame = inspect.currentframe()
    frame = frame and frame.f_back and frame.f_back.f_back
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts:
            return path.relative_to(ROOT).as_posix()
        frame = frame.f_back
    return ""


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    """Write the calls of all tests to the file that the environment names."""
    with written_down() as found:
        outcome = yield
    if VARIABLE in os.environ:
        Path(os.environ[VARIABLE]).write_text(json.dumps(sorted(found)), encoding="utf-8")
    return outcome
