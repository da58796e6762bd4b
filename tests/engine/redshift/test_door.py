"""``collect --warehouse redshift`` in a process of its own: bills in S3, rows in the database."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from handlers.scopes import AwsScope, document
from handlers.tables import FACTS
from tests.conftest import RunHandlers
from tests.engine.redshift.bills import PAYERS, bucket_of, stated, totals, upload
from tests.engine.redshift.native import BUCKET, ROLE, Native
from tests.fakes.moto_server import REGION

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

ARCHIVE = "archive-of-door"


@pytest.fixture
def buckets(native: Native) -> Iterator[None]:
    where = {"LocationConstraint": REGION}
    names = (ARCHIVE, *map(bucket_of, PAYERS))
    for bucket in names:
        with suppress(native.s3.exceptions.BucketAlreadyOwnedByYou):
            native.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    yield
    for bucket in names:
        for each in native.s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            native.s3.delete_object(Bucket=bucket, Key=each["Key"])
        native.s3.delete_bucket(Bucket=bucket)


def environment(native: Native, s3_address: str) -> Mapping[str, str]:
    ((payer, (prefix, export)),) = PAYERS.items()
    scope = document(
        AwsScope,
        id=payer,
        role_arn=f"arn:aws:iam::999900001111:role/reader-of-{payer}",
        region=REGION,
        bucket=bucket_of(payer),
        prefix=prefix,
        export=export,
    )
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": s3_address,
        "AWS_ENDPOINT_URL_REDSHIFT_DATA": native.fake.url,
        "COST_SCOPES": json.dumps([scope]),
        "COST_REDSHIFT_STAGING": f"s3://{BUCKET}",
        "COST_REDSHIFT_ROLE": ROLE,
        "COST_ARCHIVE": f"s3://{ARCHIVE}/loads",
    }


@pytest.mark.usefixtures("buckets")
def test_a_person_loads_a_folder_or_the_scopes_bills_into_redshift_by_a_command(
    native: Native, s3_address: str, ten_days: Path, run_handlers: RunHandlers
) -> None:
    upload(ten_days, native.s3)
    env = environment(native, s3_address)
    into = ("--warehouse", "redshift:ai-cost/costs", "--site", ten_days / "site")
    (folder,) = (ten_days / "aws" / prefix for prefix, _ in PAYERS.values())
    month = ("--period", "2026-11")

    first = run_handlers("collect", folder, *month, *into, env=env)
    assert first.returncode == 0, first.stderr
    assert totals(native.rows(FACTS)) == {
        key: cost for key, cost in stated(ten_days).items() if key[1] == date(2026, 11, 1)
    }
    rest = run_handlers("collect", "--period", "2026-10..2026-11", *into, env=env)
    assert rest.returncode == 0, rest.stderr
    assert totals(native.rows(FACTS)) == stated(ten_days)
    kept = native.s3.list_objects_v2(Bucket=ARCHIVE)["Contents"]
    assert all(each["Key"].startswith("loads/") for each in kept)
