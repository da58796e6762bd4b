"""What a function on Google reaches of AWS, on this machine: S3 and STS, with payers' exports."""

from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from handlers.scopes import AwsScope, document

PAYERS = {"444455556666": ("aws-b", "cur2")}
"""One: the emulator never frees what analysing a statement took, and dies of many loads."""


@dataclass(frozen=True)
class NearAws:
    """S3 with an empty bucket for each payer; ``reached`` leads a function's clients there."""

    s3: Any
    reached: Mapping[str, str]

    def upload(self, folder: Path) -> None:
        """Into each payer's bucket, under the names that its manifests give."""
        for payer, (prefix, _) in PAYERS.items():
            for path in sorted((folder / prefix).rglob("*.*")):
                if path.is_file():
                    key = path.relative_to(folder).as_posix()
                    self.s3.upload_file(str(path), _bucket_of(payer), key)


@contextmanager
def aws_nearby() -> Generator[NearAws]:
    """moto's server on a free port."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        address = f"http://{host}:{port}"
        sdk: Any = boto3
        s3 = sdk.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        with closing(s3):
            for payer in PAYERS:
                s3.create_bucket(Bucket=_bucket_of(payer))
            yield NearAws(s3, {"AWS_ENDPOINT_URL": address})
    finally:
        moto.stop()


def _bucket_of(payer: str) -> str:
    return f"billing-{payer}"


def scopes() -> list[dict[str, str]]:
    """The payers' scopes, as a function's environment has them."""
    return [
        document(
            AwsScope,
            id=payer,
            role_arn=f"arn:aws:iam::999900001111:role/reader-of-{payer}",
            region="us-east-1",
            bucket=_bucket_of(payer),
            prefix=prefix,
            export=export,
        )
        for payer, (prefix, export) in PAYERS.items()
    ]
