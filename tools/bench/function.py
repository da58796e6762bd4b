"""The collector as a function: 5 M lines out of S3 into BigQuery within 512 MiB, files included.

S3 (moto's), the metadata server, the store and BigQuery are servers of this process; the function
is Google's functions-framework in a cage of its own, and gets its message by HTTP.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from rich.console import Console
from rich.table import Table

from handlers.record import Cloud
from handlers.scopes import AwsScope, document
from handlers.settings import Name
from tests.fakes.bigquery_engine import PROJECT
from tests.fakes.bigquery_server import LOCATION, FakeBigQuery, fake_bigquery
from tests.fakes.metadata import fake_google
from tests.fakes.storage_server import fake_storage
from tests.handlers.environments import ACCOUNT, AUDIENCE, of_job
from tests.runtimes.pushes import headers, push
from tools.bench.bill import Bill, Format
from tools.bench.cage import Cage, cage
from tools.bench.cases import Bench, BenchError
from tools.bench.measure import cpu_seconds

LINES = 5_000_000
LIMIT_MIB = 512
PAYER = "111122223333"
BUCKET = "bench"
_ANSWER_SECONDS = 560
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Collected:
    """What a run took; memory in MiB."""

    case: str
    seconds: float
    cpu_seconds: float
    peak: float | None
    peak_files: float
    how: str


def run(bench: Bench, file_format: Format) -> Collected:
    """Collect the bill of 5 M lines through the function.

    Raises:
        BenchError: it was killed, it answered otherwise than "loaded", or the hub does not have
            what the bill holds.
    """
    bill = bench.bill(LINES, file_format)
    case = f"{'gzip CSV' if file_format is Format.CSV else 'parquet'}, {LINES / 1e6:g} M"
    bench.say(f"Collecting {case} through the function")
    with ExitStack() as stack:
        bigquery = stack.enter_context(fake_bigquery())
        reached = stack.enter_context(_around(bill, bigquery))
        held = stack.enter_context(cage(LIMIT_MIB))
        log = bench.folder / "function.log"
        port, process = stack.enter_context(_function(held, reached, log))
        started = time.perf_counter()
        status, answer = _post(port, reached["token"])
        seconds = time.perf_counter() - started
        if (status, answer.get("outcome")) != (200, "loaded"):
            raise BenchError(f"{case}: the function answered {status} {answer}, see {log}.")
        cpu = cpu_seconds(process.pid)
        _check(bill, bigquery)
        return Collected(case, seconds, cpu, held.peak(), held.peak_files, held.how)


@contextmanager
def _around(bill: Bill, bigquery: FakeBigQuery) -> Generator[Mapping[str, str]]:
    """Everything that the function reaches, and a token for it."""
    with ExitStack() as stack:
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        stack.callback(moto.stop)
        host, port = moto.get_host_and_port()
        aws = f"http://{host}:{port}"
        sdk: Any = boto3
        keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
        s3 = sdk.client("s3", endpoint_url=aws, region_name="us-east-1", **keys)
        stack.callback(s3.close)
        s3.create_bucket(Bucket=BUCKET)
        for path in sorted(bill.folder.rglob("*.*")):
            if path.is_file():
                s3.upload_file(str(path), BUCKET, path.relative_to(bill.folder).as_posix())
        store = stack.enter_context(fake_storage("archive", "site"))
        google = stack.enter_context(fake_google(email=ACCOUNT))
        yield {
            "AWS_ENDPOINT_URL": aws,
            "STORAGE_EMULATOR_HOST": store.url,
            "BIGQUERY_EMULATOR_HOST": bigquery.url,
            "GCE_METADATA_HOST": google.host,
            "token": google.token_behind_cloud_run(AUDIENCE),
        }


def _environment(port: int, reached: Mapping[str, str], files: Path) -> dict[str, str]:
    scope = document(
        AwsScope,
        id=PAYER,
        role_arn=f"arn:aws:iam::999900001111:role/reader-of-{PAYER}",
        region="us-east-1",
        bucket=BUCKET,
        prefix="",
        export="cur2",
    )
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(_ROOT),
        "PORT": str(port),
        "NO_PROXY": "127.0.0.1",
        "TMPDIR": str(files),
        **of_job(Cloud.AWS, [scope]),
        Name.PROJECT: PROJECT,
        Name.LOCATION: LOCATION,
        Name.DATASET: "costs",
        Name.STAGING_DATASET: "staging",
        Name.ARCHIVE: "gs://archive/loads",
        Name.SITE: "gs://site/company",
        **{name: value for name, value in reached.items() if name != "token"},
    }


@contextmanager
def _function(
    held: Cage, reached: Mapping[str, str], log: Path
) -> Generator[tuple[int, "subprocess.Popen[bytes]"]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        str(Path(sys.executable).with_name("functions-framework")),
        *("--source", str(_ROOT / "handlers" / "runtimes" / "google_main.py")),
        *("--target", "handle", "--host", "127.0.0.1"),
    ]
    environment = _environment(port, reached, held.files)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            held.wrapped(command), env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait_for(port, process)
            yield port, process
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise BenchError("The function did not start.")


def _post(port: int, token: str) -> tuple[int, Mapping[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    try:
        body = push({"run": "collect", "period": "2026-10"})
        connection.request("POST", "/", body, headers(token))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException) as error:
        return 0, {"error": f"no answer: it was killed? ({error!r})"}
    finally:
        connection.close()


def _check(bill: Bill, bigquery: FakeBigQuery) -> None:
    rows = bigquery.engine.rows(
        "SELECT source_lines, ai_lines, source_total FROM costs.ledger WHERE status = 'loaded'"
    )
    found = [(row["source_lines"], row["ai_lines"], Decimal(row["source_total"])) for row in rows]
    wanted = (bill.lines, bill.ai_lines, round(bill.total, 9))
    if found != [wanted]:
        raise BenchError(f"The hub's ledger has {found}, the bill holds {wanted}.")


def report(console: Console, bench: Bench, say: Callable[[str], None]) -> None:
    """Measure both formats and print what they took."""
    table = Table("Case", title=f"Through the function, {LIMIT_MIB} MiB enforced, files included")
    for name in ("Seconds", "CPU s", "Peak MiB", "of it files"):
        table.add_column(name, justify="right")
    table.add_column("Enforced by")
    for file_format in Format:
        try:
            done = run(bench, file_format)
        except BenchError as error:
            say(f"Left out: {error}")
            continue
        table.add_row(
            done.case,
            f"{done.seconds:.1f}",
            f"{done.cpu_seconds:.1f}",
            "" if done.peak is None else f"{done.peak:.0f}",
            f"{done.peak_files:.0f}",
            done.how,
        )
    console.print(table)
