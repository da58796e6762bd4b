"""What must hold of any bills: conservation, idempotence, order, restatement."""

import tempfile
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from handlers.load.load import Outcome, Policy
from tests.handlers.load.bills import (
    BEDROCK,
    COMPUTE,
    NOVA,
    SONNET,
    SONNET_OUT,
    AwsBill,
    Line,
    days_of,
    write_bill,
)
from tests.handlers.load.runs import (
    NOW,
    bill_in,
    collect,
    ledger,
    loader,
    query,
    tables,
    timeless,
)

pytestmark = pytest.mark.slow

HALF_NANO = Decimal("5e-10")
NOTHING_IS_HELD = Policy(lambda: NOW, shrink_share=Decimal(10**15))
"""A refund can take a month below zero, so that it shrinks by more than the whole of it."""

PHASES = (Phase.explicit, Phase.generate)
"""An example takes a second: making a failing one smaller would take minutes."""

RATES = {
    "EUR": {date(2026, 10, 1): "0.8611", date(2026, 11, 1): "0.857123456"},
    "JPY": {date(2026, 10, 1): "151.2", date(2026, 11, 1): "149.35"},
}
SCOPES = {"111122223333": "USD", "444455556666": "EUR", "777788889999": "JPY"}
PERIODS = (date(2026, 10, 1), date(2026, 11, 1))
NAMED = {
    SONNET: ("claude-sonnet-4.5", "input"),
    SONNET_OUT: ("claude-sonnet-4.5", "output"),
    NOVA: ("nova-pro", "input"),
}
CHARGES = {"Usage": "usage", "Credit": "credit", "Refund": "refund", "EdpDiscount": "discount"}

amounts = st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,12})?", fullmatch=True)


@st.composite
def lines(draw: st.DrawFn, currency: str, period: date) -> Line:
    usage_type = draw(st.sampled_from([*NAMED, "BoxUsage:m5.large"]))
    customer = draw(st.sampled_from(["", "acme", " acme ", "Globex", "ünïcode"]))
    return Line(
        day=draw(st.sampled_from(days_of(period)[:20])),
        cost=draw(amounts),
        usage_type=usage_type,
        quantity=draw(st.sampled_from(["0", "1", "0.001", "12345.678", "3"])),
        product=BEDROCK if usage_type in NAMED else COMPUTE,
        line_type=draw(st.sampled_from(list(CHARGES))),
        tags={"customer_id": customer} if customer else {},
        region=draw(st.sampled_from(["us-east-1", ""])),
        currency=currency,
    )


@st.composite
def bills(draw: st.DrawFn, versions: int = 1) -> list[AwsBill]:
    """Two bills, each in so many versions, oldest first."""
    wanted = draw(
        st.lists(
            st.tuples(st.sampled_from(list(SCOPES)), st.sampled_from(PERIODS)),
            min_size=2,
            max_size=2,
            unique=True,
        )
    )
    return [
        AwsBill(
            scope,
            period,
            draw(st.lists(lines(SCOPES[scope], period), min_size=1, max_size=6)),
            datetime(2026, 11, 10 + number, 4, tzinfo=UTC),
        )
        for scope, period in wanted
        for number in range(versions)
    ]


@contextmanager
def workplace() -> Generator[Path, None, None]:
    """A folder of its own for each example, with the site's rates."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "site").mkdir()
        rows = [
            f"{currency},{month:%Y-%m},{rate}"
            for currency, months in RATES.items()
            for month, rate in months.items()
        ]
        text = "currency,month,rate\n" + "\n".join(rows) + "\n"
        (folder / "site" / "rates.csv").write_text(text, encoding="utf-8")
        yield folder


def expected(bills: Sequence[AwsBill]) -> dict[tuple[str, ...], Decimal]:
    """Exact cost of AI per bill, model, token type, customer and kind of charge."""
    costs: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for bill in bills:
        for line in bill.lines:
            if line.usage_type in NAMED:
                customer = line.tags.get("customer_id", "untagged").strip()
                kind = CHARGES[line.line_type]
                key = (bill.scope, str(bill.period), *NAMED[line.usage_type], customer, kind)
                costs[key] += Decimal(line.cost)
    return costs


@settings(max_examples=8, phases=PHASES)
@given(bills())
def test_every_cent_of_the_bills_is_in_the_tables_once_and_again_after_a_second_run(
    ours: list[AwsBill],
) -> None:
    with workplace() as folder:
        for bill in ours:
            write_bill(folder / "bills", bill)
        warehouse = folder / "w" / "costs.duckdb"
        collect(folder / "bills", warehouse, folder / "site")
        found = {
            tuple(map(str, row[:6])): row[6:]
            for row in query(
                warehouse,
                "SELECT scope, billing_period, model, token_type, customer_id, charge_type,"
                " sum(billing_cost), sum(cost_usd), count(*) FROM llm_costs GROUP BY ALL",
            )
        }
        wanted = expected(ours)
        assert found.keys() == wanted.keys()
        for key, cost in wanted.items():
            billing, usd, count = found[key]
            assert abs(billing - cost) <= count * HALF_NANO
            scope, period, *_ = key
            currency, month = SCOPES[scope], date.fromisoformat(period)
            rate = Decimal(RATES[currency][month]) if currency != "USD" else Decimal(1)
            with localcontext(prec=50):
                assert abs(usd - cost / rate) <= count * (HALF_NANO + HALF_NANO / rate)
        for row in ledger(warehouse):
            bill = next(b for b in ours if (b.scope, b.period) == (row.scope, row.billing_period))
            total = sum((Decimal(line.cost) for line in bill.lines), Decimal(0))
            assert abs((row.source_total or 0) - total) <= HALF_NANO
            assert row.source_lines == len(bill.lines)
        before = (tables(warehouse), ledger(warehouse))
        again = collect(folder / "bills", warehouse, folder / "site")
        assert {loaded.outcome for loaded in again} == {Outcome.UNCHANGED}
        assert (tables(warehouse), ledger(warehouse)) == before


@settings(max_examples=4, phases=PHASES)
@given(bills(versions=2), st.data())
def test_versions_loaded_in_any_order_end_as_if_only_the_last_had_been_there(
    ours: list[AwsBill], data: st.DataObject
) -> None:
    with workplace() as folder:
        newest = {(bill.scope, bill.period): bill for bill in ours}
        for bill in newest.values():
            write_bill(folder / "last", bill)
        collect(folder / "last", folder / "once" / "costs.duckdb", folder / "site")
        shuffled = data.draw(st.permutations(ours))
        with loader(folder / "any" / "costs.duckdb", folder / "site", NOTHING_IS_HELD) as some:
            for number, bill in enumerate([*shuffled, *shuffled]):
                write_bill(folder / f"{number}", bill)
                some.load(bill_in(folder / f"{number}"))
        once, anyhow = folder / "once" / "costs.duckdb", folder / "any" / "costs.duckdb"
        assert tables(anyhow) == tables(once)
        last_loads = {row.load_id: row for row in ledger(anyhow)}
        for row in timeless(ledger(once)):
            (same,) = timeless([last_loads[row.load_id]])
            # An archive says where its bill lay, which is another folder here.
            assert replace(same, restated_usd=None, archive=row.archive) == row


@settings(max_examples=4, phases=PHASES)
@given(bills(), st.data())
def test_reloading_a_restated_month_replaces_only_that_month_and_scope(
    ours: list[AwsBill], data: st.DataObject
) -> None:
    with workplace() as folder:
        for bill in ours:
            write_bill(folder / "bills", bill)
        warehouse = folder / "w" / "costs.duckdb"
        collect(folder / "bills", warehouse, folder / "site")
        before = tables(warehouse)
        old = data.draw(st.sampled_from(ours))
        fresh = data.draw(st.lists(lines(SCOPES[old.scope], old.period), min_size=1, max_size=3))
        new = replace(old, lines=fresh, written=datetime(2026, 11, 20, 4, tzinfo=UTC))
        write_bill(folder / "bills", new)
        outcomes = collect(folder / "bills", warehouse, folder / "site", NOTHING_IS_HELD)
        assert [o.outcome for o in outcomes].count(Outcome.LOADED) == 1
        write_bill(folder / "alone", new)
        collect(folder / "alone", folder / "v" / "costs.duckdb", folder / "site")
        alone = tables(folder / "v" / "costs.duckdb")
        for name, rows in before.items():
            kept = [row for row in rows if old.scope not in row or old.period not in row]
            assert sorted(kept + alone[name], key=repr) == sorted(tables(warehouse)[name], key=repr)
