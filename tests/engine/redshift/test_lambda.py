"""Bills in S3, an event, the Lambda's own process: what stands in Redshift and in the hub then.

Everything that the function reaches is a server of this machine: S3 and STS (moto), the Data API
over PostgreSQL, the store of the site data, BigQuery's emulator.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from handlers.native import native_environment
from handlers.native_names import NativeName
from handlers.record import Cloud
from handlers.scopes import AwsScope, document
from handlers.settings import Name
from handlers.tables import DAILY, FACTS, LEDGER
from handlers.warehouses.bigquery import tables
from tests.engine.bigquery.emulator import PROJECT, Emulator, behind_proxy
from tests.engine.bigquery.exports import comparable
from tests.engine.redshift.bills import PAYERS, Totals, bucket_of, stated, totals, upload
from tests.engine.redshift.native import BUCKET, ROLE, Native
from tests.fakes.lambda_runtime import InvocationError, LambdaFunction, lambda_function
from tests.fakes.storage_server import FakeStorage, fake_storage

pytestmark = [pytest.mark.engine, pytest.mark.runtime, pytest.mark.timeout(280)]

HANDLER = "handlers.runtimes.aws_main.handle"
ARCHIVE = "archive-of-tests"
MONTHS = {"run": "collect", "period": "2026-10..2026-11"}


@dataclass(frozen=True)
class World:
    """The function's process and everything around it."""

    function: LambdaFunction
    native: Native
    emulator: Emulator
    store: FakeStorage
    sample: Path

    def totals(self) -> Totals:
        """What the facts in Redshift say, per scope, period and customer, to the cent."""
        return totals(self.native.rows(FACTS))

    def in_hub(self, what: str) -> list[dict[str, object]]:
        return self.emulator.run(f"SELECT {what} FROM costs.daily_costs WHERE warehouse='redshift'")


def environment(root: Path, **reached: str) -> dict[str, str]:
    scopes = [
        document(
            AwsScope,
            id=payer,
            role_arn=f"arn:aws:iam::999900001111:role/reader-of-{payer}",
            region="eu-central-1",
            bucket=bucket_of(payer),
            prefix=prefix,
            export=export,
        )
        for payer, (prefix, export) in PAYERS.items()
    ]
    provider = "projects/1/locations/global/workloadIdentityPools/clouds/providers/aws-lambda"
    return {
        "PYTHONPATH": str(root),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        **native_environment(
            Cloud.AWS,
            {
                Name.JOB: "aws-native-etl",
                Name.CLOUD: "AWS",
                Name.PROJECT: PROJECT,
                Name.LOCATION: "US",
                Name.DATASET: "costs",
                Name.STAGING_DATASET: "staging",
                Name.ARCHIVE: f"s3://{ARCHIVE}/loads",
                Name.SITE: "gs://site/company",
                Name.SCOPES: json.dumps(scopes),
                Name.SHRINK_HOLD_SHARE: "0.2",
                NativeName.GOOGLE_AUDIENCE: f"//iam.googleapis.com/{provider}",
                NativeName.GOOGLE_ACCOUNT: "publisher@demo-project.iam.gserviceaccount.com",
                NativeName.HISTORY: "gs://hub-project-ai-cost-archive",
                NativeName.REDSHIFT_WORKGROUP: "ai-cost",
                NativeName.REDSHIFT_DATABASE: "costs",
                NativeName.REDSHIFT_STAGING: f"s3://{BUCKET}",
                NativeName.REDSHIFT_ROLE: ROLE,
            },
        ),
        **reached,
    }


@pytest.fixture
def world(
    root: Path,
    native: Native,
    s3_address: str,
    emulator: Emulator,
    ten_days: Path,
    tmp_path: Path,
) -> Iterator[World]:
    for table in tables():
        emulator.create("costs", table)
    emulator.run("INSERT INTO costs.load_lock (cloud_provider) VALUES ('AWS')")
    where = {"LocationConstraint": "eu-central-1"}
    for bucket in (ARCHIVE, *map(bucket_of, PAYERS)):
        with suppress(native.s3.exceptions.BucketAlreadyOwnedByYou):
            native.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        for left in native.s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            native.s3.delete_object(Bucket=bucket, Key=left["Key"])
    upload(ten_days, native.s3)
    with ExitStack() as stack:
        store = stack.enter_context(fake_storage("site"))
        for path in (ten_days / "site").rglob("*.*"):
            name = path.relative_to(ten_days / "site").as_posix()
            store.put("site", f"company/{name}", path.read_bytes())
        reached = {
            "AWS_ENDPOINT_URL": s3_address,
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": native.fake.url,
            "STORAGE_EMULATOR_HOST": store.url,
            "BIGQUERY_EMULATOR_HOST": stack.enter_context(behind_proxy(emulator)),
        }
        log = tmp_path / "function.log"
        function = stack.enter_context(
            lambda_function(HANDLER, environment(root, **reached), log, seconds=240)
        )
        yield World(function, native, emulator, store, ten_days)
    for bucket in (ARCHIVE, *map(bucket_of, PAYERS)):
        for each in native.s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            native.s3.delete_object(Bucket=bucket, Key=each["Key"])
        native.s3.delete_bucket(Bucket=bucket)


def test_an_event_loads_the_bills_in_s3_into_redshift_and_tells_the_hub(world: World) -> None:
    answer = world.function.invoke(MONTHS)
    assert (answer["outcome"], answer["loaded"], answer["published"]) == ("loaded", 2, 2), (
        world.function.lines()
    )
    assert world.totals() == stated(world.sample)
    theirs = world.in_hub(", ".join(f"`{name}`" for name in DAILY.names))
    assert comparable(theirs) == comparable(world.native.rows(DAILY))
    hub = world.emulator.run("SELECT load_id, status, cost_usd FROM costs.ledger")
    assert {row["load_id"] for row in hub} == {row["load_id"] for row in world.native.rows(LEDGER)}
    kept = world.native.s3.list_objects_v2(Bucket=ARCHIVE)["Contents"]
    assert len(kept) == 2

    manifest = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": bucket_of("444455556666")},
            "object": {
                "key": "aws-b/aws-b-cur2/metadata/BILLING_PERIOD=2026-10/aws-b-cur2-Manifest.json"
            },
        },
    }
    answer = world.function.invoke(manifest)
    assert (answer["outcome"], answer["unchanged"]) == ("unchanged", 1)
    assert world.function.logged("finished")[-1]["run"] == "collect"


def test_a_load_commits_while_the_hub_is_away_and_the_hub_catches_up(world: World) -> None:
    world.function.invoke({"run": "collect", "period": "2026-11"})
    world.emulator.client.delete_table(f"{PROJECT}.costs.load_lock", retry=None)
    world.store.faults += [403] * 50
    answer = world.function.invoke(MONTHS)
    assert (answer["outcome"], answer["loaded"], answer["unpublished"]) == ("loaded", 1, 1), (
        world.function.lines()
    )
    assert world.totals() == stated(world.sample)
    (warned,) = [line for line in world.function.logged("published") if "unpublished" in line]
    assert warned["severity"] == "WARNING"
    assert "The site data is the last that was read" in world.function.lines()

    world.store.faults.clear()
    (lock,) = [table for table in tables() if table.name == "load_lock"]
    world.emulator.create("costs", lock)
    world.emulator.run("INSERT INTO costs.load_lock (cloud_provider) VALUES ('AWS')")
    answer = world.function.invoke(MONTHS)
    assert (answer["outcome"], answer["published"]) == ("unchanged", 1)
    theirs = world.in_hub(", ".join(f"`{name}`" for name in DAILY.names))
    assert comparable(theirs) == comparable(world.native.rows(DAILY))


def test_what_is_wrong_is_raised_so_that_it_reaches_the_dead_letter(world: World) -> None:
    with pytest.raises(InvocationError, match="MessageError: 'run' is 'dance'"):
        world.function.invoke({"run": "dance"})
    with pytest.raises(InvocationError, match=r"CommandRefused: .* is for AWS"):
        world.function.invoke({"run": "collect", "cloud": "azure"})
    other = {"bucket": {"name": "other"}, "object": {"key": "x-Manifest.json"}}
    with pytest.raises(InvocationError, match=r"CommandRefused: .* in no scope"):
        world.function.invoke({"source": "aws.s3", "detail": other})
    assert [line["severity"] for line in world.function.logged("refused")] == ["ERROR"] * 3
    assert world.function.invoke({"run": "migrate"})["outcome"] == "done"


def test_an_environment_with_mistakes_ends_the_function_before_it_takes_an_event(
    root: Path, tmp_path: Path
) -> None:
    environ = environment(root) | {NativeName.REDSHIFT_ROLE.value: "me"}
    with lambda_function(HANDLER, environ, tmp_path / "log") as function:
        with pytest.raises(InvocationError, match="COST_REDSHIFT_ROLE is 'me'"):
            function.invoke({"run": "daily"})
        assert function.initial_error is not None
