"""The viewer as an application, and the server that runs it."""

import contextlib
import socket
from collections.abc import Iterable
from importlib.resources import files

import uvicorn
from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from dashboards.viewer.address import read_address
from dashboards.viewer.controls import tag
from dashboards.viewer.guard import Guard
from dashboards.viewer.model import read_dashboard
from dashboards.viewer.page import Page, Site, utc_now
from dashboards.viewer.warehouse import PublishedWarehouse

NAME = "AI costs"
STATIC = "/viewer"


def run(
    documents: Iterable[str], warehouse: PublishedWarehouse, listening: socket.socket, port: int
) -> None:
    """Answer on ``listening`` until Ctrl-C."""
    dashboards = {each.uid: each for each in map(read_dashboard, documents)}
    config = uvicorn.Config(
        application(Site(dashboards, warehouse, utc_now), port),
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def application(site: Site, port: int) -> ASGIApp:
    """All pages: ``/`` leads to the first dashboard, ``/d/<uid>`` is one."""
    first = next(iter(site.dashboards))
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @outer.get("/")
    def home() -> Response:
        return RedirectResponse(f"/d/{first}")

    nicegui_app.add_static_files(STATIC, str(files("dashboards.viewer").joinpath("static")))
    ui.add_head_html(
        f'<link rel="stylesheet" href="{STATIC}/viewer.css">'
        f'<script src="{STATIC}/viewer.js"></script>',
        shared=True,
    )

    @ui.page("/d/{uid}", response_timeout=30)
    @ui.page("/d/{uid}/{name}", response_timeout=30)
    def dashboard(request: Request, uid: str) -> None:
        found = site.dashboards.get(uid)
        if found is None:
            tag("h1", "title", "There is no such dashboard")
            tag("a", "tab", "All dashboards", {"href": "/"})
            return
        ui.page_title(f"{found.title} · {NAME}")
        Page(site, found, read_address(request.query_params.multi_items())).build()

    ui.run_with(  # pyright: ignore[reportUnknownMemberType]
        outer,
        title=NAME,
        language="en-US",
        dark=True,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10,
    )
    return Guard(outer, port)
