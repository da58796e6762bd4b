"""The engine of a stack, through Pulumi's Automation API.

https://www.pulumi.com/docs/iac/automation-api/: the same executable, login and backend that a
person has in this folder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation

from infra.guard.preview import Preview, read_preview
from infra.promotion.environment import EngineFailed
from infra.promotion.stack_keys import read_keys, write_keys
from infra.stages import Stage, keys_of

_LAST_LINES = 12


@dataclass(frozen=True)
class PulumiEngine:
    """The stack ``stack`` of the project in ``folder``; ``say`` gets what the engine prints."""

    stack: str
    folder: Path
    say: Callable[[str], None]

    @property
    def file(self) -> Path:
        """The stack's own file."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def keys(self) -> Mapping[str, object]:
        """See ``Engine``."""
        return read_keys(self.file, keys_of(Stage.SINGLE))

    def write(self, keys: Mapping[str, object]) -> None:
        """See ``Engine``."""
        write_keys(self.file, keys)

    def preview(self) -> str:
        """See ``Engine``."""
        return self._preview()

    def refreshed_preview(self) -> str:
        """The same after a look at what is really there; the state stays as it is.

        Raises:
            EngineFailed: there was nothing to show.
        """
        return self._preview("--refresh")

    def _preview(self, *options: str) -> str:
        printed: list[str] = []
        try:
            self._run(printed.append, "preview", "--json", "--show-sames", *options)
        except automation.CommandError as error:
            # What it found until it failed is what tells why.
            if not printed or not printed[0].startswith("{"):
                raise _failed("The preview", error) from None
        return "\n".join(printed)

    def up(self) -> None:
        """See ``Engine``."""
        try:
            self._selected().up(on_output=self.say, color="never", show_secrets=False)
        except automation.CommandError as error:
            raise _failed("The update", error) from None

    def release(self, urns: Sequence[str]) -> None:
        """See ``Engine``."""
        try:
            self._run(self.say, "state", "unprotect", *urns, "--yes")
        except automation.CommandError as error:
            raise _failed("Taking the protection off", error) from None

    def outputs(self) -> Mapping[str, object]:
        """What the program exports, secrets masked.

        Raises:
            EngineFailed: there is no such stack, or no way to its backend.
        """
        try:
            found = self._selected().outputs()
        except automation.CommandError as error:
            raise _failed("Reading the stack", error) from None
        return {name: each.value for name, each in found.items() if not each.secret}

    def _selected(self) -> automation.Stack:
        return automation.select_stack(self.stack, work_dir=str(self.folder))

    def _run(self, printed: Callable[[str], object], *arguments: str) -> None:
        command = [*arguments, "--stack", self.stack, "--color", "never"]
        automation.PulumiCommand().run(command, str(self.folder), {}, on_output=printed)


def _failed(what: str, error: automation.CommandError) -> EngineFailed:
    """The error for a reader: the reason that the engine gave last."""
    if isinstance(error, automation.ConcurrentUpdateError):
        return EngineFailed(
            f"{what} has to wait: somebody else's update is in progress, or its lock was left"
            " behind (docs/runbooks/interrupted-update.md). Run the same command again then."
        )
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if "error:" in line] or lines
    said = "\n  ".join(reasons[-_LAST_LINES:])
    return EngineFailed(
        f"{what} failed; what was done stays, and the same command goes on:\n  {said}"
    )


def whole_preview(printed: str, what: str) -> Preview:
    """The preview that the engine printed, made to its end.

    Raises:
        EngineFailed: it was not, so that ``what`` can't be told.
    """
    preview = read_preview(printed)
    if preview.errors:
        raise EngineFailed(
            f"The preview of '{preview.stack}' failed, so that {what} can't be told:"
            f" {preview.errors[0]}"
        )
    return preview
