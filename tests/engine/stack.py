"""A stack in a folder of its own, driven by the real ``pulumi`` executable, offline.

Every command runs as a user types it; ``--client`` lets the executable ask this process for the
program, so that no Python language host is needed. State is a file, secrets are encrypted by a
passphrase, and the providers are those of :mod:`tests.engine.provider`.
"""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias, cast

import grpc
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from tests.engine.cloud import Cloud
from tests.engine.provider import OPTIONS

Program: TypeAlias = Callable[[], None]
Json: TypeAlias = dict[str, Any]

SECONDS = 50
STATE_WRITTEN_AT_THE_END: Mapping[str, str] = {
    "PULUMI_EXPERIMENTAL": "true",
    "PULUMI_SKIP_CHECKPOINTS": "true",
}
"""Half of an update's time goes into writing the state after each step, which matters to those
alone that are killed: https://github.com/pulumi/pulumi/issues/10668"""
BUILDS = Path("tools/engines/build.sh")


class PulumiMissing(RuntimeError):
    """There is no executable, and none can be built here."""


class PulumiFailed(AssertionError):
    """A command of the executable failed; the message is all that it said."""


@dataclass(frozen=True)
class Step:
    """One thing that the engine did, or would do."""

    op: str
    urn: str

    @property
    def type(self) -> str:
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def name(self) -> str:
        return self.urn.split("::")[-1]


@dataclass(frozen=True)
class Outcome:
    """What a command answered."""

    succeeded: bool
    text: str
    """Everything that it printed: what a user reads."""
    steps: tuple[Step, ...] = ()
    document: Json = field(default_factory=dict[str, Any])
    """What ``--json`` printed."""

    def counts(self) -> dict[str, int]:
        """How many steps of each kind, those without a change left out."""
        return dict(Counter(step.op for step in self.steps if step.op != "same"))

    def of(self, *ops: str) -> set[str]:
        """The names of the resources with such a step."""
        return {step.name for step in self.steps if step.op in ops}


def executable(root: Path) -> str:
    """The ``pulumi`` on PATH, or else the one in the cache of engines.

    Raises:
        PulumiMissing: Neither; the message says why. A build takes minutes and the network, so a
            test breaks it off.
    """
    found = shutil.which("pulumi")
    if found:
        return found
    build = subprocess.Popen(
        ["sh", str(root / BUILDS), "pulumi"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        path, said = build.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(build.pid, signal.SIGTERM)
        path, said = "", "it is not built yet"
        build.communicate()
    if not path:
        raise PulumiMissing(f"no `pulumi` on PATH; `sh {BUILDS} pulumi`: {said.strip()}")
    return path.strip()


@dataclass
class Stack:
    """One stack: its project folder, its state and the program that describes it."""

    folder: Path
    program: Program
    cloud: Cloud
    pulumi: str
    providers: str
    """The value of PULUMI_DEBUG_PROVIDERS."""
    name: str = "phase1"
    seconds: int = SECONDS
    """How long one command may take."""

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def configuration(self) -> Path:
        return self.project / f"Pulumi.{self.name}.yaml"

    def init(self, files: Mapping[str, str], config: Mapping[str, object] | None = None) -> None:
        """Write the project's files, make the stack, and set what only a test would."""
        for folder in (self.project, self.folder / "home", self.folder / "state"):
            folder.mkdir(parents=True)
        for name, text in files.items():
            (self.project / name).write_text(text, encoding="utf-8")
        self.run("stack", "init", self.name)
        self.configure(config or {})

    def configure(self, values: Mapping[str, object]) -> None:
        """Write settings into the stack's own file, as a person does; None takes one out.

        Not by ``pulumi config set --path``: that stores an account's twelve digits as a number.
        """
        document = cast(Json, yaml.safe_load(self.configuration.read_text(encoding="utf-8")))
        config = cast(Json, document.setdefault("config", {}))
        project = cast(Json, yaml.safe_load((self.project / "Pulumi.yaml").read_text("utf-8")))
        for key, value in values.items():
            name = key if ":" in key else f"{project['name']}:{key}"
            if value is None:
                config.pop(name, None)
            else:
                config[name] = value
        self.configuration.write_text(yaml.safe_dump(document), encoding="utf-8")

    def set_secret(self, key: str, value: str) -> None:
        self.run("config", "set", "--secret", key, input=value)

    def preview(self, *options: str) -> Outcome:
        return self._operate("preview", *options)

    def preview_json(self, *options: str) -> Outcome:
        """``preview --json``: what a review of a pull request reads."""
        with serving(self.program) as address:
            answer = self.run("preview", "--json", *_inline(address), *options)
        document = cast(Json, json.loads(answer.text))
        steps = tuple(Step(step["op"], step["urn"]) for step in document["steps"])
        return Outcome(answer.succeeded, answer.text, steps, document)

    def preview_text(self, *options: str) -> str:
        """What ``preview --json`` prints, also where it fails."""
        with serving(self.program) as address:
            return self.run("preview", "--json", *_inline(address), *options, may_fail=True).text

    def up(self, *options: str) -> Outcome:
        return self._operate("up", "--yes", "--skip-preview", *options)

    def refresh(self, *options: str) -> Outcome:
        return self._operate("refresh", "--yes", "--skip-preview", *options)

    def destroy(self, *options: str) -> Outcome:
        # With its preview, as a person runs it: without, it deletes up to the first refusal.
        return self._operate("destroy", "--yes", *options)

    def failing(self, operation: str, *options: str) -> Outcome:
        """The same, where it has to fail."""
        flags = {"preview": (), "destroy": ("--yes",)}.get(operation, ("--yes", "--skip-preview"))
        outcome = self._operate(operation, *flags, *options, may_fail=True)
        assert not outcome.succeeded, outcome.text
        return outcome

    def killed_up(self, name: str) -> None:
        """An ``up`` whose process dies when a resource is made and before it can note that."""
        with serving(self.program) as address:
            process = subprocess.Popen(
                [
                    self.pulumi,
                    *("up", "--yes", "--skip-preview", "--non-interactive"),
                    *_inline(address),
                ],
                cwd=self.project,
                env={
                    name: value
                    for name, value in self.environment().items()
                    if name not in STATE_WRITTEN_AT_THE_END
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self.cloud.after_creating(name, process.kill)
            assert process.wait(SECONDS) == -signal.SIGKILL

    def resources(self) -> dict[str, Json]:
        """What state knows, by URN."""
        # Not by `pulumi stack export`, which says the same and takes half a second to start.
        state: Json = json.loads(self.state_text())
        latest: Json = state["checkpoint"].get("latest") or {}
        return {resource["urn"]: resource for resource in latest.get("resources", [])}

    def state_text(self) -> str:
        """The state file, as it lies there."""
        [file] = (self.folder / "state" / ".pulumi" / "stacks").glob(f"*/{self.name}.json")
        return file.read_text(encoding="utf-8")

    def run(self, *arguments: str, input: str = "", may_fail: bool = False) -> Outcome:
        """One command of the executable.

        Raises:
            PulumiFailed: It failed though it may not.
        """
        done = subprocess.run(
            [self.pulumi, *arguments, "--non-interactive", "--color", "never"],
            cwd=self.project,
            env=self.environment(),
            input=input,
            capture_output=True,
            text=True,
            timeout=self.seconds,
            check=False,
        )
        if done.returncode and not may_fail:
            raise PulumiFailed(f"pulumi {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        whole = (
            done.stdout if done.returncode == 0 and not done.stderr else done.stdout + done.stderr
        )
        return Outcome(done.returncode == 0, whole)

    def _operate(self, *arguments: str, may_fail: bool = False) -> Outcome:
        log = self.folder / "events.jsonl"
        log.unlink(missing_ok=True)
        with serving(self.program) as address:
            answer = self.run(
                *arguments, "--event-log", str(log), *_inline(address), may_fail=may_fail
            )
        return Outcome(answer.succeeded, answer.text, tuple(_steps(log)))

    def environment(self) -> dict[str, str]:
        """What the executable runs with: its own home and state, and nobody's login."""
        kept = ("PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "TMPDIR")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(self.folder / "home"),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase of tests",
            "PULUMI_DEBUG_PROVIDERS": self.providers,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **STATE_WRITTEN_AT_THE_END,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Commands live for seconds: a quarter of a short one's time went into saving memory.
            "GOGC": "400",
            # Lets the executable write its event log, from which the steps are read.
            "PULUMI_DEBUG_COMMANDS": "true",
        }


def _inline(address: str) -> Sequence[str]:
    return ("--client", address, "--exec-kind", "auto.inline")


class _Language(LanguageServer):
    """Runs the program whenever the executable asks for it."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.busy = Lock()

    def Run(  # noqa: N802 (the protocol's name)
        self, request: language_pb2.RunRequest, context: object
    ) -> language_pb2.RunResponse:
        run = cast(Callable[[object, object], language_pb2.RunResponse], super().Run)
        with self.busy:
            try:
                return run(request, context)
            except grpc.RpcError:
                return language_pb2.RunResponse()  # nobody is left to read it


@contextmanager
def serving(program: Program) -> Generator[str]:
    """Let the executable ask this process for the program; the address where it does."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=OPTIONS)
    language = _Language(program)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(language, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with _broken_off_runs_swept_up():
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(0).wait()
            if language.busy.acquire(timeout=SECONDS):
                language.busy.release()


@contextmanager
def _broken_off_runs_swept_up() -> Generator[None]:
    """Drop what the SDK leaves behind when the engine breaks a program off.

    Its server then loses the event loop without closing it; found by the garbage collector
    during some later test, it would fail that one.
    """
    before = sys.unraisablehook
    leftovers = (ResourceWarning, RuntimeError, RuntimeWarning)

    def sweep(found: "sys.UnraisableHookArgs") -> None:
        if not issubclass(found.exc_type, leftovers):
            before(found)

    sys.unraisablehook = sweep
    try:
        yield
    finally:
        gc.collect()
        sys.unraisablehook = before


def _steps(log: Path) -> Iterator[Step]:
    if not log.exists():
        return
    for line in log.read_text(encoding="utf-8").splitlines():
        event = cast(Json, json.loads(line)).get("resourcePreEvent")
        if event:
            yield Step(event["metadata"]["op"], event["metadata"]["urn"])
