"""The fake of BigQuery refuses what BigQuery refuses, and goes on when its client does not."""

import threading
from collections.abc import Iterator

import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery

from handlers.warehouses.bigquery.jobs import Client
from tests.fakes.bigquery_engine import PROJECT, Job
from tests.fakes.bigquery_server import LOCATION, FakeBigQuery, fake_bigquery

LOCK = f"`{PROJECT}.costs.load_lock`"


@pytest.fixture
def fake() -> Iterator[FakeBigQuery]:
    with fake_bigquery() as made:
        yield made


@pytest.fixture
def client(fake: FakeBigQuery) -> Iterator[Client]:
    made = fake.client()
    yield made
    made.close()


def run(
    client: Client, sql: str, job_id: str = "a", location: str = LOCATION, **bound: str
) -> object:
    config = bigquery.QueryJobConfig(
        maximum_bytes_billed=10**9,
        use_legacy_sql=False,
        query_parameters=[bigquery.ScalarQueryParameter(k, "STRING", v) for k, v in bound.items()],
    )
    job = client.query(
        sql, job_id=job_id, job_config=config, location=location, retry=None, job_retry=None
    )
    return job.result(retry=None, job_retry=None)


def test_a_job_id_is_taken_once_whether_the_job_did_its_work_or_failed(client: Client) -> None:
    run(client, "SELECT 1")
    with pytest.raises(BadRequest):
        run(client, "SELECT nothing", "b")
    for job_id in ("a", "b"):
        with pytest.raises(Conflict, match="Already Exists"):
            run(client, "SELECT 1", job_id)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing", "nothing"),
        (f"SELECT * FROM `{PROJECT}.costs.elsewhere`", "elsewhere"),
        (f"SELECT elsewhere FROM {LOCK}", "elsewhere"),
        ("SELECT * FROM costs.load_lock", "Project"),
        (f"INSERT INTO {LOCK} (cloud_provider) SELECT @cloud", "'cloud' not found"),
        (f"DROP TABLE {LOCK}", "no known kind"),
        (f"TRUNCATE TABLE {LOCK}", "no known kind"),
        ("SELECT 1 FROM", "Expected table name"),
        (f"ASSERT (SELECT COUNT(*) FROM {LOCK}) > 0 AS 'none there'", "none there"),
    ],
)
def test_what_bigquery_refuses_is_refused(client: Client, sql: str, said: str) -> None:
    with pytest.raises((BadRequest, NotFound), match=said):
        run(client, sql)


def test_a_job_of_another_location_and_another_api_are_not_there(
    client: Client, fake: FakeBigQuery
) -> None:
    with pytest.raises(NotFound):
        run(client, "SELECT 1", location="US")
    with pytest.raises(GoogleAPICallError) as caught:
        client.create_dataset("more", retry=None)
    assert caught.value.code == 501
    assert fake.asked


def test_a_transaction_that_fails_is_rolled_back_as_a_whole(
    client: Client, fake: FakeBigQuery
) -> None:
    add = f"INSERT INTO {LOCK} (cloud_provider) SELECT 'AWS'"
    with pytest.raises(BadRequest):
        run(client, f"BEGIN TRANSACTION;\n\n{add};\n\nSELECT nothing;\n\nCOMMIT TRANSACTION;\n")
    assert fake.engine.rows("SELECT * FROM costs.load_lock") == []
    run(client, f"BEGIN TRANSACTION;\n\n{add};\n\nCOMMIT TRANSACTION;\n", "b")
    assert len(fake.engine.rows("SELECT * FROM costs.load_lock")) == 1


def test_of_two_transactions_that_change_the_same_row_one_is_aborted(
    client: Client, fake: FakeBigQuery
) -> None:
    run(client, f"INSERT INTO {LOCK} (cloud_provider) SELECT 'AWS'", "rows")
    reached, go_on = threading.Event(), threading.Event()

    def hold(job: Job, statement: str) -> None:
        if job.job_id == "first" and statement.startswith("COMMIT"):
            reached.set()
            assert go_on.wait(20)

    fake.engine.before.append(hold)
    script = (
        f"BEGIN TRANSACTION;\n\nUPDATE {LOCK} SET load_id = @by WHERE cloud_provider = 'AWS';\n\n"
        "COMMIT TRANSACTION;\n"
    )
    config = bigquery.QueryJobConfig(
        maximum_bytes_billed=10**9,
        use_legacy_sql=False,
        query_parameters=[bigquery.ScalarQueryParameter("by", "STRING", "first")],
    )
    client.query(
        script, job_id="first", job_config=config, location=LOCATION, retry=None, job_retry=None
    )
    assert reached.wait(20)
    with pytest.raises(BadRequest, match="aborted due to concurrent update"):
        run(client, script, "second", by="second")
    client.close()  # the first one's client is gone: its job is not
    go_on.set()
    assert fake.engine.jobs["first"].done.wait(20)
    (row,) = fake.engine.rows("SELECT load_id FROM costs.load_lock")
    assert row["load_id"] == "first"
