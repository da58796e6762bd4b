"""Azurite, Microsoft's emulator of blob storage, on a free port and in a folder of its own.

Its account and key are the ones that Microsoft publishes for it; they open nothing else:
https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
"""

import base64
import json
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.storage.blob import ContainerClient

from tests.fakes.azure_blobs_http import certificate

ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
STARTS_WITHIN = 30.0


@dataclass(frozen=True)
class Azurite:
    """The running emulator; ``account_url`` is its account's blob endpoint.

    What a test's clients have ``opened`` is closed when the emulator is stopped.
    """

    account_url: str
    opened: ExitStack

    def container(self, name: str) -> ContainerClient:
        """A new container, opened with the development key."""
        key = {"account_name": ACCOUNT, "account_key": DEVELOPMENT_KEY}
        client = ContainerClient(self.account_url, name, credential=key)
        client.create_container()
        return client


def token(expires_in: int = 3600) -> str:
    """A token as Entra would give for storage; azurite reads it and checks no signature."""
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + expires_in,
    }
    head = {"alg": "RS256", "typ": "JWT"}
    return ".".join(_part(json.dumps(each).encode()) for each in (head, claims)) + ".c2lnbmVk"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def running(executable: str, folder: Path) -> Generator[Azurite]:
    """A fresh emulator over TLS, stopped at the end."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = int(held.getsockname()[1])
    process = subprocess.Popen(
        [
            executable,
            "--inMemoryPersistence",
            "--blobHost=127.0.0.1",
            f"--blobPort={port}",
            "--silent",
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--oauth=basic",
            f"--cert={certificate().certificate}",
            f"--key={certificate().key}",
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        with ExitStack() as opened:
            yield Azurite(f"https://127.0.0.1:{port}/{ACCOUNT}", opened)
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
