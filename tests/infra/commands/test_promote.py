"""The commands of a move, over an environment in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.errors import CostError
from infra.commands.promote import promote
from infra.commands.rollback import rollback
from infra.promotion.standing import standing
from infra.stages import Stage
from tests.infra.promotion.simulated import Simulation, simulation

pytestmark = pytest.mark.slow

STACK = """\
config:
  ai-cost-monitoring:gcp_project: acme-costs
  ai-cost-monitoring:aws_scopes: [{id: "111122223333"}]
  ai-cost-monitoring:azure_subscription: 00000000-0000-4000-8000-00000000000a
  ai-cost-monitoring:azure_tenant: 00000000-0000-4000-8000-00000000000b
  ai-cost-monitoring:azure_storage_account: acmecosts
  ai-cost-monitoring:azure_scopes:
    [{id: /subscriptions/00000000-0000-4000-8000-00000000000a}]
  ai-cost-monitoring:gcp_scopes: [{id: 01E214-63C8A3-9E57E3}]
  ai-cost-monitoring:grafana_url: https://acme.grafana.net
  ai-cost-monitoring:monthly_revenue_usd: "25000"
"""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulation]:
    made = simulation()

    def opened(*_: object) -> object:
        return made.environment()

    for command in ("promote", "rollback"):
        monkeypatch.setattr(f"infra.commands.{command}.opened", opened)
    yield made
    made.hub.connection.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(STACK, encoding="utf-8")
    return file


def run(command: str, file: Path, *arguments: str) -> Result:
    door = {"promote": promote, "rollback": rollback}[command]
    return CliRunner().invoke(door, ["--stack", str(file), *arguments])


def test_the_stage_the_reasons_and_the_next_command_are_told_and_nothing_is_changed(
    world: Simulation, file: Path
) -> None:
    told = run("promote", file)
    assert told.exit_code == 0, told.output
    assert told.output.startswith("prod is at 'single'.\n")
    # Three customers beside what is untagged.
    assert "customers in the last 60 days: 3 of 20 (not reached)" in told.output
    assert "monthly recurring revenue: 25,000 of 20,000 USD (reached)" in told.output
    assert "list price a month: single " in told.output
    assert told.output.endswith("Next: python -m infra promote --stack prod --to dual\n")
    assert (world.engine.ups, world.sent) == (0, [])


def test_without_yes_the_steps_are_told_and_nothing_is_done(world: Simulation, file: Path) -> None:
    told = run("promote", file, "--to", "dual")
    assert told.exit_code == 0, told.output
    assert "prod: single to dual\n  1. write down that single to dual begins\n" in told.output
    assert "Add --yes to do it; nothing was changed." in told.output
    assert (world.engine.ups, standing(world.hub).begun) == (0, None)


def test_a_move_is_made_and_the_next_one_told(world: Simulation, file: Path) -> None:
    done = run("promote", file, "--to", "dual", "--yes")
    assert done.exit_code == 0, done.output
    assert done.output.endswith(
        "Next: python -m infra promote --stack prod --to pilot --customer ID\n"
    )
    assert standing(world.hub).stage is Stage.DUAL
    told = run("promote", file)
    assert "AWS: the paths agreed on 0 days in a row, of 2." in told.output


def test_what_blocks_a_move_is_told_and_nothing_is_changed(world: Simulation, file: Path) -> None:
    run("promote", file, "--to", "dual", "--yes")
    told = run("promote", file, "--to", "pilot", "--customer", "acme", "--yes")
    assert isinstance(told.exception, CostError)
    assert "the paths agreed on 0 days in a row, of 2" in str(told.exception)
    assert standing(world.hub).begun is None


def test_one_stage_back_is_one_command_and_before_the_first_there_is_none(
    world: Simulation, file: Path
) -> None:
    run("promote", file, "--to", "dual", "--yes")
    assert "dual to single" in run("rollback", file).output
    assert standing(world.hub).stage is Stage.DUAL
    done = run("rollback", file, "--yes")
    assert done.exit_code == 0, done.output
    assert standing(world.hub).stage is Stage.SINGLE
    assert "there is no stage before it" in str(run("rollback", file, "--yes").exception)
