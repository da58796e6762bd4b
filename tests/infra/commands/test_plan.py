import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from tests.infra.commands.conftest import RunInfra

pytestmark = pytest.mark.slow

TOKEN = "glsa-never-to-be-printed"
AMOUNT = r"-?[\d,]+\.\d\d"


def amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def tree_of(output: str) -> list[str]:
    return [line for line in output.splitlines() if "─ " in line]


def stack_file(folder: Path, **config: object) -> Path:
    file = folder / "Pulumi.prod.yaml"
    keys = {f"ai-cost-monitoring:{key}": value for key, value in config.items()}
    # JSON is YAML.
    file.write_text(json.dumps({"config": keys}), encoding="utf-8")
    return file


def test_phase_1_is_planned_without_an_account(run_infra: RunInfra) -> None:
    answer = run_infra("plan", "--phase", "1")

    assert answer.returncode == 0, answer.stderr
    assert "25 to 35" in answer.stdout
    assert "not in the sum" not in answer.stdout, "a type is without a price"


def test_the_tree_nests_each_resource_in_its_component(run_infra: RunInfra) -> None:
    tree = tree_of(run_infra("plan", "--phase", "1").stdout)

    jobs = [line for line in tree if "gcp:cloudscheduler/job:Job" in line]
    assert len(jobs) == 4  # one for each of three clouds, one for the hub
    assert all(line.startswith(("│  ", "   ")) for line in jobs)
    warehouse = next(n for n, line in enumerate(tree) if "gcp:Warehouse" in line)
    assert tree[warehouse].startswith(("├─ ", "└─ "))
    assert tree[warehouse + 1].startswith(("│  ├─ gcp:bigquery", "   ├─ gcp:bigquery"))


def test_the_components_add_up_to_the_sum_and_the_total(run_infra: RunInfra) -> None:
    output = run_infra("plan", "--phase", "1").stdout

    components = re.findall(rf"^\S+:\S+ .* ({AMOUNT})$", output, flags=re.MULTILINE)
    given = re.findall(rf"^  given away: .* ({AMOUNT})$", output, flags=re.MULTILINE)
    shown = re.findall(rf"^(?:Sum|Total a month) +({AMOUNT})$", output, flags=re.MULTILINE)
    gross, total = map(amount, shown)
    cents = Decimal("0.005") * (len(components) + len(given) + 1)
    assert components
    assert abs(sum(map(amount, components)) - gross) <= cents
    assert abs(gross + sum(map(amount, given)) - total) <= cents


def test_the_same_stack_gives_the_same_plan(run_infra: RunInfra) -> None:
    assert run_infra("plan").stdout == run_infra("plan").stdout


def test_a_cloud_that_is_not_chosen_is_neither_planned_nor_priced(
    run_infra: RunInfra, tmp_path: Path
) -> None:
    file = stack_file(tmp_path, phase=1, clouds=["gcp"], gcp_project="acme-costs")

    output = run_infra("plan", "--stack", file).stdout

    assert "from the configuration of 'prod'" in output
    assert "ai-cost-monitoring:gcp:Warehouse" in output
    assert "aws:" not in output
    assert "azure-native:" not in output
    assert "gcp_project" not in output.splitlines()[1], "no example stands in for what is set"


@pytest.mark.parametrize(
    ("config", "told"),
    [({"gcp_project": "acme"}, "gcp_project: is 'acme'"), ({"clodus": []}, "'clouds' meant")],
)
def test_a_mistake_in_the_stack_is_told_without_a_traceback(
    run_infra: RunInfra, tmp_path: Path, config: dict[str, object], told: str
) -> None:
    answer = run_infra("plan", "--stack", stack_file(tmp_path, **config))

    assert answer.returncode == 1
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_token_is_never_printed(run_infra: RunInfra, tmp_path: Path) -> None:
    file = stack_file(tmp_path, grafana_token=TOKEN, grafana_url="https://grafana.example.com")

    answer = run_infra("plan", "--stack", file)

    assert answer.returncode == 0, answer.stderr
    assert TOKEN not in answer.stdout + answer.stderr


def test_phase_2_is_priced_within_what_was_expected_and_its_mistakes_apart(
    run_infra: RunInfra,
) -> None:
    answer = run_infra("plan", "--phase", "2")

    assert answer.returncode == 0, answer.stderr
    assert "not in the sum" not in answer.stdout, "a type is without a price"
    assert "90 to 150" in answer.stdout
    [total] = re.findall(rf"^Total a month +({AMOUNT})$", answer.stdout, flags=re.MULTILINE)
    assert 90 <= amount(total) <= 150
    # 288 wake-ups a day of a minute with 4 RPUs at 0.375 USD an hour: 30.4 days of 7.20 USD.
    [refresh] = re.findall(rf"({AMOUNT})  a forgotten auto-refresh", answer.stdout)
    assert abs(amount(refresh) - Decimal("218.88")) < 1
    # The usage limit: 12 RPU-hours a day.
    [most] = re.findall(rf"({AMOUNT})  the most that Redshift can cost", answer.stdout)
    assert amount(most) == Decimal("136.80")
