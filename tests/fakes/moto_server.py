"""moto's server for S3 and STS on a free port, and boto3's clients of it."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


@contextmanager
def moto_server() -> Generator[str]:
    """The server's address; what tests before it made is still there."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def aws_client(service: str, address: str) -> Any:  # noqa: ANN401 - boto3 makes them at run time
    """A client of ``service`` at that address."""
    sdk: Any = boto3
    return sdk.client(
        service,
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
