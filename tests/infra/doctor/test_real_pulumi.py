"""What the doctor asks of the CLI is what the real one answers."""

import json
import subprocess
from pathlib import Path

import pytest

from infra.doctor import pulumi
from tests.engine.stack import executable
from tests.infra.operator import Operator, names

pytestmark = pytest.mark.engine


@pytest.fixture
def project(person: Operator, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped Pulumi.yaml in a folder of its own, with the real executable on the PATH."""
    folder, home = tmp_path / "project", tmp_path / "pulumi-home"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    (person.programs / "pulumi").symlink_to(executable(root))
    monkeypatch.setattr(pulumi, "ROOT", folder)
    person.environment |= {
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase of tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return folder


def test_the_version_and_an_empty_list_of_plugins_are_read(person: Operator, project: Path) -> None:
    assert project.exists()
    assert person.one("Pulumi's CLI").name == "pulumi-cli.ok"
    assert set(names(person.examined("plug-ins"))) == {"pulumi-plugin.missing"}


def test_where_state_is_kept_is_read(person: Operator, project: Path) -> None:
    found = person.one("Pulumi's state")
    assert found.name == "state.file"
    assert str(project.parent) in found.found


def test_a_cli_that_is_logged_in_nowhere_is_told(person: Operator, project: Path) -> None:
    assert project.exists()
    del person.environment["PULUMI_BACKEND_URL"]
    found = person.one("Pulumi's state")
    assert found.name == "state.none"
    assert "PULUMI_ACCESS_TOKEN" in found.found


def test_grafanas_token_is_decrypted_from_the_stacks_file(person: Operator, project: Path) -> None:
    file = person.stack_file()
    # Made as a person makes it; the file is then the one that the doctor is given.
    for arguments in (
        ["stack", "init", "prod"],
        ["config", "set", "--secret", "grafana_token", "wrong-but-readable"],
    ):
        subprocess.run(
            [str(person.programs / "pulumi"), *arguments, "--non-interactive"],
            cwd=project,
            env=person.environment,
            check=True,
            capture_output=True,
        )
    made = (project / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    secret = made.partition("secure: ")[2].split()[0]
    salt = made.partition("encryptionsalt: ")[2].split()[0]
    person.config["grafana_token"] = {"secure": secret}
    person.extra = {"encryptionsalt": salt}
    assert json.loads(file.read_text(encoding="utf-8"))

    # That Grafana refuses it shows that it was read and sent.
    found = person.one("Grafana's token")
    assert found.name == "grafana-token.refused"
    assert "wrong-but-readable" not in str(found)
