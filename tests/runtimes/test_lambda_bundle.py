"""The bundle itself starts as Lambda starts it, with nothing beside it but Python's own library."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.aws.collector import HANDLER
from infra.bundles import Runtime, build
from infra.bytecode import find_python
from infra.packages import PackagesError
from tests.handlers.runtimes.test_aws import environment

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(120)]

START = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
module, name = sys.argv[2].rsplit(".", 1)
handle = getattr(importlib.import_module(module), name)
importlib.import_module("handlers.runtimes.aws_clients")
class Context:
    aws_request_id = "r"
    def get_remaining_time_in_millis(self):
        return 1000
try:
    handle({"run": "dance"}, Context())
except Exception as error:
    print(type(error).__name__)
where = {getattr(each, "__file__", None) for each in sys.modules.values()} - {None}
packages = [file for file in where if "site-packages" in file]
print(json.dumps(packages))
"""


def test_the_bundle_starts_with_nothing_beside_it(tmp_path: Path) -> None:
    python = find_python()
    if python is None:
        pytest.fail("Python 3.13 is needed to run the bundle: install it, by pyenv for example.")
    try:
        bundle = build(Runtime.AWS)
    except PackagesError as error:
        pytest.fail(f"Run 'python -m tools.bundles aws' once, online: tests are not. {error}")
    assert bundle.unpacked < 250_000_000
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(tmp_path)
    ran = subprocess.run(
        [python, "-I", "-S", "-c", START, tmp_path, HANDLER],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *lines, raised, packages = ran.stdout.splitlines()
    assert (raised, json.loads(packages)) == ("MessageError", [])
    (line,) = map(json.loads, lines)
    assert (line["step"], line["severity"], line["job"]) == ("refused", "ERROR", "aws-native-etl")
