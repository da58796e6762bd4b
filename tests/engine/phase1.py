"""The shipped program and stack file of phase 1, with the values that only a test would set."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from tests.engine.conftest import ROOT, NewStack
from tests.engine.stack import Program, Stack

TOKEN = "glsa-token-of-tests"
PAYER = "111122223333"
SUBSCRIPTION = "00000000-0000-4000-8000-00000000000a"
SETTINGS: Mapping[str, object] = {
    "gcp_project": "demo-costs",
    "gcp_scopes": [{"id": "01E214-63C8A3-9E57E3"}],
    "aws_scopes": [{"id": PAYER}],
    "azure_subscription": SUBSCRIPTION,
    "azure_tenant": "00000000-0000-4000-8000-00000000000b",
    "azure_storage_account": "democosts",
    "azure_scopes": [{"id": f"/subscriptions/{SUBSCRIPTION}"}],
    "grafana_url": "https://grafana.example.com",
    "notify": ["mailto:platform@example.com"],
}


def program() -> Program:
    """The shipped program."""
    return cast(Program, importlib.import_module("infra.program").program)


def shipped_files() -> dict[str, str]:
    """The project's file and the starting configuration, as they are in the repository."""
    names = ("Pulumi.yaml", "Pulumi.phase1.yaml")
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


def new_environment(new_stack: NewStack, **changes: object) -> Stack:
    """A stack of phase 1 in empty clouds; nothing is made yet."""
    stack = new_stack("phase1", program())
    stack.init(shipped_files(), {**SETTINGS, **changes})
    stack.set_secret("grafana_token", TOKEN)
    return stack


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
