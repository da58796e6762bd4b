"""``serve``: show the dashboards in a browser, over a warehouse on this machine."""

import contextlib
import os
import socket
import sys
import webbrowser
from errno import EADDRINUSE

import click

from dashboards.commands.hub_options import chosen_hub
from dashboards.documents import documents
from dashboards.viewer.warehouse import PublishedWarehouse
from handlers.commands.options import warehouse_option, warehouse_path
from handlers.errors import UsageError

ADDRESS = "127.0.0.1"
PORT = 8420


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@warehouse_option
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is one.")
def serve(port: int, *, warehouse: str, browser: bool) -> None:
    """Show the dashboards at http://127.0.0.1:PORT, to this machine only, until Ctrl-C."""
    hub = chosen_hub(project="demo-project", dataset="multi_cloud_costs", location="US", clouds=())
    with (
        contextlib.closing(PublishedWarehouse(warehouse_path(warehouse))) as published,
        _listen(port) as listening,
    ):
        # The library of the page takes half a second to import: no other command waits for it.
        from dashboards.viewer.app import run  # noqa: PLC0415

        # The socket listens by now: who comes early waits a moment.
        address = f"http://{ADDRESS}:{port}/"
        click.echo(f"Dashboards: {address} (Ctrl-C ends)")
        if browser and _has_desktop():
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(address)
        run(documents(hub).values(), published, listening, port)


def _listen(port: int) -> socket.socket:
    """A socket that listens on this machine only.

    Raises:
        UsageError: the port is taken, or may not be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen()
    except OSError as error:
        listening.close()
        reason = "is in use" if error.errno == EADDRINUSE else f"can't be had: {error.strerror}"
        raise UsageError(
            f"Port {port} of {ADDRESS} {reason}. One that is free: --port {_free_port()}"
        ) from None
    return listening


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def _has_desktop() -> bool:
    displays = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in {"darwin", "win32"} or any(map(os.environ.get, displays))
