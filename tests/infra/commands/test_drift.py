import json
import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.errors import CostError
from infra.commands.drift import drift
from tests.infra.guard.previews import document, step, topic

SAME = document(step("same", topic(), topic()))
CHANGED = document(
    step("refresh", topic(), topic()), step("update", topic(), topic(x="1"), diffReasons=["x"])
)
FAILED = document(
    step("same", topic(), topic()),
    diagnostics=[{"severity": "error", "message": "error: the login has expired"}],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: ai-cost-monitoring\nruntime: python\n")
    return tmp_path


def run(folder: Path, believed: str, refreshed: str, *arguments: str | Path) -> Result:
    """The command, where ``pulumi`` shows these two previews."""
    for name, text in (("believed", believed), ("refreshed", refreshed)):
        (folder / name).write_text(text, encoding="utf-8")
    program = folder / "bin" / "pulumi"
    program.parent.mkdir()
    place = shlex.quote(str(folder))
    program.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        "  version*) echo v3.272.0 ;;\n"
        f"  *preview*--refresh*) cat {place}/refreshed ;;\n"
        f"  *preview*) cat {place}/believed ;;\n"
        '  *) echo "error: unknown command: $*" >&2; exit 255 ;;\nesac\n'
    )
    program.chmod(0o755)
    return CliRunner().invoke(
        drift,
        ["--stack", "prod", "--project", str(folder), *map(str, arguments)],
        env={"PATH": f"{program.parent}:{os.environ['PATH']}"},
    )


def test_no_drift_is_exit_code_0(folder: Path) -> None:
    done = run(folder, SAME, SAME)
    assert (done.exit_code, done.output) == (0, "prod: no drift.\n")


def test_drift_is_exit_code_2_with_the_resource_and_as_json_for_the_job(folder: Path) -> None:
    done = run(folder, SAME, CHANGED, "--json", folder / "drift.json")
    assert done.exit_code == 2
    assert "- changed hub-job-topic: gcp:pubsub/topic:Topic (x)" in done.output
    found = json.loads((folder / "drift.json").read_text("utf-8"))
    assert [(one["name"], one["properties"]) for one in found["drifted"]] == [
        ("hub-job-topic", ["x"])
    ]


def test_a_preview_that_failed_is_no_clean_bill(folder: Path) -> None:
    done = run(folder, SAME, FAILED)
    assert isinstance(done.exception, CostError)
    assert "drift can't be told: the login has expired" in str(done.exception)
