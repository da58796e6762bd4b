"""The shipped stack files of both phases, and the way of one stack from phase to phase."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from infra.bundles import Planned, Runtime
from infra.platform import build
from infra.settings import Settings
from tests.engine.conftest import ROOT, NewStack
from tests.engine.phase1 import SETTINGS, TOKEN
from tests.engine.stack import Stack
from tests.engine.values import SIGNATURE, Value

SECRET = "a-client-secret-of-tests"
READER = "00000000-0000-4000-8000-0000000000aa"

HUB: Mapping[str, object] = {"phase": 1, "dual_run": None, "migrated_customers": None}
DUAL: Mapping[str, object] = {"phase": 2, "dual_run": True, "migrated_customers": None}
ALL: Mapping[str, object] = {"phase": 2, "dual_run": True, "migrated_customers": ["*"]}
NATIVE: Mapping[str, object] = {"phase": 2, "dual_run": False, "migrated_customers": ["*"]}
"""What the stack's file says in a stage (infra/stages.py)."""


@cache
def _stand_in() -> Path:
    """A file for the bundles, which other tests build: three of them take minutes."""
    folder = Path(tempfile.mkdtemp(prefix="ai-cost-bundles-"))
    return folder / "bundle-0.zip"


def bundle_of(runtime: Runtime) -> Planned:
    """A bundle of that runtime, of which only the name is true."""
    return Planned(_stand_in().with_name(f"{runtime}-0.zip"), "0")


def program() -> None:
    """The shipped platform, without the bundles."""
    for runtime in Runtime:
        bundle_of(runtime).path.write_bytes(b"PK")
    build(Settings.load(), bundle_of=bundle_of)


def shipped_files() -> dict[str, str]:
    """The project's file and phase 2's starting configuration, as they are in the repository."""
    names = ("Pulumi.yaml", "Pulumi.phase2.yaml")
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


def new_environment(new_stack: NewStack, **changes: object) -> Stack:
    """A stack of phase 2 in empty clouds, with a Grafana that reaches Azure SQL."""
    stack = new_stack("phase2", program)
    stack.name = "phase2"
    stack.seconds = 200  # three times phase 1's resources
    detail = {"grafana_sql_client_id": READER, "grafana_private_connect": "pdc-acme"}
    stack.init(shipped_files(), {**SETTINGS, **detail, **changes})
    stack.set_secret("grafana_token", TOKEN)
    stack.set_secret("grafana_sql_client_secret", SECRET)
    return stack


def inputs_by_urn(stack: Stack) -> dict[str, Mapping[str, Value]]:
    """What the state says that each resource was made from."""
    return {urn: _inputs(resource) for urn, resource in stack.resources().items()}


def _inputs(resource: Mapping[str, Any]) -> Mapping[str, Value]:
    return {name: _masked(value) for name, value in resource.get("inputs", {}).items()}


def _masked(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The value without its secrets, which are encrypted anew with each update."""
    if isinstance(value, dict):
        inner = cast(dict[str, Any], value)
        if SIGNATURE in inner:
            return "secret"
        return {name: _masked(item) for name, item in inner.items()}
    if isinstance(value, list):
        return [_masked(item) for item in cast(list[Any], value)]
    return value
