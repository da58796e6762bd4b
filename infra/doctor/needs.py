"""What the login that deploys must be allowed to do, as data (needs.toml)."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.grafana_settings import Login
from infra.native_settings import CollectorRuntime
from infra.stages import Phase


def needs(
    cloud: str,
    phase: Phase = Phase.HUB,
    runtime: CollectorRuntime = CollectorRuntime.FUNCTION,
    grafana: Login = Login.KEY,
) -> Sequence[Mapping[str, Any]]:
    """The entries of a cloud in that phase, by what its daily runs and Grafana are.

    What an entry holds is said in the file.
    """
    text = Path(__file__).with_name("needs.toml").read_text(encoding="utf-8")
    found: Sequence[Mapping[str, Any]] = tomllib.loads(text)[cloud]
    return [entry for entry in found if concerns(entry, phase, runtime, grafana)]


def concerns(
    entry: Mapping[str, Any], phase: Phase, runtime: CollectorRuntime, grafana: Login
) -> bool:
    """Whether an entry is about such an environment; it may name a phase, a runtime, a login."""
    return (
        entry.get("phase", Phase.HUB) <= phase
        and entry.get("runtime", runtime) == runtime
        and entry.get("grafana", grafana) == grafana
    )
