"""The engines of the demo: the real one over clouds in memory, and one that only remembers."""

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from handlers.record import Cloud
from handlers.serving import Path as ServingPath
from infra.promotion.pulumi_engine import PulumiEngine
from infra.stages import Stage, keys_of
from tests.engine.cloud import Cloud as CloudInMemory
from tests.engine.login import logged_in
from tests.engine.phase2 import new_environment
from tests.engine.provider import serve
from tests.engine.stack import STATE_WRITTEN_AT_THE_END, Program, Stack, executable
from tests.infra.promotion.simulated import SimulatedEngine
from tests.migration.collectors import Job

_ROOT = Path(__file__).resolve().parents[2]

_IN_ONE_GO = {
    **STATE_WRITTEN_AT_THE_END,
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    "GOGC": "400",
}
"""Nobody kills the engine here."""

_FUNCTION = "gcp:cloudfunctionsv2/function:Function"
_JOBS: Mapping[Job, tuple[str, str]] = {
    (ServingPath.HUB, Cloud.AWS): (_FUNCTION, "aws-daily-etl"),
    (ServingPath.HUB, Cloud.AZURE): (_FUNCTION, "azure-daily-etl"),
    (ServingPath.NATIVE, Cloud.AWS): ("aws:lambda/function:Function", "aws-native-etl"),
    (ServingPath.NATIVE, Cloud.AZURE): ("azure-native:web:WebApp", "democosts-collector"),
}
"""What runs each collector: its type, and the end of its id in the cloud."""


@dataclass
class RememberedEngine(SimulatedEngine):
    """Deploys what the keys say, at once: for a look at everything but the infrastructure."""

    def jobs(self) -> frozenset[Job]:
        """See ``collectors.Deployed``."""
        deployed = self.deployed
        hub = deployed["phase"] == 1 or deployed["dual_run"]
        fills = {ServingPath.HUB: hub, ServingPath.NATIVE: deployed["phase"] == 2}
        return frozenset(job for job in _JOBS if fills[job[0]])


@dataclass(frozen=True)
class RealEngine(PulumiEngine):
    """The real one; the collectors are those that it has made in its clouds."""

    clouds: CloudInMemory

    def jobs(self) -> frozenset[Job]:
        """See ``collectors.Deployed``."""
        there = {(kind, name.rpartition("/")[2]) for kind, name in self.clouds.things}
        return frozenset(job for job, thing in _JOBS.items() if thing in there)


@contextmanager
def real_engine(folder: Path, say: Callable[[str], None]) -> Generator[RealEngine]:
    """A stack of the shipped program in phase 1, which is deployed, for whoever is logged in.

    Raises:
        PulumiMissing: there is no executable of Pulumi.
    """
    pulumi = executable(_ROOT)
    with ExitStack() as running:

        def new(name: str, program: Program) -> Stack:
            clouds = CloudInMemory()
            servers, places = serve(clouds)
            for server in servers:
                running.callback(server.stop, 0)
            return Stack(folder / name, program, clouds, pulumi, places)

        stack = new_environment(new)
        variables = running.enter_context(logged_in(stack))
        running.enter_context(_environment({**variables, **_IN_ONE_GO}))
        engine = RealEngine(stack.name, stack.project, _silently, stack.cloud)
        engine.write(keys_of(Stage.SINGLE))
        say(f"pulumi up: the stack '{engine.stack}' in phase 1")
        engine.up()
        say(f"{len(stack.cloud.things)} things are there.")
        yield engine


def _silently(_line: str) -> None:
    """Print none of the engine's lines: there are hundreds."""


@contextmanager
def _environment(variables: Mapping[str, str]) -> Generator[None]:
    """Let this process have ``variables`` as well."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
