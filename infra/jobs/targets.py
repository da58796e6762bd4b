"""Which job a command goes to, and the message that says it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.errors import UsageError
from handlers.messages import OPTIONS, Run, parse
from handlers.record import Cloud
from infra.settings import Job, Settings

OF_A_CLOUD = frozenset({Run.DAILY, Run.COLLECT})
"""What the clouds' own jobs do; everything else is the hub's."""


@dataclass(frozen=True)
class Target:
    """A job; ``cloud`` is None for the hub's own."""

    job: Job
    cloud: Cloud | None


def targets(settings: Settings) -> list[Target]:
    """Every job of the environment, by the hour at which they run: the hub's last."""
    known = {
        Cloud.AWS: settings.aws.job if settings.aws else None,
        Cloud.AZURE: settings.azure.job if settings.azure else None,
        Cloud.GCP: settings.gcp.collect_job if Cloud.GCP in settings.clouds else None,
    }
    clouds = [Target(job, cloud) for cloud, job in known.items() if job]
    return [*clouds, Target(settings.gcp.hub_job, None)]


def waves(settings: Settings, run: Run, cloud: Cloud | None) -> list[list[Target]]:
    """The jobs that do ``run``: each wave is sent when the one before has ended.

    Raises:
        UsageError: this environment does not read the cloud's bills.
    """
    jobs = targets(settings)
    hub = [target for target in jobs if target.cloud is None]
    clouds = [target for target in jobs if target.cloud is not None]
    if cloud is not None and cloud not in {target.cloud for target in clouds}:
        known = ", ".join(str(target.cloud).lower() for target in clouds)
        raise UsageError(f"This environment does not read {cloud}'s bills. Allowed: {known}.")
    if run not in OF_A_CLOUD:
        return [hub]
    if cloud is not None:
        return [[target for target in clouds if target.cloud is cloud]]
    # The hub's day works on what the clouds' jobs have loaded.
    return [clouds, hub] if run is Run.DAILY else [clouds]


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
