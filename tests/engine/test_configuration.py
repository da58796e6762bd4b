"""The commands that this product prints about a configuration, typed into the real executable."""

import re
import shlex
import shutil
from collections.abc import Mapping

import pulumi
import pytest

from infra.commands.bootstrap import first_stack
from infra.reading import ConfigError
from infra.settings import Settings
from tests.engine.conftest import ROOT, NewStack
from tests.engine.phase1 import SETTINGS, SUBSCRIPTION, TOKEN, shipped_files
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OTHER = "444455556666"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
MISTAKES: Mapping[str, object] = {
    "gcp_projct": "demo-costs",
    "migrated_customers": ["acme"],
    "grafana": "cloud-run",
    "labels": {"team": "Mine"},
    "notify": ["mailto:a@example.com", "b@example.com"],
    "aws_scopes": [{"id": "12"}, {"id": OTHER}, {"id": OTHER}],
    "azure_scopes": [
        {"id": SCOPE, "adopt": {"export": "old", "storage_account": "theirs"}},
        {"id": SCOPE.upper().replace("SUBSCRIPTIONS", "subscriptions")},
    ],
}
"""One of each kind, and ``grafana_viewers``, a list that is not there; the engine lets them by."""


def read() -> None:
    """What the shipped program does first; a plan of it is a plan of nothing."""
    try:
        Settings.load()
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None


def new_configuration(new_stack: NewStack, name: str, changes: Mapping[str, object]) -> Stack:
    stack = new_stack(name, read)
    stack.init(shipped_files(), {**SETTINGS, **changes})
    stack.set_secret("grafana_token", TOKEN)
    return stack


def test_the_first_page_makes_a_stack_whose_configuration_has_no_mistake(
    new_stack: NewStack,
) -> None:
    stack = new_stack("first", read)
    stack.init(shipped_files())
    stack.run("stack", "rm", "--yes", "--preserve-config")  # what is left is a new state
    _, copy, make = (shlex.split(line) for line in first_stack("demo-costs", "us-central1"))
    shutil.copy(*(stack.project / name for name in copy[1:]))
    assert make[-2] == "--secrets-provider"  # a key of Google's, which is not here
    stack.run(*make[1:-2])

    page = (ROOT / "docs/runbooks/first-result.md").read_text(encoding="utf-8")
    values = {"PROJECT": "demo-costs", "NAME": "democosts", "GUID": SUBSCRIPTION}
    for words in commands(re.sub("PROJECT|NAME|GUID", lambda found: values[found[0]], page)):
        stack.run(*words, input=TOKEN if words[-1] == "grafana_token" else "")
    stack.preview()


def commands(text: str) -> list[list[str]]:
    """Each once: a program that is served from here has its error told twice."""
    lines = dict.fromkeys(line.strip() for line in text.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("pulumi config ")]


def test_what_a_mistake_says_to_type_mends_it(new_stack: NewStack) -> None:
    stack = new_configuration(new_stack, "mended", MISTAKES)
    for words in commands(stack.failing("preview").text):
        stack.run(*words)
    stack.preview()
