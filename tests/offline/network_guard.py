"""Refuses every connection and name look-up beyond this machine.

An audit hook sees what Python's own sockets do, whichever library opened them. Native clients
(gRPC's core, a program that is not Python) pass below it; for them the tests' environment names a
proxy at which nobody listens.
"""

import ipaddress
import socket
import sys
from typing import cast

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKS_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class NetworkBlocked(RuntimeError):
    """A test tried to leave this machine.

    Not an OSError on purpose: the clouds' clients retry those for minutes.
    """


def install() -> None:
    """Guard this process from now on; an audit hook can't be taken off again."""
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    if event in _CONNECTS:
        host = _host(arguments[1])
    elif event in _LOOKS_UP:
        host = _text(arguments[0])
    else:
        return
    if not _is_this_machine(host):
        raise NetworkBlocked(f"tests stay on this machine: {event} to {host!r} was refused")


def _host(address: object) -> str:
    """The host of an Internet address; empty for others (a Unix socket's address is a path)."""
    return _text(cast(tuple[object, ...], address)[0]) if isinstance(address, tuple) else ""


def _text(host: object) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")


def _is_this_machine(host: str) -> bool:
    if host in {"", "localhost", socket.gethostname()}:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
