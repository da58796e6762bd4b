"""attribution.sql against the same rules written row by row in Python."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.record import Cloud
from handlers.site import (
    Attribution,
    AttributionMap,
    Customer,
    MatchOn,
    Validity,
    attribution_sql,
    register_attribution,
)

pytestmark = pytest.mark.slow

# cloud, day, customer tag, project tag, resource, account, resource group
Combination = tuple[str, date, str | None, str | None, str | None, str | None, str | None]

FIRST = date(2026, 9, 28)
NAMES = ("acme", "ACME", "Acme", "globex", "l🦙", "L🦙", "ac me", "x")
VALUES = (*NAMES, "rg-acme", "RG-Globex-prod", "rg-", "sub-1", "a,b|c'\"")
PADDING = ("", " ", "\u3000", "\t\n")
EXPRESSIONS = ("^rg-([a-z]*)", "(?i)^rg-([a-z]+)-PROD$", "(.)🦙", "^(acme|x)$", "sub-([0-9])")

clouds = st.sampled_from([cloud.value for cloud in Cloud])
days = st.integers(0, 6).map(lambda count: FIRST + timedelta(days=count))
padded = st.tuples(
    st.sampled_from(PADDING), st.sampled_from(("", *VALUES)), st.sampled_from(PADDING)
).map("".join)
maybe = st.none() | padded
combinations = st.lists(
    st.tuples(clouds, days, maybe, maybe, maybe, maybe, maybe), min_size=1, max_size=30
)


@st.composite
def validities(draw: st.DrawFn) -> Validity:
    first, last = sorted((draw(days), draw(days)))
    return Validity(draw(st.sampled_from([None, first])), draw(st.sampled_from([None, last])))


@st.composite
def map_lists(draw: st.DrawFn) -> tuple[AttributionMap, ...]:
    maps: list[AttributionMap] = []
    for position in range(1, draw(st.integers(0, 4)) + 1):
        regex = draw(st.sampled_from([None, *EXPRESSIONS]))
        exact = None if regex else draw(st.sampled_from(VALUES))
        maps.append(
            AttributionMap(
                position=position,
                match=draw(st.sampled_from(MatchOn)),
                exact=exact,
                regex=regex,
                customer=draw(st.sampled_from(NAMES)) if exact else None,
                cloud=draw(st.none() | st.sampled_from(Cloud)),
                validity=draw(validities()),
            )
        )
    return tuple(maps)


@st.composite
def customer_lists(draw: st.DrawFn) -> tuple[Customer, ...]:
    """Customers whose names never mean two of them on one day, as the file's check demands."""
    customers: list[Customer] = []
    for _ in range(draw(st.integers(0, 5))):
        validity = draw(validities())
        taken = {
            name
            for other in customers
            if other.validity.overlaps(validity)
            for name in (other.id, *other.aliases)
        }
        free = [name for name in NAMES if name not in taken]
        if free:
            names = draw(st.lists(st.sampled_from(free), min_size=1, max_size=3, unique=True))
            customers.append(Customer(names[0], "", tuple(names[1:]), validity))
    return tuple(customers)


def holds(validity: Validity, day: date) -> bool:
    return (validity.first_day is None or validity.first_day <= day) and (
        validity.last_day is None or day <= validity.last_day
    )


def bare(value: str | None) -> str | None:
    return (value or "").strip(" \u3000\t\n") or None


def canonical(name: str, day: date, customers: Sequence[Customer]) -> str:
    known = [
        (known_name, customer.id)
        for customer in customers
        if holds(customer.validity, day)
        for known_name in (customer.id, *customer.aliases)
    ]
    for known_name, customer_id in known:
        if known_name == name:
            return customer_id
    others = {
        customer_id for known_name, customer_id in known if known_name.lower() == name.lower()
    }
    return others.pop() if len(others) == 1 else name


def mapped(row: Combination, rule: AttributionMap) -> str | None:
    cloud, day, _, project, resource, account, group = row
    if rule.cloud not in (None, cloud) or not holds(rule.validity, day):
        return None
    value = {
        MatchOn.RESOURCE: resource,
        MatchOn.ACCOUNT: account,
        MatchOn.PROJECT: account if cloud == "GCP" else project,
        MatchOn.RESOURCE_GROUP: group,
    }[rule.match]
    value = bare(value)
    if value is None:
        return None
    caseless = cloud == "Azure" and rule.match != MatchOn.PROJECT
    if caseless:
        value = value.lower()
    if rule.exact is not None:
        return rule.customer if value == (rule.exact.lower() if caseless else rule.exact) else None
    found = re.search(rule.regex or "", value, re.IGNORECASE if caseless else 0)
    return bare(found[1]) if found else None


def expected(
    row: Combination, maps: Sequence[AttributionMap], customers: Sequence[Customer]
) -> tuple[str, str, str]:
    project = bare(row[3]) or "untagged"
    tag = bare(row[2])
    if tag is not None:
        customer = canonical(tag, row[1], customers)
        return customer, project, "tag" if customer == tag else f"alias:{customer}"
    for rule in maps:
        name = mapped(row, rule)
        if name is not None:
            return canonical(name, row[1], customers), project, f"map:{rule.position}"
    return "untagged", project, "untagged"


@settings(deadline=None, max_examples=80)
@given(rows=combinations, maps=map_lists(), customers=customer_lists())
def test_the_statement_says_of_every_combination_what_the_rules_say_row_by_row(
    rows: list[Combination],
    maps: tuple[AttributionMap, ...],
    customers: tuple[Customer, ...],
) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        register_attribution(connection, Attribution((), (), maps), customers)
        connection.execute(
            "CREATE TEMP TABLE attribution_input AS SELECT unnest(?::VARCHAR[]) AS cloud_provider,"
            " unnest(?::DATE[]) AS usage_date, unnest(?::VARCHAR[]) AS customer_tag,"
            " unnest(?::VARCHAR[]) AS project_tag, unnest(?::VARCHAR[]) AS resource_id,"
            " unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS resource_group",
            [list(column) for column in zip(*rows, strict=True)],
        )
        answered = connection.execute(attribution_sql()).fetchall()
    assert len(answered) == len(set(rows))
    assert {row[:7]: row[7:] for row in answered} == {
        row: expected(row, maps, customers) for row in rows
    }
