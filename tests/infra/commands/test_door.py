import pytest

from infra.__main__ import Door
from tests.infra.commands.conftest import RunInfra

pytestmark = pytest.mark.slow


def test_help_lists_every_command_with_what_it_does(run_infra: RunInfra) -> None:
    answer = run_infra("--help")

    assert answer.returncode == 0
    for name, meaning in Door.COMMANDS.items():
        assert name in answer.stdout
        assert meaning.split(";")[0] in " ".join(answer.stdout.split())


@pytest.mark.parametrize("name", Door.COMMANDS)
def test_every_listed_command_is_there(run_infra: RunInfra, name: str) -> None:
    answer = run_infra(name, "--help")

    assert answer.returncode == 0, answer.stderr
    assert f"python -m infra {name}" in answer.stdout


def test_an_unknown_command_is_refused_by_name(run_infra: RunInfra) -> None:
    answer = run_infra("plane")

    assert answer.returncode == 2
    assert "plane" in answer.stderr
    assert "Traceback" not in answer.stderr
