"""Which environment a command is about: the option ``--stack`` of the commands that look at one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from handlers.errors import UsageError
from infra.reading import blank, parts
from infra.settings import Settings
from infra.stack_file import ROOT, read_stack

stack_option = click.option(
    "--stack",
    default="phase1",
    show_default=True,
    metavar="NAME|FILE",
    help="A stack by its name, or its file.",
)


@dataclass(frozen=True)
class Environment:
    """A stack as its file describes it."""

    stack: str
    file: Path
    values: Mapping[str, str]
    settings: Settings
    examples: frozenset[str]
    """Keys that the file does not set, so that an example stands in for the value."""

    def require(self, *keys: str) -> None:
        """Refuse to work with an example.

        Raises:
            UsageError: one of the keys is not set.
        """
        for key in keys:
            if key in self.examples:
                remedy = parts(key, blank(self.values[key]))
                raise UsageError(
                    f"{key} is not set in {self.file.name}. Set it, {remedy}, or name "
                    "another stack with --stack."
                )


def environment(stack: str) -> Environment:
    """The stack with this name, or in this file.

    Raises:
        UsageError: there is no such file, or it is no stack's file.
        ConfigError: every mistake in it.
    """
    named = Path(stack)
    is_file = named.suffix in {".yaml", ".yml"} or named.name != stack
    file = named if is_file else ROOT / f"Pulumi.{stack}.yaml"
    config = read_stack(file)
    settings = Settings.read(config.stack, config.values, None)
    return Environment(config.stack, file, config.values, settings, frozenset(config.examples))
