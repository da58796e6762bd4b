"""The engine of a stack, through Pulumi's Automation API."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi import automation

from infra.promotion.environment import EngineFailed


@dataclass(frozen=True)
class PulumiEngine:
    """The stack ``stack`` of the project in ``folder``; ``say`` gets what the engine prints."""

    stack: str
    folder: Path
    say: Callable[[str], None]

    def protected(self) -> Sequence[str]:
        """See ``Engine``."""
        printed: list[str] = []
        self._run("Reading the state", printed.append, "stack", "export")
        deployment: dict[str, Any] = json.loads("\n".join(printed))["deployment"]
        return [one["urn"] for one in deployment.get("resources", []) if one.get("protect")]

    def destroy_unprotected(self) -> None:
        """See ``Engine``."""
        self._run(
            "The removal",
            self.say,
            *("destroy", "--yes", "--exclude-protected", "--skip-preview", "--non-interactive"),
        )

    def _run(self, what: str, printed: Callable[[str], object], *arguments: str) -> None:
        command = [*arguments, "--stack", self.stack]
        try:
            automation.PulumiCommand().run(command, str(self.folder), {}, on_output=printed)
        except automation.CommandError as error:
            lines = [line for line in str(error).splitlines() if "error:" in line]
            raise EngineFailed(
                f"{what} failed; what was done stays, and the same command goes on:\n  "
                + "\n  ".join(lines or [str(error)[-500:]])
            ) from None
