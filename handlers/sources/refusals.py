"""Bills that are found and can't be read; they don't keep the others from being loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from handlers.errors import BillError
from handlers.record import Cloud
from handlers.scan.text_files import READ_ERRORS, damaged

T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """A bill that can't be read, why, and as much as is known of whose it is.

    ``export`` is the folder of the export it belongs to. ``scope`` is empty and ``period`` None
    where they can't be told.
    """

    cloud: Cloud
    export: Path
    origin: str
    error: BillError
    scope: str = ""
    period: date | None = None


Refuse = Callable[[Refusal], None]
"""What is done with a bill that can't be read, while the others are looked for."""


def raise_refusal(refusal: Refusal) -> None:
    """Let it end the search."""
    raise refusal.error


def attempt(find: Callable[[], T], origin: Path) -> T | BillError:
    """What ``find`` gives; why it can't, where the bill at ``origin`` or its file is at fault."""
    try:
        return find()
    except BillError as error:
        return error
    except READ_ERRORS as error:
        return damaged(origin, error)
