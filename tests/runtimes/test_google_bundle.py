"""The bundle itself, made into a function the way Google's buildpack does it, and called by HTTP.

The steps are the buildpack's (cmd/python/functions_framework/main.go and pkg/python/python.go in
https://github.com/GoogleCloudPlatform/buildpacks), with no package index in reach.
"""

import http.client
import json
import os
import socket
import subprocess
import time
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from handlers.record import Cloud
from infra.bundles import BUILD_ENVIRONMENT, ENTRY_POINT, Runtime, build
from infra.bytecode import find_python
from infra.packages import PackagesError
from tests.fakes.metadata import fake_google
from tests.handlers.environments import ACCOUNT, AUDIENCE, of_job
from tests.runtimes.pushes import headers, push

pytestmark = [pytest.mark.runtime, pytest.mark.timeout(300)]

LARGEST_ZIPPED = 60_000_000
MOST_CPU_SECONDS = 0.9
NORMALISED = 315532801
"""The time that the buildpacks' lifecycle gives every file of an image."""


@dataclass(frozen=True)
class Image:
    """What the buildpack leaves: the sources, and the packages in a place of their own."""

    app: Path
    layer: Path

    def environment(self, port: int, changed: dict[str, str]) -> dict[str, str]:
        """What Cloud Run sets, and nothing of this process's own."""
        return {
            "PATH": f"{self.layer}/bin:/usr/bin:/bin",
            "FUNCTION_TARGET": ENTRY_POINT,
            "FUNCTION_SIGNATURE_TYPE": "http",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "K_SERVICE": "aws-daily-etl",
            **of_job(Cloud.AWS, []),
            **changed,
        }

    def start(self, port: int, **changed: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.layer / "bin" / "functions-framework"],
            cwd=self.app,
            env=self.environment(port, changed),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    python = find_python()
    if python is None:
        pytest.fail("Python 3.13 is needed to run the bundle: install it, by pyenv for example.")
    try:
        bundle = build(Runtime.GOOGLE)
    except PackagesError as error:
        pytest.fail(f"Run 'python -m tools.bundles google' once, online: tests are not. {error}")
    assert bundle.zipped < LARGEST_ZIPPED
    folder = tmp_path_factory.mktemp("function")
    made = Image(folder / "workspace", folder / "layer")
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(made.app)
    _as_the_buildpack_does(python, made)
    for path in made.app.rglob("*"):
        os.utime(path, (NORMALISED, NORMALISED))
        path.chmod(0o555 if path.is_dir() else 0o444)
    return made


def _as_the_buildpack_does(python: Path, image: Image) -> None:
    environment = {"PATH": "/usr/bin:/bin", **BUILD_ENVIRONMENT}
    _run([python, "-m", "compileall", "-f", "-q", "."], image.app, environment)
    _run([python, "-m", "venv", image.layer], image.app, environment)
    own = image.layer / "bin" / "python"
    install = [
        *(own, "-m", "pip", "install", "--requirement", "requirements.txt", "--upgrade"),
        *("--upgrade-strategy", "only-if-needed", "--no-warn-script-location"),
        *("--no-warn-conflicts", "--force-reinstall", "--no-compile"),
        *("--disable-pip-version-check", "--no-cache-dir", "--no-index"),
        *("--find-links", BUILD_ENVIRONMENT["GOOGLE_VENDOR_PIP_DEPENDENCIES"]),
    ]
    _run(install, image.app, environment)
    compiled = ("compileall", "--invalidation-mode", "unchecked-hash", "-qq", image.layer / "lib")
    subprocess.run([own, "-m", *compiled], env=environment, check=False)
    _run([own, "-m", "pip", "check"], image.app, environment)


def _run(command: list[str | Path], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def function(image: Image, port: int) -> "Generator[subprocess.Popen[str]]":
    process = image.start(port)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    yield process
    process.terminate()
    process.communicate(timeout=30)


def post(port: int, token: str, body: bytes) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/", body, headers(token))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_deployed_bundle_answers_a_push_and_refuses_a_poison_message(
    image: Image, port: int, function: "subprocess.Popen[str]"
) -> None:
    with fake_google(email=ACCOUNT) as google:
        token = google.token_behind_cloud_run(AUDIENCE)
    status, answer = post(port, token, push({"run": "daily"}))
    assert (status, answer["outcome"]) == (200, "no_data")
    status, answer = post(port, token, push({"run": "drop"}))
    assert status == 400
    assert "'run' is 'drop'" in str(answer["error"])
    status, answer = post(port, "x.y.z", push({"run": "daily"}))
    assert status == 401

    function.terminate()
    output, errors = function.communicate(timeout=30)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line.get("step") for line in lines] == [
        *("started", "finished"),
        *("refused", "refused"),
    ]
    assert {line["job"] for line in lines} == {"aws-daily-etl"}
    assert "Traceback" not in errors
    # Nothing was written, although this may run as root, whom no mode keeps from it.
    assert {path.stat().st_mtime for path in image.app.rglob("*")} == {NORMALISED}


def test_a_mistake_in_the_environment_ends_the_function_before_it_serves(
    image: Image, port: int
) -> None:
    process = image.start(port, COST_SITE="here", COST_JOB="A Job")
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "COST_SITE is 'here'" in errors
    assert "COST_JOB is 'A Job'" in errors


def test_the_functions_own_modules_are_not_compiled_again_at_a_cold_start(image: Image) -> None:
    done = subprocess.run(
        [image.layer / "bin" / "python", "-v", "-c", "import handlers.runtimes.google"],
        cwd=image.app,
        env=image.environment(0, {"PYTHONDONTWRITEBYTECODE": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "code object from" in done.stderr
    compiled = [line for line in done.stderr.splitlines() if "code object from" in line]
    assert [line for line in compiled if "__pycache__" not in line] == []


def test_a_cold_start_and_its_first_answer_take_less_than_nine_tenths_of_a_second_of_cpu(
    port: int, function: "subprocess.Popen[str]"
) -> None:
    with fake_google(email=ACCOUNT) as google:
        token = google.token_behind_cloud_run(AUDIENCE)
    assert post(port, token, push({"run": "daily"}))[0] == 200
    used = cpu_seconds(function.pid)
    assert 0.1 < used < MOST_CPU_SECONDS


def cpu_seconds(pid: int) -> float:
    """What a process and those it started have used so far, in user and in kernel mode."""
    place = Path(f"/proc/{pid}")
    fields = (place / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    started = [path.read_text(encoding="ascii").split() for path in place.glob("task/*/children")]
    return own + sum(cpu_seconds(int(child)) for children in started for child in children)
