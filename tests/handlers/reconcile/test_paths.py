"""In the hub both paths of a bill are held against what is stated, each by itself."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.ledger import LedgerRow, Status
from handlers.reconcile import SaidBy, Statement
from handlers.reconcile.asked import Answers
from handlers.reconcile.books import Books
from handlers.reconcile.run import Reconciled, Wanted, reconcile_bills
from handlers.record import Cloud
from handlers.site import load_site
from handlers.tables import LEDGER
from tests.fakes.duckdb_hub import DuckDbHub

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
LOADED_AT = datetime(2026, 11, 24, 3)  # noqa: DTZ001 - UTC without saying so, as ledgers have it
SCOPE, SEPTEMBER, OCTOBER = "111122223333", date(2026, 9, 1), date(2026, 10, 1)


@pytest.fixture
def hub() -> Iterator[DuckDbHub]:
    hub = DuckDbHub.empty()
    yield hub
    hub.connection.close()


def own(total: str, period: date = SEPTEMBER, at: datetime = LOADED_AT) -> LedgerRow:
    """A bill of AWS that the hub loaded itself."""
    return LedgerRow(
        load_id=f"own-{period:%m}",
        cloud_provider=Cloud.AWS,
        scope=SCOPE,
        billing_period=period,
        source_version="v1",
        rule_digest="r",
        site_digest="s",
        started_at=at,
        finished_at=at,
        status=Status.LOADED,
        billing_currency="USD",
        source_total=Decimal(total),
    )


def publish(
    hub: DuckDbHub,
    total: str,
    period: date = SEPTEMBER,
    at: datetime = LOADED_AT,
    warehouse: str = "redshift",
) -> None:
    """The ledger's row of a bill that a cloud's own warehouse loaded."""
    hub.add(
        LEDGER,
        warehouse=warehouse,
        load_id=f"native-{period:%m}",
        cloud_provider="AWS",
        scope=SCOPE,
        billing_period=period,
        status="loaded",
        billing_currency="USD",
        source_total=Decimal(total),
        started_at=at,
        finished_at=at,
    )


def said(total: str, period: date = SEPTEMBER) -> Statement:
    return Statement(
        cloud=Cloud.AWS,
        scope=SCOPE,
        period=period,
        said_by=SaidBy.COST_EXPLORER,
        currency="USD",
        total=Decimal(total),
    )


def run(hub: DuckDbHub, loads: list[LedgerRow], *statements: Statement) -> Reconciled:
    site = load_site(None)
    return reconcile_bills(
        Wanted((Cloud.AWS,)),
        loads,
        site.invoices,
        lambda _periods: Answers(statements),
        Books(hub, "hub", site.rates),
        NOW,
    )


def kept(hub: DuckDbHub) -> list[tuple[object, object]]:
    rows = hub.rows(
        f"SELECT warehouse, difference FROM {hub.words()['reconciliation']}"
        " WHERE charge_type IS NULL ORDER BY warehouse"
    )
    return [(row["warehouse"], row["difference"]) for row in rows]


def test_what_a_clouds_own_warehouse_lost_shows_beside_the_hubs_own_load(hub: DuckDbHub) -> None:
    publish(hub, "93")
    found = run(hub, [own("100")], said("100"))
    assert kept(hub) == [("hub", Decimal(0)), ("redshift", Decimal(7))]
    assert [each.is_explained for each in found.compared] == [True, False]
    assert (found.unloaded, found.unstated) == ([], [])


def test_of_a_bill_that_was_published_twice_the_newest_counts(hub: DuckDbHub) -> None:
    publish(hub, "50", at=LOADED_AT - timedelta(hours=24))
    publish(hub, "100")
    run(hub, [], said("100"))
    assert kept(hub) == [("redshift", Decimal(0))]


def test_a_path_that_was_retired_is_not_held_against_its_last_month(hub: DuckDbHub) -> None:
    retired = LOADED_AT - timedelta(hours=37)
    publish(hub, "100", OCTOBER)
    run(hub, [own("60", OCTOBER, retired)], said("100", OCTOBER))
    assert kept(hub) == [("redshift", Decimal(0))]


def test_a_path_within_half_a_day_of_grace_is(hub: DuckDbHub) -> None:
    publish(hub, "100", OCTOBER)
    run(hub, [own("60", OCTOBER, LOADED_AT - timedelta(hours=36))], said("100", OCTOBER))
    assert kept(hub) == [("hub", Decimal(40)), ("redshift", Decimal(0))]


def test_an_old_month_of_a_path_that_goes_on_is_compared(hub: DuckDbHub) -> None:
    publish(hub, "100")
    loads = [own("99", SEPTEMBER, LOADED_AT - timedelta(days=40)), own("60", OCTOBER)]
    run(hub, loads, said("100"))
    assert kept(hub) == [("hub", Decimal(1)), ("redshift", Decimal(0))]


def test_what_is_on_no_path_is_not_loaded_and_a_bill_nobody_speaks_of_is_named_once(
    hub: DuckDbHub,
) -> None:
    publish(hub, "100")
    found = run(hub, [own("100")], said("8", OCTOBER))
    assert [each.period for each in found.unloaded] == [OCTOBER]
    assert [each.billing_period for each in found.unstated] == [SEPTEMBER]
