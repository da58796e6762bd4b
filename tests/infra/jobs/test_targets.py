"""Who is asked for a reconciliation: only a cloud's job in the hub can ask that cloud."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from handlers.messages import Run
from handlers.record import Cloud
from infra.jobs.targets import waves
from infra.settings import Settings
from infra.stages import Stage, keys_of
from tests.infra.test_phase2 import DETAIL
from tests.infra.test_settings import OWN

AWS, AZURE, GCP, HUB = "aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"


def sent(root: Path, stage: Stage, cloud: Cloud | None) -> Sequence[Sequence[str]]:
    """The jobs' names, wave by wave."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    shipped = {
        key: entry["default"] if isinstance(entry["default"], str) else json.dumps(entry["default"])
        for key, entry in project["config"].items()
        if "default" in entry
    }
    keys = {key: json.dumps(value) for key, value in keys_of(stage, ["acme"]).items()}
    settings = Settings.read("test", {**shipped, **OWN, **DETAIL, **keys}, None)
    return [[each.job.name for each in wave] for wave in waves(settings, Run.RECONCILE, cloud)]


@pytest.mark.parametrize("stage", [Stage.SINGLE, Stage.DUAL, Stage.ALL])
def test_a_cloud_is_asked_by_the_hubs_job_for_it_and_invoices_are_the_hubs(
    root: Path, stage: Stage
) -> None:
    assert sent(root, stage, Cloud.AWS) == [[AWS]]
    assert sent(root, stage, None) == [[AWS, AZURE, GCP], [HUB]]


def test_where_the_clouds_job_is_retired_the_hubs_own_compares_invoices(root: Path) -> None:
    assert sent(root, Stage.NATIVE, Cloud.AWS) == [[HUB]]
    assert sent(root, Stage.NATIVE, None) == [[GCP], [HUB]]
