"""An archive in S3 only ever grows, and says when it can't."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.archive import ArchiveError
from handlers.archive.s3 import S3Archive
from handlers.errors import BillError, UsageError
from tests.fakes.moto_server import REGION, aws_client, moto_server

BUCKET = "archive-in-s3"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with moto_server() as address:
        client = aws_client("s3", address)
        where = {"LocationConstraint": REGION}
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        yield client
        client.close()


def written(archive: S3Archive, content: bytes) -> Path:
    file = archive.folder / "new"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_what_is_kept_comes_back_and_is_kept_once(s3: Any, tmp_path: Path) -> None:  # noqa: ANN401
    archive = S3Archive(s3, f"s3://{BUCKET}/loads/", tmp_path / "a")
    for _ in range(2):
        file = written(archive, b"lines")
        archive.keep(file, "aws/1.parquet")
        assert not file.exists()
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="loads/aws/")["Contents"]
    assert [each["Key"] for each in listed] == ["loads/aws/1.parquet"]
    other = S3Archive(s3, f"s3://{BUCKET}/loads", tmp_path / "b")
    assert other.fetch("aws/1.parquet").read_bytes() == b"lines"
    assert other.fetch("aws/1.parquet") == tmp_path / "b" / "aws" / "1.parquet"


def test_another_content_under_the_same_name_is_refused_and_changes_nothing(
    s3: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    archive = S3Archive(s3, f"s3://{BUCKET}", tmp_path)
    archive.keep(written(archive, b"first"), "x.parquet")
    with pytest.raises(ArchiveError, match=r"x.parquet has 5 bytes that are not those"):
        archive.keep(written(archive, b"second"), "x.parquet")
    assert s3.get_object(Bucket=BUCKET, Key="x.parquet")["Body"].read() == b"first"


def test_what_is_not_there_and_who_is_not_there_are_different_errors(
    s3: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    with pytest.raises(BillError, match=r"missing.parquet: The archive file is not there"):
        S3Archive(s3, f"s3://{BUCKET}", tmp_path).fetch("missing.parquet")
    nowhere = S3Archive(s3, "s3://no-such-bucket", tmp_path)
    with pytest.raises(ArchiveError, match=r"S3 does not do it .* try again"):
        nowhere.keep(written(nowhere, b"x"), "x.parquet")
    with pytest.raises(UsageError, match="no place in S3"):
        S3Archive(s3, "gs://bucket", tmp_path)


def test_fetched_files_make_room_for_those_after_them(
    s3: Any,  # noqa: ANN401
    tmp_path: Path,
) -> None:
    archive = S3Archive(s3, f"s3://{BUCKET}/room", tmp_path / "a", room_bytes=10)
    for name in "abc":
        archive.keep(written(archive, name.encode() * 4), name)
    fetched = [archive.fetch(name) for name in "abc"]
    assert [path.exists() for path in fetched] == [False, True, True]
    assert archive.fetch("a").read_bytes() == b"aaaa"
