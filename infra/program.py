"""The program that ``pulumi up`` runs, and that plans and tests record."""

import pulumi

from infra.platform import build
from infra.reading import ConfigError
from infra.settings import Settings


def program() -> None:
    """Build the environment that the stack's configuration describes."""
    try:
        settings = Settings.load()
    except ConfigError as error:
        # RunError ends the program with its message alone, without a traceback.
        raise pulumi.RunError(str(error)) from None
    build(settings)
