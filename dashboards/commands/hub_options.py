"""Options that say which hub is asked."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from handlers.alerts import Hub
from handlers.record import Cloud

Command = TypeVar("Command", bound=Callable[..., None])

_OPTIONS = (
    click.option("--project", default="demo-project", show_default=True, help="The hub's project."),
    click.option("--dataset", default="multi_cloud_costs", show_default=True, help="Its dataset."),
    click.option("--location", default="US", show_default=True, help="Where the dataset is."),
    click.option(
        "--cloud",
        "clouds",
        multiple=True,
        type=click.Choice([cloud.lower() for cloud in Cloud]),
        help="A cloud whose bills are expected; can be given several times. [default: all]",
    ),
)


def hub_options(command: Command) -> Command:
    """Add the options; ``chosen_hub`` takes what they give."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen_hub(*, project: str, dataset: str, location: str, clouds: Sequence[str]) -> Hub:
    """The hub that the options name."""
    expected = tuple(cloud for cloud in Cloud if not clouds or cloud.lower() in clouds)
    return Hub(project=project, dataset=dataset, location=location, clouds=expected)
