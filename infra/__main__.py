"""The platform's door: ``python -m infra COMMAND``."""

import importlib
import sys
from typing import ClassVar

import click

from handlers.errors import CostError
from infra.reading import ConfigError


class Door(click.Group):
    """A group whose commands are imported when they are called, so that each starts quickly."""

    COMMANDS: ClassVar[dict[str, str]] = {
        "plan": "Show what would be created and what it would cost a month; needs no account.",
        "cost": "Show what the platform itself costs, estimated or as it was billed.",
        "request": "Print what the clouds' administrators must grant, as text and commands.",
        "bootstrap": "Make the bucket and the key of Pulumi's state, and print how to log in.",
        "doctor": "Check an environment, before and after it was made; changes nothing.",
        "run": "Send a job a message, and follow what becomes of it.",
        "promote": "Show the stage from phase 1 to phase 2, or move to the next.",
        "rollback": "Take an environment one stage back.",
        "guard": "Judge a preview, and write what it would do as a comment for its reviewer.",
        "drift": "Report what was changed behind Pulumi's back; changes nothing.",
        "upgrade": "Show what this version would change, and the dollars it would move.",
        "uninstall": "Take an environment down; what holds data stays, after last copies.",
        "status": "Show each job's last load, its next run and what is awaited.",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a newcomer meets them."""
        del ctx
        return list(self.COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        del ctx
        if cmd_name not in self.COMMANDS:
            return None
        module = importlib.import_module(f"infra.commands.{cmd_name}")
        return getattr(module, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self.COMMANDS.items()))


@click.group(cls=Door, context_settings={"max_content_width": 100})
def door() -> None:
    """The platform before and after ``pulumi up``."""


def main() -> None:
    """Run the door; a user's mistake ends with its message and exit code 1."""
    try:
        door(prog_name="python -m infra")
    except (ConfigError, CostError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
