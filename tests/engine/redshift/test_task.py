"""The container's own command, in a process of its own: bills in S3, rows in Redshift, exit codes.

The hub is away throughout, as a load has to bear; what the hub is told is test_lambda's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from handlers.native_names import NativeName
from handlers.runtimes.task import DONE, WRONG
from handlers.settings import Name
from handlers.tables import FACTS
from tests.engine.redshift.bills import stated, totals, upload
from tests.engine.redshift.native import Native
from tests.engine.redshift.test_door import ARCHIVE, buckets
from tests.engine.redshift.test_lambda import environment
from tests.fakes.storage_server import fake_storage

pytestmark = [pytest.mark.engine, pytest.mark.timeout(280)]

__all__ = ["buckets"]

MONTHS = '{"run": "collect", "period": "2026-10..2026-11"}'


def run(env: Mapping[str, str], message: str) -> tuple[int, list[dict[str, object]]]:
    """The exit code and the lines of the log."""
    ended = subprocess.run(
        [sys.executable, "-m", "handlers.runtimes.task", message],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.usefixtures("buckets")
def test_the_task_loads_the_bills_in_s3_while_the_hub_is_away(
    root: Path, native: Native, s3_address: str, ten_days: Path
) -> None:
    upload(ten_days, native.s3)
    with fake_storage("site") as store:
        for path in (ten_days / "site").rglob("*.*"):
            name = path.relative_to(ten_days / "site").as_posix()
            store.put("site", f"company/{name}", path.read_bytes())
        env = {
            **environment(root),
            Name.ARCHIVE.value: f"s3://{ARCHIVE}/loads",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": s3_address,
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": native.fake.url,
            "STORAGE_EMULATOR_HOST": store.url,
            "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9",
        }
        wrong, lines = run(env | {NativeName.REDSHIFT_ROLE.value: "me"}, MONTHS)
        assert wrong == WRONG
        assert "COST_REDSHIFT_ROLE is 'me'" in str(lines[0]["message"])

        code, lines = run(env, MONTHS)
        assert code == DONE, lines
        assert totals(native.rows(FACTS)) == stated(ten_days)
        assert (lines[-1]["step"], lines[-1]["outcome"]) == ("finished", "loaded")
        assert lines[-1]["job"] == "aws-native-etl"
