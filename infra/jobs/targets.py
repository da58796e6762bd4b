"""Which job a command goes to, and the message that says it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.errors import UsageError
from handlers.messages import OPTIONS, Run, parse
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES, Path
from infra.settings import Job, Settings

OF_A_CLOUD = frozenset({Run.DAILY, Run.COLLECT})
"""What the clouds' jobs do; everything else is the hub's, but for what a cloud is asked."""
OF_A_WAREHOUSE = OF_A_CLOUD | {Run.MIGRATE}
"""What a collector of a cloud's own warehouse does."""
AZURE_NATIVE_SCHEDULE = "0 4 * * *"
"""When the Function App's timer runs (handlers/runtimes/azure.py), as cron writes it."""


@dataclass(frozen=True)
class Target:
    """A job; ``cloud`` is None for the hub's own."""

    job: Job
    cloud: Cloud | None
    path: Path = Path.HUB
    """The hub's job, or the collector of the cloud's own warehouse."""

    @property
    def warehouse(self) -> str:
        """What the hub's ledger calls the tables that it fills."""
        if self.path is Path.HUB or self.cloud is None:
            return HUB_WAREHOUSE
        return NATIVE_WAREHOUSES[self.cloud]


def targets(settings: Settings) -> list[Target]:
    """Every job of the environment: the hub's for each cloud, the clouds' own, the hub's last."""
    hub = settings.stage.fills_hub_path
    known = {
        Cloud.AWS: settings.aws.job if settings.aws and hub else None,
        Cloud.AZURE: settings.azure.job if settings.azure and hub else None,
        Cloud.GCP: settings.gcp.collect_job if Cloud.GCP in settings.clouds else None,
    }
    clouds = [Target(job, cloud) for cloud, job in known.items() if job]
    return [*clouds, *_natives(settings), Target(settings.gcp.hub_job, None)]


def _natives(settings: Settings) -> list[Target]:
    """The collectors of the clouds' own warehouses, where the stage has them."""
    if not settings.stage.fills_native_path:
        return []
    found: list[Target] = []
    if settings.aws:
        found.append(Target(settings.aws.redshift.job, Cloud.AWS, Path.NATIVE))
    if settings.azure:
        job = Job(name=settings.azure.sql.job, schedule=AZURE_NATIVE_SCHEDULE)
        found.append(Target(job, Cloud.AZURE, Path.NATIVE))
    return found


def waves(
    settings: Settings, run: Run, cloud: Cloud | None, path: Path | None = None
) -> list[list[Target]]:
    """The jobs that do ``run``: each wave is sent when the one before has ended.

    Without a ``path`` both are meant, as far as the environment has them.

    Raises:
        UsageError: this environment does not read the cloud's bills, or not on that path.
    """
    jobs = [target for target in targets(settings) if _is_on(target, path)]
    hub = [target for target in jobs if target.cloud is None]
    clouds = [target for target in jobs if target.cloud is not None]
    if cloud is not None and cloud not in {target.cloud for target in clouds}:
        known = ", ".join(str(target.cloud).lower() for target in clouds)
        where = f" on the {path} path" if path else ""
        raise UsageError(
            f"This environment does not read {cloud}'s bills{where}. Allowed: {known or 'none'}."
        )
    mine = [target for target in clouds if cloud in (None, target.cloud)]
    asking = [target for target in mine if target.path is Path.HUB]
    if run is Run.RECONCILE and asking:
        # Only the hub's job for a cloud can ask it; the hub's own compares invoices.
        found = [asking, hub if cloud is None else []]
    elif run in OF_A_CLOUD:
        # The hub's day works on what the clouds' jobs have loaded.
        found = [mine, hub if run is Run.DAILY and cloud is None else []]
    else:
        own = [target for target in mine if target.path is Path.NATIVE and run in OF_A_WAREHOUSE]
        found = [own, [] if own and cloud is not None else hub]
    if not any(found):
        raise UsageError(f"No job of this environment does '{run}' on the path '{path}'.")
    return [each for each in found if each]


def _is_on(target: Target, path: Path | None) -> bool:
    """The hub's own job is on the hub's path."""
    return path is None or target.path is path


def message(
    run: Run, cloud: Cloud | None, periods: Sequence[str], options: Mapping[str, object]
) -> dict[str, object]:
    """The message, as the function will read it; what was not given is left out.

    Raises:
        MessageError: an option that the command does not take, or a value that is not allowed.
        UsageError: a decision about a load, and no cloud whose load it is.
    """
    said: dict[str, object] = {"run": run.value}
    if cloud is not None and "cloud" in OPTIONS[run]:
        said["cloud"] = cloud.lower()
    if periods:
        said["period"] = list(periods)
    said |= {key: value for key, value in options.items() if value not in (None, False)}
    command = parse(json.dumps(said).encode())
    if command.decision is not None and cloud is None:
        raise UsageError("A decision is about a load of one cloud: say which with --cloud.")
    return said
