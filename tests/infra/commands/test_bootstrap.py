import os
from pathlib import Path

import pytest

from tests.infra.commands.conftest import RunInfra

# A gcloud that remembers what was created in a file, and refuses to create anything twice.
FAKE = """#!/bin/sh
echo "$@" >> "$FAKE_LOG"
case "$*" in
  *describe*) words=$(echo "$*" | sed 's/.*describe \\([^ ]*\\).*/create \\1/')
    grep -q -- "$words" "$FAKE_MADE" ;;
  *create*) words=$(echo "$*" | sed 's/.*\\(create [^ ]*\\).*/\\1/')
    if [ -n "$FAKE_REFUSE" ]; then echo "PERMISSION_DENIED" >&2; exit 1; fi
    if grep -q -- "$words" "$FAKE_MADE"; then echo "ALREADY_EXISTS" >&2; exit 1; fi
    echo "$words" >> "$FAKE_MADE" ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the fake gcloud was called with, a line a call."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "gcloud"
    program.write_text(FAKE, encoding="utf-8")
    program.chmod(0o755)
    log, made = tmp_path / "calls", tmp_path / "made"
    log.touch()
    made.touch()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(log))
    monkeypatch.setenv("FAKE_MADE", str(made))
    return log


def test_without_run_nothing_is_called_and_every_command_is_printed(
    run_infra: RunInfra, log: Path
) -> None:
    answer = run_infra("bootstrap", "--project", "acme-costs")

    assert answer.returncode == 0, answer.stderr
    assert log.read_text(encoding="utf-8") == ""
    for words in ("kms keyrings create", "kms keys create", "buckets create", "--versioning"):
        assert words in answer.stdout
    assert "--uniform-bucket-level-access --public-access-prevention" in answer.stdout


def test_it_ends_with_the_login_and_the_key_of_the_secrets(run_infra: RunInfra) -> None:
    output = run_infra("bootstrap", "--project", "acme-costs", "--location", "europe-west4").stdout

    login, _, stack = output.splitlines()[-3:]
    assert login == "pulumi login gs://acme-costs-pulumi-state"
    assert stack.endswith(
        "--secrets-provider gcpkms://projects/acme-costs/locations/europe-west4/"
        "keyRings/ai-cost-monitoring/cryptoKeys/pulumi-state"
    )


def test_a_second_run_makes_nothing_twice(run_infra: RunInfra, log: Path) -> None:
    first = run_infra("bootstrap", "--project", "acme-costs", "--run")
    created = [line for line in log.read_text(encoding="utf-8").splitlines() if "create" in line]
    second = run_infra("bootstrap", "--project", "acme-costs", "--run")
    after = [line for line in log.read_text(encoding="utf-8").splitlines() if "create" in line]

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert len(created) == 3  # the ring, the key, the bucket
    assert after == created
    assert second.stdout.count("is there already") == 3


def test_what_gcloud_refuses_is_told_with_its_words(
    run_infra: RunInfra, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_REFUSE", "1")

    answer = run_infra("bootstrap", "--project", "acme-costs", "--run")

    assert answer.returncode == 1
    assert "PERMISSION_DENIED" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "buckets" not in log.read_text(encoding="utf-8")
