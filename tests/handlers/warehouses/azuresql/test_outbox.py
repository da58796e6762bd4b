"""What is committed waits in the outbox until the hub has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from handlers.errors import CostError
from handlers.ledger import LedgerRow, Status
from handlers.outbox import publish
from handlers.tables import LEDGER, PUBLISHED_TO_HUB
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.azuresql.port import Row
from tests.handlers.warehouses.azuresql.loads import OTHER, Loads, bill, names

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 21, 7, tzinfo=UTC)


@dataclass
class HubOfFiles:
    """A hub that keeps what it is told; ``away`` is what it answers instead."""

    away: CostError | None = None
    told: list[tuple[str, str, dict[str, list[Row]]]] = field(
        default_factory=list[tuple[str, str, dict[str, list[Row]]]]
    )

    def replace(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        self._take("replace", warehouse, row, files)

    def add(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        self._take("add", warehouse, row, files)

    def _take(self, how: str, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        assert warehouse == "azuresql"
        if self.away:
            raise self.away
        with duckdb.connect() as connection:
            rows = {
                name: connection.execute(
                    f"SELECT * FROM read_parquet('{file}') ORDER BY ALL"
                ).fetchall()
                for name, file in files.items()
            }
        self.told.append((how, row.load_id, rows))


def test_a_publication_has_every_published_table_with_its_columns_and_exact_values(
    loads: Loads, tmp_path: Path
) -> None:
    loads.write(bill(cost="0.000000001"), bill(OTHER, cost="7"))
    loads.collect()
    warehouse = loads.warehouse()
    first, _ = warehouse.unpublished()
    files = warehouse.publication(first, tmp_path)
    assert list(files) == [table.name for table in PUBLISHED_TO_HUB]
    for table in PUBLISHED_TO_HUB:
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT * FROM read_parquet('{files[table.name]}')")
            columns = [(each[0], str(each[1])) for each in found.description or ()]
            rows = sorted(found.fetchall(), key=repr)
        assert [name for name, _ in columns] == list(table.names)
        mine = loads.server.rows(
            f'SELECT {names(table.names)} FROM dbo."{table.name}" WHERE scope = ?', first.scope
        )
        assert rows == sorted(mine, key=repr), table.name
    assert not list(tmp_path.glob("*.jsonl"))


def test_what_the_hub_has_waits_no_longer_and_what_came_since_does(loads: Loads) -> None:
    loads.write(bill())
    loads.collect()
    hub = HubOfFiles()
    warehouse = loads.warehouse()
    (given,) = warehouse.unpublished()
    warehouse.record(replace(given, status=Status.FAILED, error="unreadable"))
    warehouse.published(given.load_id, AT)
    (left,) = loads.warehouse().unpublished()
    assert (left.status, left.error) == (Status.FAILED, "unreadable")
    done = publish(loads.warehouse(), hub, lambda: AT)
    assert (len(done.rows), done.left, done.errors) == (1, [], [])
    assert [(how, load_id) for how, load_id, _ in hub.told] == [("add", given.load_id)]
    assert loads.warehouse().unpublished() == []
    assert loads.server.rows("SELECT count(published_at), max(published_at) FROM dbo.outbox") == [
        (2, AT.replace(tzinfo=None))
    ]


def test_a_load_is_committed_whether_or_not_the_hub_answers_and_catches_up(loads: Loads) -> None:
    hub = HubOfFiles(away=Undecided("BigQuery did not answer."))
    for version in range(3):
        loads.write(bill(cost=str(version + 1), version=version))
        loads.collect()
        done = publish(loads.warehouse(), hub, lambda: AT)
        assert len(done.left) == version + 1
    assert loads.cost() == 9
    hub.away = None
    done = publish(loads.warehouse(), hub, lambda: AT + timedelta(days=1))
    assert (len(done.rows), done.left) == (3, [])
    how, _, rows = hub.told[0]
    assert how == "replace"
    assert sum(row[12] for row in rows["daily_costs"]) == 9
    (said,) = rows["ledger"]
    assert dict(zip(LEDGER.names, said, strict=True))["cost_usd"] == 9


def test_a_failed_load_is_told_to_the_hub_too(loads: Loads) -> None:
    loads.write(bill())
    (loaded,) = loads.collect()
    assert loaded.row is not None
    loads.warehouse().record(replace(loaded.row, status=Status.HELD, error="it would shrink"))
    statuses = [row.status for row in loads.warehouse().unpublished()]
    assert statuses == [Status.LOADED, Status.HELD]
    assert [row.status for row in loads.warehouse().held()] == [Status.HELD]


@pytest.mark.parametrize("text", ["it's", 'a "b"', "zürich 日本 😀", "a\nb", "x" * 9000, "%s ?"])
def test_any_text_goes_to_the_ledger_and_comes_back_as_it_was(loads: Loads, text: str) -> None:
    loads.write(bill())
    (loaded,) = loads.collect()
    assert loaded.row is not None
    loads.warehouse().record(replace(loaded.row, status=Status.FAILED, error=text))
    row = loads.warehouse().unpublished()[-1]
    assert row.error == text
