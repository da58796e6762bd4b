"""Bills of a bucket into the embedded warehouse, with a layer under the client that reads them."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from handlers.archive import FolderArchive
from handlers.load.load import Loader, Policy
from handlers.scopes import AwsExport, AwsScope
from handlers.site import load_site
from handlers.sources.aws.s3 import Connection, S3Objects
from handlers.sources.aws.source import AwsSource
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.fakes.moto_server import REGION, aws_client
from tests.handlers.load.runs import NOW, rules_of
from tests.proof.faults.aws import put_under
from tests.proof.faults.bill import PAYER, PERIOD
from tests.proof.faults.layer import Layer

BUCKET = "bills"
"""As the manifests of the sample name it."""

PERIODS: Sequence[date] = (PERIOD,)


@dataclass(frozen=True)
class ReadingCollector:
    """Collects what lies in S3 at ``s3`` into ``folder``/costs.duckdb.

    The bills that it is given are uploaded first, where they are not there yet.
    """

    s3: str
    folder: Path
    site: Path

    def __call__(self, bills: Path, layer: Layer) -> None:
        scope = AwsScope(
            id=PAYER,
            role_arn=f"arn:aws:iam::{PAYER}:role/reader",
            region=REGION,
            bucket=BUCKET,
            prefix="",
            export=AwsExport.CUR2,
        )
        with closing(aws_client("s3", self.s3)) as filling, closing(self._client(layer)) as client:
            _upload(filling, bills)
            objects = S3Objects(Connection(lambda: client, lambda _: None), BUCKET)
            self._load(AwsSource((scope,), lambda _: objects))

    def empty(self) -> None:
        """Remove every bill."""
        with closing(aws_client("s3", self.s3)) as client:
            for key in _keys(client):
                client.delete_object(Bucket=BUCKET, Key=key)

    def _client(self, layer: Layer) -> Any:  # noqa: ANN401 - boto3 makes it at run time
        client = aws_client("s3", self.s3)
        put_under(client, layer)
        return client

    def _load(self, source: AwsSource) -> None:
        store = DuckDbWarehouse(self.folder / "costs.duckdb", wait_seconds=5)
        rules = rules_of(load_site(self.site))
        with store.open() as connection:
            archive = FolderArchive(self.folder / "archive")
            loader = Loader(store, connection, archive, rules, Policy(lambda: NOW))
            for each in source.snapshots(PERIODS):
                loader.load(each)


def _upload(client: Any, bills: Path) -> None:  # noqa: ANN401 - boto3 makes it at run time
    if BUCKET not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
        where = {"LocationConstraint": REGION}
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    there = _keys(client)
    for path in sorted(bills.rglob("*")):
        key = path.relative_to(bills).as_posix()
        if path.is_file() and key not in there:
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())


def _keys(client: Any) -> set[str]:  # noqa: ANN401 - boto3 makes it at run time
    return {each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", ())}
