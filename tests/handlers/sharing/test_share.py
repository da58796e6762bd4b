"""Each customer gets its own rows: all of them, nothing of another, the same bytes again."""

import csv
import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.alerts.laptop import DuckDbRunner
from handlers.errors import UsageError
from handlers.periods import parse_periods
from handlers.sharing import ShareFailed, Target, recent_months, share, target_at
from handlers.sharing.files import month_name, write_month
from handlers.sharing.rows import AnotherCustomer
from handlers.site import Share, Shares
from handlers.site.shares import DEFAULT_COLUMNS
from handlers.tables import DAILY, DIMENSIONS
from handlers.warehouses.duckdb import open_reader
from tests.fakes.duckdb_hub import DuckDbHub
from tests.handlers.load.bills import NOVA, SONNET_OUT, AwsBill, Line, write_bill
from tests.handlers.load.runs import collect

NOVEMBER = date(2026, 11, 1)
MONTHS = parse_periods("2026-10..2026-11")
HOSTILE = (
    "../../etc/passwd",
    "acme' OR '1'='1",
    'acme"; DROP TABLE daily_costs; --',
    '=HYPERLINK("https://evil.example")',
    "acme%2F..",
    "ACME",
    "acme",
    "acme/",
    "*",
    "ключ\u202eemca",
)


def key(customer: str) -> str:
    return hashlib.sha256(customer.encode()).hexdigest()[:16]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bill in which each hostile customer, and nobody, has lines that cost its own amounts."""
    folder = tmp_path_factory.mktemp("share")
    lines = [Line(date(2026, 11, 3), "5", tags={})]
    for number, name in enumerate(HOSTILE):
        tags = {"customer": name}
        lines.append(Line(date(2026, 11, 1), f"{number + 1}.000000001", tags=tags))
        lines.append(Line(date(2026, 11, 2), "-0.5", SONNET_OUT, tags=tags))
        lines.append(Line(date(2026, 11, 2), "0.25", NOVA, tags=tags))
    written = datetime(2026, 11, 20, tzinfo=UTC)
    write_bill(folder / "bills", AwsBill("111122223333", NOVEMBER, lines, written))
    collect(folder / "bills", folder / "costs.duckdb")
    return folder / "costs.duckdb"


def shared(warehouse: Path, to: Path, customers: Sequence[str] = HOSTILE) -> list[int]:
    shares = Shares(str(to), DEFAULT_COLUMNS, tuple(Share(name, ()) for name in customers))
    with open_reader(warehouse) as connection:
        done = share(DuckDbRunner(connection), shares, MONTHS, target_at)
    return [len(each.written) for each in done]


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_each_customer_of_whatever_name_gets_all_of_its_rows_and_none_of_anothers(
    warehouse: Path, tmp_path: Path
) -> None:
    shared(warehouse, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(map(key, HOSTILE))
    assert len(set(map(key, HOSTILE))) == len(HOSTILE)
    for number, name in enumerate(HOSTILE):
        folder = tmp_path / "out" / key(name)
        files = {path.name for path in folder.iterdir()}
        assert files == {"costs-2026-11.csv", "costs-2026-11.parquet"}
        own = Decimal(f"{number + 1}.000000001")
        found = [Decimal(row["cost"]) for row in rows(folder / "costs-2026-11.csv")]
        assert sorted(found) == sorted([own, Decimal("-0.5"), Decimal("0.25")])
        text = (folder / "costs-2026-11.csv").read_text("utf-8")
        binary = (folder / "costs-2026-11.parquet").read_bytes()
        for other in HOSTILE:
            assert key(other) not in text
            assert key(other).encode() not in binary
            assert len(other) < 5 or other not in text


def test_parquet_says_what_csv_says_with_exact_types(warehouse: Path, tmp_path: Path) -> None:
    shared(warehouse, tmp_path, ["acme"])
    folder = tmp_path / key("acme")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * FROM read_parquet(?)", [str(folder / "costs-2026-11.parquet")]
        )
        types = {name: str(kind) for name, kind, *_ in found.description}
        answer = [[str(cell) for cell in row] for row in found.fetchall()]
    assert (types["date"], types["cost"]) == ("DATE", "DECIMAL(38,9)")
    assert answer == [list(row.values()) for row in rows(folder / "costs-2026-11.csv")]


@pytest.mark.slow
def test_only_what_changes_is_written_again(warehouse: Path, tmp_path: Path) -> None:
    assert shared(warehouse, tmp_path) == [2] * len(HOSTILE)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert shared(warehouse, tmp_path) == [0] * len(HOSTILE)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before
    (tmp_path / key("acme") / "costs-2026-11.csv").write_text("spoilt")
    assert sum(shared(warehouse, tmp_path)) == 1


def test_a_month_that_has_no_rows_any_more_is_emptied(warehouse: Path, tmp_path: Path) -> None:
    stale = tmp_path / key("acme") / "costs-2026-10.csv"
    stale.parent.mkdir()
    stale.write_text("date,cost\n2026-10-01,7\n")
    shared(warehouse, tmp_path, ["acme"])
    assert stale.read_text() == ",".join(DEFAULT_COLUMNS) + "\n"


def test_a_text_that_a_spreadsheet_would_run_is_shown_to_it_as_text(tmp_path: Path) -> None:
    texts = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "plain", 'a,"b"')
    file = tmp_path / month_name(NOVEMBER, ".csv")
    write_month(file, ("model", "cost"), [{"model": text, "cost": Decimal(-1)} for text in texts])
    found = [(row["model"], row["cost"]) for row in rows(file)]
    assert [text for text, _ in found[:7]] == [f"'{text}" for text in texts[:7]]
    assert [text for text, _ in found[7:]] == ["plain", 'a,"b"']
    assert {cost for _, cost in found} == {"-1.000000000"}, "an amount is no formula"


def test_a_key_that_two_customers_have_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    hub = DuckDbHub.empty()
    for name in ("acme", "globex"):
        hub.add(DIMENSIONS, dimension="customer", key=key("acme"), name=name)
    shares = Shares(str(tmp_path / "out"), shares=(Share("acme", ()),))
    with pytest.raises(AnotherCustomer, match="'acme' and 'globex' have the same key"):
        share(hub, shares, MONTHS, target_at)
    assert not (tmp_path / "out").exists()
    hub.connection.close()


def test_a_customer_that_fails_keeps_no_other_from_its_rows(tmp_path: Path) -> None:
    hub = DuckDbHub.empty()
    for name in ("acme", "globex"):
        hub.add(
            DAILY, customer_key=key(name), date=NOVEMBER, billing_period=NOVEMBER,
            warehouse="bigquery", cloud_provider="AWS", cost=Decimal(3),
        )  # fmt: skip

    def target(place: str, customer: str) -> AbstractContextManager[Target]:
        if customer == "acme":
            raise UsageError("the bucket is away")
        return target_at(place, customer)

    shares = Shares(str(tmp_path), shares=(Share("acme", ()), Share("globex", ())))
    with pytest.raises(ShareFailed, match="acme: the bucket is away"):
        share(hub, shares, MONTHS, target)
    assert [row["cost"] for row in rows(tmp_path / key("globex") / "costs-2026-11.csv")] == [
        "3.000000000"
    ]
    hub.connection.close()


def test_the_hub_s_rows_of_the_path_that_is_not_served_are_not_shared_twice(tmp_path: Path) -> None:
    hub = DuckDbHub.empty()
    for path in ("bigquery", "redshift"):
        hub.add(
            DAILY, customer_key=key("acme"), date=NOVEMBER, billing_period=NOVEMBER,
            warehouse=path, cloud_provider="AWS", cost=Decimal(3),
        )  # fmt: skip
    share(hub, Shares(str(tmp_path), shares=(Share("acme", ()),)), MONTHS, target_at)
    assert len(rows(tmp_path / key("acme") / "costs-2026-11.csv")) == 1
    hub.connection.close()


def test_thirteen_months_are_looked_at_with_the_year_s_turn() -> None:
    months = recent_months(date(2026, 1, 31))
    assert (months[0], months[-1], len(months)) == (date(2025, 1, 1), date(2026, 1, 1), 13)
