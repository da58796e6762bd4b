"""``collect --cloud aws`` from a laptop: bills in S3 (moto's), tables in a DuckDB file."""

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import RunHandlers
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import query

PAYER = "111122223333"
BUCKET = "bills"
MONTHS = [date(2026, month, 1) for month in (8, 9, 10)]
SCOPE = {
    "id": PAYER,
    "role_arn": f"arn:aws:iam::999900001111:role/reader-of-{PAYER}",
    "region": "us-east-1",
    "bucket": BUCKET,
    "prefix": "",
    "export": "cur2",
}


@pytest.fixture
def s3(tmp_path: Path) -> Generator[Mapping[str, str]]:
    """The environment in which three months of one payer lie in S3."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for month in MONTHS:
        lines = [Line(month + timedelta(days=day), "10") for day in range(10)]
        written = datetime(2026, 11, 20, tzinfo=UTC)
        write_bill(tmp_path / "bills", AwsBill(PAYER, month, lines, written))
    sdk: Any = boto3
    client = sdk.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    with closing(client):
        client.create_bucket(Bucket=BUCKET)
        folder = tmp_path / "bills" / PAYER
        for path in folder.rglob("*.*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, path.relative_to(folder).as_posix())
        yield {
            **keys,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "COST_SCOPES": json.dumps([SCOPE]),
        }
    moto.stop()


REDSHIFT = {
    "COST_REDSHIFT_WORKGROUP": "ai-cost",
    "COST_REDSHIFT_DATABASE": "costs",
    "COST_REDSHIFT_STAGING": "s3://staging-of-tests",
    "COST_REDSHIFT_ROLE": "arn:aws:iam::123456789012:role/copier",
    "COST_ARCHIVE": "s3://archive-of-tests/loads",
    "AWS_REGION": "eu-central-1",
}


def loaded(warehouse: Path) -> dict[date, Decimal]:
    rows = query(warehouse, "SELECT billing_period, sum(cost_usd) FROM llm_costs GROUP BY ALL")
    return {period: Decimal(cost) for period, cost in rows}


def test_a_range_of_months_is_loaded_and_gone_on_with(
    s3: Mapping[str, str], tmp_path: Path, run_handlers: RunHandlers
) -> None:
    collect = ("collect", "--cloud", "aws", "--warehouse", "duckdb:costs.duckdb")
    first = run_handlers(*collect, "--period", "2026-08..2026-09", env=s3)
    assert first.returncode == 0, first.stderr
    assert loaded(tmp_path / "costs.duckdb") == dict.fromkeys(MONTHS[:2], Decimal(100))
    rest = run_handlers(*collect, env=s3)
    assert rest.returncode == 0, rest.stderr
    assert "2 bills unchanged." in rest.stdout
    assert loaded(tmp_path / "costs.duckdb") == dict.fromkeys(MONTHS, Decimal(100))
    assert len(list((tmp_path / "archive").rglob("*.parquet"))) == 3


@pytest.mark.parametrize(
    ("words", "changed", "said"),
    [
        (["--cloud", "aws"], {"COST_SCOPES": ""}, "COST_SCOPES is not set"),
        (["--cloud", "aws"], {"COST_SCOPES": "[]"}, "names no scope of AWS"),
        (["--cloud", "aws"], {"COST_SCOPES": '[{"id": "1"}]'}, "12 digits"),
        (["--cloud", "gcp"], {}, "--warehouse bigquery"),
        ([], {}, "Name the FOLDER"),
        (["--cloud", "aws", "--period", "2026-09..2026-08"], {}, "ends before it begins"),
        (["--cloud", "aws", "--warehouse", "bigquery"], {}, "COST_PROJECT is not set"),
        (["--cloud", "aws", "--warehouse", "oracle:x"], {}, "redshift[:WORKGROUP/DATABASE]"),
        (["--warehouse", "redshift"], {}, "COST_REDSHIFT_WORKGROUP is not set"),
        (["--warehouse", "redshift:costs"], {}, "write redshift:WORKGROUP/DATABASE"),
        (["--warehouse", "redshift:"], {}, "write redshift:WORKGROUP/DATABASE"),
        (["--warehouse", "redshift:ai-cost/Costs"], {}, "'Costs' can't be its database"),
        (["--warehouse", "redshift:ai-cost/costs"], {}, "COST_REDSHIFT_STAGING is not set"),
        (["--warehouse", "azuresql:here/costs"], {}, "'here' can't be its server"),
        (["--warehouse", "azuresql"], {"COST_ARCHIVE": "s3://b/a"}, "COST_SQL_SERVER is not set"),
        (["--warehouse", "redshift", "--cloud", "azure"], REDSHIFT, "the bills of AWS alone"),
    ],
    ids=range(16),
)
def test_what_is_missing_is_said(
    run_handlers: RunHandlers, words: list[str], changed: dict[str, str], said: str
) -> None:
    env = {"COST_SCOPES": json.dumps([SCOPE]), **changed}
    result = run_handlers("collect", *words, env=env)
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
