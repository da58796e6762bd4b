from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from infra.apis.aws import Aws
from infra.apis.web import Api
from infra.native_settings import SqlRoute, SqlSettings
from infra.settings import AzureSettings, Job
from infra.uninstall.copies import RedshiftSnapshot, SqlCopy
from infra.uninstall.removal import Asked, CopyFailed, LastCopy, NotConfirmed, remove
from tests.infra.uninstall.clouds import Clouds, served

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
TABLE = "urn:pulumi:prod::ai-cost-monitoring::a:W$gcp:bigquery/table:Table::warehouse-ledger"
AZURE = AzureSettings(
    subscription="11111111-1111-4111-8111-111111111111",
    tenant="33333333-3333-4333-8333-333333333333",
    location="eastus2",
    resource_group="ai-cost-monitoring",
    storage_account="acmecosts",
    export_name="ai-cost-export",
    scopes=(),
    job=Job(name="azure-daily-etl", schedule="0 4 * * *"),
    sql=SqlSettings(prefix="acmecosts", route=SqlRoute.VNET_RULE, job="azure-native-etl"),
)


@dataclass
class Engine:
    """What would be done, in order."""

    stack: str = "prod"
    done: list[str] = field(default_factory=list[str])

    def protected(self) -> Sequence[str]:
        return [TABLE]

    def destroy_unprotected(self) -> None:
        self.done.append("destroy")


@dataclass
class Copy:
    engine: Engine
    fails: bool = False
    told: str = "a snapshot of everything"

    def take(self) -> str:
        if self.fails:
            raise CopyFailed("no room")
        self.engine.done.append("copy")
        return "the snapshot"


def asked(said: str | None = None, typed: str = "", ci: str = "") -> Asked:
    return Asked({"CI": ci}, lambda: typed, said)


def removed(engine: Engine, how: Asked, copies: Sequence[LastCopy] = ()) -> list[str]:
    said: list[str] = []
    remove(engine, copies, how, said.append)
    return said


def test_the_last_copies_are_made_before_anything_is_deleted() -> None:
    engine = Engine()
    said = removed(engine, asked(typed="prod"), [Copy(engine)])
    assert engine.done == ["copy", "destroy"]
    assert "  gcp:bigquery/table:Table  warehouse-ledger" in said
    assert "Before: a snapshot of everything." in said


@pytest.mark.parametrize(
    "how",
    [asked(typed="production"), asked(typed=""), asked(said="dev"), asked(typed="prod", ci="true")],
    ids=["other", "nothing", "other-by-option", "ci"],
)
def test_without_the_stacks_name_nothing_is_changed(how: Asked) -> None:
    engine = Engine()
    with pytest.raises(NotConfirmed):
        removed(engine, how, [Copy(engine)])
    assert engine.done == []


def test_ci_says_the_name_by_the_option() -> None:
    engine = Engine()
    removed(engine, asked(said="prod", ci="true"))
    assert engine.done == ["destroy"]


def test_a_copy_that_fails_keeps_everything() -> None:
    engine = Engine()
    with pytest.raises(CopyFailed, match="no room"):
        removed(engine, asked(said="prod"), [Copy(engine, fails=True)])
    assert engine.done == []


@dataclass
class World:
    clouds: Clouds
    snapshot: RedshiftSnapshot
    copy: SqlCopy
    waited: list[timedelta]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    clouds, waited = Clouds(), list[timedelta]()
    with served(clouds) as (redshift, azure):
        monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS", redshift)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
        aws = Aws.find("us-east-1")
        api = Api(azure, lambda: "fake-token")
        yield World(
            clouds,
            RedshiftSnapshot(aws, AT, waited.append),
            SqlCopy(api, AZURE, AT, waited.append, polls=3),
            waited,
        )


def test_a_snapshot_is_waited_for_until_it_is_available(world: World) -> None:
    said = world.snapshot.take()
    assert said == "snapshot ai-cost-last-20261128-120000 of Redshift's namespace ai-cost"
    assert world.clouds.snapshots == {"ai-cost-last-20261128-120000": 2}
    assert len(world.waited) == 1


def test_a_copy_of_the_database_is_waited_for_until_it_is_online(world: World) -> None:
    world.copy.take()
    assert world.clouds.databases == {"costs-last-20261128-120000": 2}
    assert len(world.waited) == 1


def test_a_snapshot_that_is_refused_failed_or_late_is_told(world: World) -> None:
    world.clouds.ends_as = "FAILED"
    with pytest.raises(CopyFailed, match="is FAILED"):
        world.snapshot.take()
    with pytest.raises(CopyFailed, match="ConflictException"):
        world.snapshot.take()
    world.clouds.snapshots.clear()
    world.clouds.namespaces.clear()
    with pytest.raises(CopyFailed, match="ResourceNotFoundException"):
        world.snapshot.take()


def test_a_copy_that_takes_too_long_is_told_and_a_login_that_is_wrong_too(world: World) -> None:
    world.clouds.polls = 10_000
    with pytest.raises(CopyFailed, match="is not ready yet"):
        world.copy.take()
    world.clouds.token = "another"
    with pytest.raises(CopyFailed, match="401 Unauthorized"):
        world.copy.take()
