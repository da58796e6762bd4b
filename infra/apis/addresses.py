"""Where the APIs are, and how a command is told of another address."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from handlers.errors import UsageError

_SAFE = re.compile(r"https://[\w.-]+(:\d{1,5})?|http://(127\.0\.0\.1|localhost)(:\d{1,5})?")

Addresses = Mapping[str, str]

address_option = click.option(
    "--address",
    "changes",
    multiple=True,
    metavar="NAME=URL",
    help="Another address of an API (infra/apis/addresses.toml); may be given more than once.",
)


def addresses(changes: Sequence[str] = ()) -> Addresses:
    """Every API's address by its name, some of them changed by ``NAME=URL``.

    Raises:
        UsageError: a change that names no API or no address that a login may be sent to.
    """
    text = Path(__file__).with_name("addresses.toml").read_text(encoding="utf-8")
    known: dict[str, str] = tomllib.loads(text)
    for change in changes:
        name, _, url = change.partition("=")
        if name not in known:
            raise UsageError(
                f"--address '{change}' names no API that is asked. Allowed: {', '.join(known)}."
            )
        if not _SAFE.fullmatch(url):
            raise UsageError(
                f"--address '{change}' would send a login to '{url}'. Allowed: https://HOST, or "
                "http:// on this machine alone."
            )
        known[name] = url
    return known
