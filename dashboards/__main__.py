"""The dashboards' door: ``python -m dashboards COMMAND``."""

import sys

import click

from dashboards.commands.build import build
from dashboards.commands.check import check
from dashboards.commands.serve import serve
from handlers.errors import CostError


@click.group(commands=[build, check, serve], context_settings={"max_content_width": 100})
def door() -> None:
    """What people open every morning, as code."""


def main() -> None:
    """Run the door; a user's mistake ends with its message and exit code 1."""
    try:
        door(prog_name="python -m dashboards")
    except CostError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
