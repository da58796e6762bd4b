"""What drives an estimate and what other ways cost, computed by hand from made-up prices."""

import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from infra.cost import Allowance, Estimate, Item, Price, PriceList, Usage, read_prices
from infra.spending.outlook import Alternative, Driver, Profile, alternatives, drivers, profiles
from tests.conftest import ROOT


def price(name: str, amount: str, free: str = "0") -> Price:
    return Price(
        name=name,
        title=name.title(),
        amount=Decimal(amount),
        unit="unit",
        free=Decimal(free),
        date=date(2026, 1, 31),
        source="https://example.com",
        verified=True,
    )


QUERY, JOB = price("query", "6.25", free="1"), price("job", "0.10")


def usage(of: Price, quantity: str) -> Usage:
    return Usage(type="x", price=of, quantity=Decimal(quantity), assumption="", where={})


def estimated(*items: tuple[Price, str], given: Sequence[Allowance] = ()) -> Estimate:
    return Estimate(
        items=[Item(None, usage(of, quantity), Decimal(quantity)) for of, quantity in items],
        allowances=given,
        unknown={},
    )


def test_drivers_add_up_each_price_less_what_is_given_away_and_the_dearest_is_first() -> None:
    found = estimated((JOB, "4"), (QUERY, "2"), (JOB, "1"), given=[Allowance(QUERY, Decimal(1))])
    # 2 x 6.25 - 1 x 6.25; 5 x 0.10
    assert drivers(found) == [
        Driver("query", "Query", Decimal("6.25")),
        Driver("job", "Job", Decimal("0.50")),
    ]
    assert sum(driver.usd for driver in drivers(found)) == found.total


def test_a_profile_multiplies_the_usages_of_the_prices_that_it_names() -> None:
    prices = PriceList(
        usages=[usage(QUERY, "2"), usage(JOB, "3")], what_if=[], free_types=[], expected={}
    )
    applied = Profile("large", "", {"query": Decimal(5)}).applied(prices)
    assert [each.quantity for each in applied.usages] == [Decimal(10), Decimal(3)]


def test_an_alternative_is_told_as_what_it_costs_more_than_what_it_replaces() -> None:
    other = Alternative("", ["query"], Decimal(100), "", "")
    assert other.difference([Driver("query", "", Decimal("6.25"))]) == Decimal("93.75")
    assert other.difference([Driver("job", "", Decimal(1))]) is None


def test_the_shipped_alternatives_come_to_what_their_factors_say() -> None:
    found = {each.replaces[0]: each.usd for each in alternatives()}
    assert found["bigquery-query"] == Decimal("1459.20")  # 0.04 x 50 x 24 x 30.4
    assert found["redshift-rpu"] == Decimal("396.1728")  # 0.543 x 24 x 30.4
    assert found["sql-s0"] == Decimal("31.7376")  # 0.522 x 0.5 x 4 x 30.4


def test_every_price_that_a_profile_or_an_alternative_names_is_in_the_price_list() -> None:
    text = (ROOT / "infra" / "prices.toml").read_text(encoding="utf-8")
    known = set(tomllib.loads(text)["price"])
    named = {name for each in profiles().values() for name in each.factors}
    named |= {name for each in alternatives() for name in each.replaces}
    assert named - known == set()
    assert set(profiles()) == {"small", "usual", "large"}
    assert profiles()["usual"].applied(read_prices()) == read_prices()
