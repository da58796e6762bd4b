"""What the gate takes of a reconciliation: the newest, on every path that it was of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files

from handlers.tables import RECONCILIATION
from tests.fakes.duckdb_hub import DuckDbHub


def keep(hub: DuckDbHub, warehouse: str, dollars: str, hour: int) -> None:
    hub.add(
        RECONCILIATION,
        cloud_provider="AWS",
        scope="111122223333",
        billing_period=date(2026, 10, 1),
        warehouse=warehouse,
        source="cost_explorer",
        reason="unexplained" if Decimal(dollars) else None,
        difference_usd=Decimal(dollars),
        checked_at=datetime(2026, 11, 20, hour, tzinfo=UTC).replace(tzinfo=None),
    )


def unexplained(hub: DuckDbHub) -> list[object]:
    text = files("infra.promotion").joinpath("sql", "unexplained.sql").read_text("utf-8")
    words = {**hub.words(), "clouds": "'AWS'", "tolerance": "1"}
    return [row["warehouse"] for row in hub.rows(text.format(**words))]


def test_each_path_of_the_newest_reconciliation_counts() -> None:
    hub = DuckDbHub.empty()
    keep(hub, "hub", "0", 6)
    keep(hub, "redshift", "7", 6)
    assert unexplained(hub) == ["redshift"]
    keep(hub, "hub", "9", 6)
    assert unexplained(hub) == ["hub", "redshift"]


def test_what_a_path_left_that_is_no_longer_compared_blocks_nothing() -> None:
    hub = DuckDbHub.empty()
    keep(hub, "hub", "60", 5)
    keep(hub, "redshift", "0", 6)
    assert unexplained(hub) == []
