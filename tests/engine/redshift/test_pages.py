"""Every panel, in phase 1 and in phase 2, on the same bills: the same numbers.

In phase 1 a hub has all bills. In phase 2 Redshift has those of AWS and Azure SQL those of Azure,
each loaded by its own warehouse, and the hub Google's and what the two published.
"""

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias, cast

import duckdb
import psycopg
import pytest
from click.testing import CliRunner

from dashboards.detail.dialects import Dialect, in_hub, own_store
from dashboards.detail.metrics import ABOUT_ONE, SIDE, metrics
from dashboards.detail.pages import detail_documents, plan_of
from dashboards.detail.sources import REDSHIFT_UID, SQL_UID
from dashboards.documents import documents
from dashboards.duckdb_source import open_hub
from dashboards.panel_rules import text_of
from dashboards.queries.sql import FILTERS
from dashboards.source import UID
from handlers.alerts.budgets import replace_budgets
from handlers.alerts.laptop import DuckDbRunner
from handlers.anomalies import refresh
from handlers.archive import FolderArchive
from handlers.commands import collect as collect_command
from handlers.load.collecting import rules_of_site
from handlers.load.load import Loader, Policy
from handlers.record import Cloud
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import DIGESTS, PUBLISHED_TO_HUB
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.dashboards.detail.stores import answer, ask_azuresql, asked_by_grafana, plain
from tests.dashboards.engines import HUB, Answer
from tests.engine.redshift.native import BUCKET, Native
from tests.engine.redshift.test_faults import bill
from tests.fakes.azuresql import FakeAzureSql
from tests.fakes.moto_server import REGION, aws_client
from tests.fakes.redshift_data import fake_redshift
from tests.fakes.redshift_sql import Plain, read
from tests.handlers.load.runs import NOW
from tests.handlers.warehouses.azuresql.loads import Loads

pytestmark = [pytest.mark.engine, pytest.mark.timeout(280)]

DAYS = (date(2026, 11, 1), date(2026, 11, 5))
Ask: TypeAlias = Callable[[str], Answer]
Shown: TypeAlias = dict[tuple[str, int, str], object]
"""What each question answers, or that it fails: by dashboard, panel and the question's name."""

DOWN = "down"


@dataclass(frozen=True)
class World:
    """Phase 1's hub, and the warehouses of phase 2."""

    phase1: Path
    phase2: Path
    native: Native
    azure: FakeAzureSql
    empty: FakeAzureSql
    loads: Loads

    def tell(self) -> None:
        """The hub gets what the two have, as a publication does: rows of each, in their place."""
        with DuckDbWarehouse(self.phase2).open() as connection:
            connection.begin()
            for table in PUBLISHED_TO_HUB:
                place, names = f"warehouse.{table.name}", ", ".join(f'"{n}"' for n in table.names)
                marks = ", ".join("?" for _ in table.names)
                azure = self.azure.rows(f'SELECT {names} FROM dbo."{table.name}"')
                aws = [[*row.values()] for row in self.native.rows(table)]
                if table is not DIGESTS:
                    connection.execute(f"DELETE FROM {place} WHERE cloud_provider <> 'GCP'")
                    connection.executemany(
                        f"INSERT INTO {place} ({names}) VALUES ({marks})", [*aws, *azure]
                    )
            connection.commit()
        with psycopg.connect(self.native.fake.address) as outbox:
            outbox.execute("UPDATE llm_costs.outbox SET published_at = finished_at")
        self.azure.rows("UPDATE dbo.outbox SET published_at = finished_at")

    def asks(self, hub: Path) -> Iterator[dict[str, Ask]]:
        """The sources of Grafana by uid, over that hub."""
        with open_hub(hub) as connection:
            for cloud in Cloud:
                name = f"{cloud.lower()}_llm_costs"
                connection.execute(
                    f"CREATE TEMP VIEW {name} AS FROM unified_costs"
                    f" WHERE cloud_provider = '{cloud}'"
                )
            yield {
                UID: lambda sql: in_hub_asked(connection, sql),
                REDSHIFT_UID: self.in_redshift,
                SQL_UID: lambda sql: ask_azuresql(self.azure, sql),
            }

    def in_redshift(self, sql: str) -> Answer:
        """What PostgreSQL answers to a text that Redshift takes."""
        statement = read(sql)
        assert isinstance(statement, Plain)
        with psycopg.connect(self.native.fake.address) as connection:
            found = connection.execute(statement.sql.encode())
            names = [each.name for each in found.description or ()]
            return [
                {name: plain(cell) for name, cell in zip(names, row, strict=True)} for row in found
            ]


def in_hub_asked(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """What the hub answers to a text with days and filters in it."""
    return answer(connection, re.sub(r"`[^`]*\.(\w+)`", r"\1", sql))


def collect(folder: Path, path: Path, site: Path) -> None:
    words = [
        str(folder), "--warehouse", f"duckdb:{path}", "--site", str(site),
        "--now", f"{NOW:%Y-%m-%dT%H:%M:%S}",
    ]  # fmt: skip
    result = CliRunner().invoke(collect_command.collect, words)
    assert result.exit_code == 0, result.output


def daily_job(path: Path, site: Path) -> None:
    known = load_site(site)
    with DuckDbWarehouse(path).open() as connection:
        runner = DuckDbRunner(connection)
        replace_budgets(runner, known.budgets)
        refresh(runner, NOW, known.events)


@pytest.fixture(scope="module")
def world(
    database: str, s3_address: str, ten_days: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("pages")
    sample, work = folder / "sample", folder / "work"
    work.mkdir()
    site = sample / "site"
    shutil.copytree(ten_days, sample, ignore=shutil.ignore_patterns("aws-a"))
    phase1, phase2 = folder / "one" / "costs.duckdb", folder / "two" / "costs.duckdb"
    collect(sample, phase1, site)
    collect(sample / "gcp", phase2, site)
    s3 = aws_client("s3", s3_address)
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    azure, empty = FakeAzureSql(), FakeAzureSql()
    loads = Loads(azure, work)
    Loads(empty, work).migrate()
    with fake_redshift(database, s3) as fake:
        data = aws_client("redshift-data", fake.url)
        native = Native(fake, data, s3, work)
        native.load(sample / "aws", site)
        loads.migrate()
        warehouse = loads.warehouse()
        with warehouse.open() as connection:
            archive = FolderArchive(work / "archive")
            rules = rules_of_site(load_site(site))
            loader = Loader(warehouse, connection, archive, rules, Policy(lambda: NOW))
            for each in FolderSource(sample / "azure").snapshots([]):
                loader.load(each)
        made = World(phase1, phase2, native, azure, empty, loads)
        made.tell()
        for path in (phase1, phase2):
            daily_job(path, site)
        yield made
        for client in (data, s3):
            client.close()
    azure.close()
    empty.close()


@pytest.fixture
def phase1(world: World) -> Iterator[dict[str, Ask]]:
    yield from world.asks(world.phase1)


@pytest.fixture
def phase2(world: World) -> Iterator[dict[str, Ask]]:
    yield from world.asks(world.phase2)


def pages() -> dict[str, Any]:
    """The five pages over all clouds, which read no table that only phase 2 fills."""
    made = {uid: json.loads(text) for uid, text in documents(HUB).items()}
    return {uid: page for uid, page in made.items() if "parity" not in uid}


def detail() -> dict[str, Any]:
    return {uid: json.loads(text) for uid, text in detail_documents(HUB, tuple(Cloud)).items()}


def shown(found: Mapping[str, Any], sources: Mapping[str, Ask]) -> Shown:
    """What Grafana shows: it asks each source by itself, and one that fails has no answer."""
    spoken = {REDSHIFT_UID: Dialect.REDSHIFT, SQL_UID: Dialect.TSQL, UID: Dialect.BIGQUERY}
    made: Shown = {}
    for uid, page in found.items():
        for panel in page["panels"]:
            for target in panel["targets"]:
                source = target["datasource"]["uid"]
                sql = asked_by_grafana(spoken[source], text_of(target), DAYS, {})
                try:
                    rows: object = ordered(sources[source](sql))
                except (psycopg.Error, duckdb.Error):
                    rows = DOWN
                made[uid, panel["id"], target["refId"]] = rows
    return made


def ordered(rows: Answer) -> Answer:
    """Without the moment of the load, which is its warehouse's and not the bill's."""
    kept = ({k: v for k, v in row.items() if k != "last_load"} for row in rows)
    return sorted(kept, key=repr)


def test_every_panel_over_all_clouds_shows_in_phase_2_what_it_shows_in_phase_1(
    phase1: dict[str, Ask], phase2: dict[str, Ask]
) -> None:
    before, after = shown(pages(), phase1), shown(pages(), phase2)
    assert len(before) > 60
    assert DOWN not in before.values()
    assert {place for place in before if before[place] != after[place]} == set()
    assert sum(bool(rows) for rows in before.values()) > 50


@pytest.mark.parametrize("cloud", Cloud)
def test_every_panel_about_one_cloud_shows_what_the_hub_would_say_of_the_same_bills(
    phase1: dict[str, Ask], phase2: dict[str, Ask], cloud: Cloud
) -> None:
    page = {plan_of(cloud).uid: detail()[plan_of(cloud).uid]}
    found = shown(page, phase2)
    for name, spot in plan_of(cloud).spots.items():
        metric = metrics()[spot.query.name]
        sql = metric.sql(in_hub(HUB, cloud), ABOUT_ONE, spot.words)
        text = asked_by_grafana(Dialect.BIGQUERY, sql, DAYS, {})
        expected = ordered(phase1[UID](text))
        assert expected, name
        assert found[plan_of(cloud).uid, spot.id, cloud.value] == expected, name


def test_clouds_side_by_side_show_what_the_hub_shows(
    phase1: dict[str, Ask], phase2: dict[str, Ask]
) -> None:
    side = {"clouds-side-by-side": detail()["clouds-side-by-side"]}
    found = shown(side, phase2)
    for panel in side["clouds-side-by-side"]["panels"]:
        for target in panel["targets"]:
            if target["refId"] in set(Cloud):
                cloud = Cloud(target["refId"])
                (name,) = [
                    each
                    for each, metric in metrics().items()
                    if each.startswith(SIDE) and metric.meaning == panel["description"]
                ]
                sql = metrics()[name].sql(in_hub(HUB, cloud), tuple(FILTERS))
                text = asked_by_grafana(Dialect.BIGQUERY, sql, DAYS, {})
                expected = ordered(phase1[UID](text))
                assert found["clouds-side-by-side", panel["id"], cloud.value] == expected
    own = [found["clouds-side-by-side", 1, cloud.value] for cloud in Cloud]
    overview = {"multi-cloud-overview": pages()["multi-cloud-overview"]}
    together = {name: cost for rows in own for name, cost in cast("Answer", rows)[0].items()}
    assert [together] == shown(overview, phase1)["multi-cloud-overview", 8, "A"]


def test_a_source_that_is_down_fails_its_own_questions_and_no_other(
    phase2: dict[str, Ask],
) -> None:
    def refuses(sql: str) -> Answer:
        raise psycopg.OperationalError(sql)

    every = {**pages(), **detail()}
    before = shown(every, phase2)
    for uid in (REDSHIFT_UID, SQL_UID):
        after = shown(every, {**phase2, uid: refuses})
        failed = {place for place, rows in after.items() if rows == DOWN}
        asking = {
            (page, panel["id"], target["refId"])
            for page, document in every.items()
            for panel in document["panels"]
            for target in panel["targets"]
            if target["datasource"]["uid"] == uid
        }
        assert failed == asking
        assert not {page for page, _, _ in failed} & pages().keys()
        assert {place: after[place] for place in after.keys() - failed} == {
            place: before[place] for place in before.keys() - failed
        }


def test_an_empty_source_leaves_the_others_as_they_are(
    world: World, phase2: dict[str, Ask]
) -> None:

    def without_rows(sql: str) -> Answer:
        return ask_azuresql(world.empty, sql)

    nothing: dict[str, Ask] = {**phase2, SQL_UID: without_rows}
    before, after = shown(detail(), phase2), shown(detail(), nothing)
    for place, rows in after.items():
        if place[2] == Cloud.AZURE:
            assert {cell for row in cast("Answer", rows) for cell in row.values()} <= {None, 0}
        else:
            assert rows == before[place]


def test_a_hub_that_is_behind_shows_what_it_was_told_and_the_clouds_page_says_what_it_lacks(
    world: World, tmp_path: Path
) -> None:
    freshness = plan_of(Cloud.AWS).spots["freshness"].id
    store = own_store(HUB, Cloud.AWS)

    def seen() -> tuple[object, Answer]:
        for sources in world.asks(world.phase2):
            hub = shown({"multi-cloud-overview": pages()["multi-cloud-overview"]}, sources)
            page = shown({"aws-detail": detail()["aws-detail"]}, sources)
            return hub, cast("Answer", page["aws-detail", freshness, "AWS"])
        raise AssertionError

    def cost() -> Decimal:
        sql = metrics()["detail_total"].sql(store, ABOUT_ONE)
        days = (date(2026, 10, 1), date(2026, 11, 30))
        return world.in_redshift(asked_by_grafana(store.dialect, sql, days, {}))[0]["cost"]

    told, before = seen()
    paid = cost()
    assert {row["unpublished_loads"] for row in before} == {0}
    world.native.load(bill(tmp_path / "later", "1.00", 2))
    still, after = seen()
    assert still == told
    assert sum(row["unpublished_loads"] for row in after) == 1
    assert cost() == paid + 3
    world.tell()
    _, caught_up = seen()
    assert {row["unpublished_loads"] for row in caught_up} == {0}
