"""Lets in what a browser on this machine asks of this address, and nothing else.

A page of somebody else's that a reader has open can make the browser ask 127.0.0.1: under a name of
its own that leads there (the Host header gives it away), or over a web socket (the Origin does).
See https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin.
"""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What tells the browser to fetch from nowhere else, and to show the pages in no frame."""


def is_welcome(headers: Mapping[str, str], port: int) -> bool:
    """Whether a request names this address, and comes from a page of this address or from none."""
    places = {f"{name}:{port}" for name in NAMES}
    places |= set(NAMES) if port == 80 else set()
    origin = headers.get("origin")
    return headers.get("host", "").lower() in places and (
        origin is None or origin.lower() in {f"http://{place}" for place in places}
    )


class Guard:
    """Answers 403 to what is not welcome; adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not is_welcome(Headers(scope=scope), self._port):
            await self._refuse(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        body = b"The viewer answers under http://127.0.0.1 and http://localhost only.\n"
        head = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": head})
        await send({"type": "http.response.body", "body": body})
