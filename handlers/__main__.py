"""The collector's door: ``python -m handlers COMMAND``."""

import importlib
import sys
from typing import ClassVar

import click

from handlers.commands.visible import visible
from handlers.errors import CostError


class Door(click.Group):
    """A group whose commands are imported when they are called, so that each starts quickly."""

    COMMANDS: ClassVar[dict[str, str]] = {
        "collect": "Load bills into the warehouse.",
        "costs": "Show costs by any of the dimensions.",
        "ledger": "Show what each load did.",
        "unknown": "Show dollars that no rule names, with a rule to add.",
        "lines": "Go from a row of the table to its bill lines.",
        "reconcile": "Compare what clouds and invoices say with what was loaded.",
        "verify": "Compare the clouds' consoles with what was loaded, page by page.",
        "parity": "Compare the two paths of an environment that changes its warehouses.",
        "anomalies": "Find days that cost unusually much or little.",
        "alerts": "Ask the alert rules what fires.",
        "share": "Write each customer's own rows, a folder for each.",
        "offboard": "End a customer: a last share, then out of shares and budgets.",
        "forget": "Replace a customer's name by a tombstone; its dollars stay.",
        "classify": "Name the SKUs of a CSV file.",
        "site": "Check, show and change the site data.",
        "sample": "Write sample bills of three clouds.",
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
        module = importlib.import_module(f"handlers.commands.{cmd_name}")
        return getattr(module, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self.COMMANDS.items()))


@click.group(cls=Door, context_settings={"max_content_width": 100})
def door() -> None:
    """What AI costs on AWS, Azure and Google Cloud, to the cent, from the clouds' own bills."""


def main() -> None:
    """Run the door; a user's mistake ends with its message and exit code 1."""
    try:
        door(prog_name="python -m handlers")
    except CostError as error:
        click.echo(f"error: {visible(str(error))}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


if __name__ == "__main__":
    main()
