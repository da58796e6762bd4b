"""Only a browser on this machine that asks for this address is answered."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from dashboards.viewer.guard import HEADERS, Guard

PORT = 8420


def asked(kind: str, *headers: tuple[str, str], port: int = PORT) -> list[Message]:
    """What the guarded application sends."""
    scope: Scope = {
        "type": kind,
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "websocket.connect" if kind == "websocket" else "http.request"}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    asyncio.run(Guard(PlainTextResponse("in"), port)(scope, receive, send))
    return sent


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost:8420", "LOCALHOST:8420"])
def test_this_address_is_answered_with_headers_that_keep_others_out(host: str) -> None:
    start, *_ = asked("http", ("Host", host))
    headers = {name.decode().title(): value.decode() for name, value in start["headers"]}
    assert start["status"] == 200
    assert {name.title(): value for name, value in HEADERS.items()}.items() <= headers.items()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Host", "evil.example:8420")],
        [("Host", "127.0.0.1.evil.example:8420")],
        [("Host", "127.0.0.1")],
        [("Host", "127.0.0.1:8421")],
        [("Host", "127.0.0.1:8420"), ("Origin", "http://evil.example")],
        [("Host", "127.0.0.1:8420"), ("Origin", "null")],
        [("Host", "127.0.0.1:8420"), ("Origin", "https://127.0.0.1:8420")],
    ],
)
def test_any_other_name_or_origin_is_refused(headers: list[tuple[str, str]]) -> None:
    start, *_ = asked("http", *headers)
    assert start["status"] == 403
    assert asked("websocket", *headers) == [{"type": "websocket.close", "code": 1008}]


def test_port_80_need_not_be_named() -> None:
    assert asked("http", ("Host", "localhost"), port=80)[0]["status"] == 200
