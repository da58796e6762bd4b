"""attribution.sql: who a cost belongs to, on hand-counted cases."""

from dataclasses import dataclass
from datetime import date

import duckdb
import pytest

from handlers.record import UNTAGGED, Cloud
from handlers.site import (
    WHITE_SPACE,
    Site,
    attribution_sql,
    register_attribution,
    site_from,
    tables,
    trimmed,
)

DAY = date(2026, 10, 15)


@dataclass(frozen=True)
class Cost:
    """One combination that engines ask about."""

    cloud: str = "AWS"
    day: date = DAY
    customer: str | None = None
    project: str | None = None
    resource: str | None = None
    account: str | None = None
    group: str | None = None


def site(attribution: str = "map = []", customers: str = "") -> Site:
    return site_from(
        {
            "attribution.toml": attribution.encode(),
            "customers.csv": f"id,aliases,from,to\n{customers}".encode(),
        }
    )


def attributed(site: Site, *costs: Cost) -> list[tuple[str, str, str]]:
    """(customer, project, rule) for each cost, in the order given."""
    with duckdb.connect() as connection:
        register_attribution(connection, site.attribution, site.customers)
        connection.execute(
            "CREATE TEMP TABLE attribution_input (cloud_provider VARCHAR, usage_date DATE,"
            " customer_tag VARCHAR, project_tag VARCHAR, resource_id VARCHAR, account_id VARCHAR,"
            " resource_group VARCHAR)"
        )
        rows = [
            (
                each.cloud,
                each.day,
                each.customer,
                each.project,
                each.resource,
                each.account,
                each.group,
            )
            for each in costs
        ]
        connection.executemany("INSERT INTO attribution_input VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        found = {row[:7]: row[7:] for row in connection.execute(attribution_sql()).fetchall()}
    assert len(found) == len(set(rows))
    return [found[row] for row in rows]


def customer(site: Site, cost: Cost) -> tuple[str, str]:
    """(customer, rule) of one cost."""
    ((customer_id, _, rule),) = attributed(site, cost)
    return customer_id, rule


def account_map(exact: str, name: str, more: str = "") -> str:
    return f'[[map]]\nmatch = "account"\nexact = "{exact}"\ncustomer = "{name}"\n{more}\n'


def test_a_tag_names_its_customer_and_project_as_they_stand() -> None:
    found = attributed(site(), Cost(customer="Acme 🦙", project="p-1"))
    assert found == [("Acme 🦙", "p-1", "tag")]


def test_nothing_names_anyone() -> None:
    assert attributed(site(), Cost()) == [(UNTAGGED, UNTAGGED, "untagged")]


@pytest.mark.parametrize("empty", ["", " ", "\u3000\u00a0\t\n", "\u2028\x85"])
def test_a_tag_of_white_space_only_is_absent(empty: str) -> None:
    found = attributed(
        site(account_map("1", "acme")), Cost(customer=empty, project=empty, account="1")
    )
    assert found == [("acme", UNTAGGED, "map:1")]


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    found = attributed(site(), Cost(customer=" \u2003ac me\u3000", project="\u00a0p\r\n"))
    assert found == [("ac me", "p", "tag")]


def test_sql_and_python_trim_the_same_characters_and_no_others() -> None:
    # PropList.txt of Unicode, White_Space=yes: 25 characters.
    ranges = [(0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680),
              (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
              (0x3000, 0x3000)]  # fmt: skip
    white = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    assert sorted(WHITE_SPACE) == white
    every = [chr(code) for code in range(1, 0x3100)] + ["\ufeff", "\U0001f999", "\U000e0020"]
    assert [each for each in every if not trimmed(each)] == white
    with duckdb.connect() as connection:
        register_attribution(connection, site().attribution, ())
        ends = connection.execute(
            "SELECT c, attribution_trim(c || 'x'), attribution_trim('x' || c), attribution_trim(c)"
            " FROM (SELECT unnest(?::VARCHAR[]) AS c)",
            [every],
        ).fetchall()
    assert {row[0] for row in ends if row[1:] == ("x", "x", None)} == set(white)
    assert all(
        row[1:] == (f"{row[0]}x", f"x{row[0]}", row[0]) for row in ends if row[0] not in white
    )


def test_an_alias_gives_the_customers_id() -> None:
    found = site(customers="acme,ACME Corp|l🦙|cust-0042,,")
    assert customer(found, Cost(customer=" ACME Corp ")) == ("acme", "alias:acme")
    assert customer(found, Cost(customer="l🦙")) == ("acme", "alias:acme")
    assert customer(found, Cost(customer="acme")) == ("acme", "tag")
    assert customer(found, Cost(customer="cust-004")) == ("cust-004", "tag")


def test_case_is_ignored_when_that_leaves_one_customer() -> None:
    found = site(customers="acme,Straße,,\nglobex,,,")
    assert customer(found, Cost(customer="ACME")) == ("acme", "alias:acme")
    assert customer(found, Cost(customer="STRAßE")) == ("acme", "alias:acme")
    assert customer(found, Cost(customer="Globex")) == ("globex", "alias:globex")


def test_the_exact_spelling_wins_over_another_case() -> None:
    found = site(customers="acme,,,\nACME,,,")
    assert customer(found, Cost(customer="ACME")) == ("ACME", "tag")
    assert customer(found, Cost(customer="acme")) == ("acme", "tag")


def test_a_spelling_that_two_customers_have_in_another_case_stays_itself() -> None:
    found = site(customers="acme,,,\nACME,,,")
    assert customer(found, Cost(customer="Acme")) == ("Acme", "tag")


def test_one_customers_several_spellings_are_no_ambiguity() -> None:
    found = site(customers="acme,ACME|aCme,,")
    assert customer(found, Cost(customer="Acme")) == ("acme", "alias:acme")


def test_an_alias_holds_from_its_first_to_its_last_day() -> None:
    found = site(customers="acme,shared,2026-09-01,2026-09-30\nglobex,shared,2026-10-01,")
    answers = attributed(
        found,
        *(
            Cost(customer="shared", day=day)
            for day in (
                date(2026, 8, 31),
                date(2026, 9, 1),
                date(2026, 9, 30),
                date(2026, 10, 1),
                date(2099, 1, 1),
            )
        ),
    )
    assert [customer_id for customer_id, _, _ in answers] == [
        "shared",
        "acme",
        "acme",
        "globex",
        "globex",
    ]


def test_an_ambiguity_counts_only_on_days_when_both_customers_hold() -> None:
    found = site(customers="acme,,,2026-09-30\nACME,,2026-09-01,")
    days = (date(2026, 8, 31), date(2026, 9, 1), date(2026, 10, 1))
    answers = attributed(found, *(Cost(customer="Acme", day=day) for day in days))
    assert [customer_id for customer_id, _, _ in answers] == ["acme", "Acme", "ACME"]


def test_a_tag_wins_over_every_map() -> None:
    found = site(account_map("1", "mapped"))
    assert customer(found, Cost(customer="tagged", account="1")) == ("tagged", "tag")


def test_the_first_map_of_the_file_wins_whatever_it_looks_at() -> None:
    text = (
        "[[map]]\nmatch = 'resource'\nregex = '^r-(.+)$'\n"
        + account_map("1", "by-account")
        + "[[map]]\nmatch = 'resource'\nexact = 'r-x'\ncustomer = 'by-resource'\n"
    )
    found = site(text)
    assert customer(found, Cost(resource="r-x", account="1")) == ("x", "map:1")
    assert customer(found, Cost(resource="other", account="1")) == ("by-account", "map:2")
    assert customer(found, Cost(resource="other", account="2")) == (UNTAGGED, "untagged")


def test_a_map_holds_from_its_first_to_its_last_day() -> None:
    found = site(account_map("1", "acme", "from = 2026-10-01\nto = 2026-10-15"))
    days = (date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 15), date(2026, 10, 16))
    answers = attributed(found, *(Cost(account="1", day=day) for day in days))
    assert [rule for _, _, rule in answers] == ["untagged", "map:1", "map:1", "untagged"]


def test_a_map_that_is_over_lets_the_next_one_decide() -> None:
    text = account_map("1", "before", "to = 2026-10-14") + account_map(
        "1", "after", "from = 2026-10-15"
    )
    assert customer(site(text), Cost(account="1")) == ("after", "map:2")


def test_a_map_of_one_cloud_leaves_the_others_alone() -> None:
    found = site(account_map("1", "acme", 'cloud = "GCP"'))
    answers = attributed(found, *(Cost(cloud=cloud, account="1") for cloud in Cloud))
    assert [rule for _, _, rule in answers] == ["untagged", "untagged", "map:1"]


def test_what_a_map_gives_is_looked_up_among_the_aliases_of_the_day() -> None:
    text = "[[map]]\nmatch = 'resource_group'\nregex = '^rg-([a-z0-9 ]+)$'\n"
    found = site(text, "acme,cust001,2026-10-01,")
    before, on = (
        Cost(cloud="Azure", group="rg- cust001", day=day)
        for day in (date(2026, 9, 30), date(2026, 10, 1))
    )
    assert customer(found, before) == ("cust001", "map:1")
    assert customer(found, on) == ("acme", "map:1")


def test_a_capture_of_nothing_is_no_answer() -> None:
    found = site(
        "[[map]]\nmatch = 'account'\nregex = '^team-(.*)!$'\n" + account_map("team-!", "b")
    )
    assert customer(found, Cost(account="team-x!")) == ("x", "map:1")
    assert customer(found, Cost(account="team-!")) == ("b", "map:2")
    assert customer(found, Cost(account="team- \u3000!")) == (UNTAGGED, "untagged")


def test_project_is_the_project_of_google_cloud_and_the_tag_elsewhere() -> None:
    found = site("[[map]]\nmatch = 'project'\nregex = '^p-(.+)$'\n")
    costs = [Cost(cloud=cloud, project="p-tag", account="p-account") for cloud in Cloud]
    assert attributed(found, *costs) == [
        ("tag", "p-tag", "map:1"),
        ("tag", "p-tag", "map:1"),
        ("account", "p-tag", "map:1"),
    ]


@pytest.mark.parametrize(
    "group", ["rg-customer-cust001-prod", "RG-Customer-CUST001", " rg-customer-cust001 "]
)
def test_the_shipped_map_names_the_customer_of_a_resource_group(group: str) -> None:
    shipped = site_from({})
    assert customer(shipped, Cost(cloud="Azure", group=group)) == ("cust001", "map:1")


@pytest.mark.parametrize(
    "group", ["rg-customer-", "rg-customer-a_b", "x-rg-customer-cust001", "rg-customers-1"]
)
def test_the_shipped_map_leaves_other_resource_groups_alone(group: str) -> None:
    assert customer(site_from({}), Cost(cloud="Azure", group=group)) == (UNTAGGED, "untagged")


def test_azure_names_have_no_case_and_those_of_other_clouds_do() -> None:
    text = (
        "[[map]]\nmatch = 'resource'\nexact = '/Sub/A'\ncustomer = 'exact'\n"
        "[[map]]\nmatch = 'resource'\nregex = '^/Deployment/(.+)$'\n"
        "[[map]]\nmatch = 'project'\nregex = '^Team-(.+)$'\n"
    )
    found = site(text)
    assert customer(found, Cost(cloud="Azure", resource="/SUB/a")) == ("exact", "map:1")
    assert customer(found, Cost(cloud="AWS", resource="/SUB/a")) == (UNTAGGED, "untagged")
    assert customer(found, Cost(cloud="Azure", resource="/DEPLOYMENT/Acme")) == ("acme", "map:2")
    assert customer(found, Cost(cloud="AWS", resource="/Deployment/Acme")) == ("Acme", "map:2")
    # A tag is text that people chose: it keeps its case on Azure too.
    assert customer(found, Cost(cloud="Azure", project="Team-Red")) == ("Red", "map:3")
    assert customer(found, Cost(cloud="Azure", project="team-Red")) == (UNTAGGED, "untagged")


def test_each_distinct_combination_is_answered_once_and_given_back_unchanged() -> None:
    cost = Cost(customer=" x ", project=None, resource="", account="a", group=None)
    assert attributed(site(), cost, cost, Cost(customer="x")) == [
        ("x", UNTAGGED, "tag"),
        ("x", UNTAGGED, "tag"),
        ("x", UNTAGGED, "tag"),
    ]


def test_values_that_look_like_sql_are_only_values() -> None:
    nasty = "x'); DROP TABLE attribution_names; --"
    found = site(account_map(nasty, nasty), f'"{nasty}","o\'neil",,')
    assert customer(found, Cost(customer="o'neil")) == (nasty, f"alias:{nasty}")
    assert customer(found, Cost(account=nasty)) == (nasty, "map:1")


def test_registering_again_replaces_the_rules() -> None:
    with duckdb.connect() as connection:
        for rules in (site(account_map("1", "old"), "a,b,,"), site()):
            register_attribution(connection, rules.attribution, rules.customers)
        left = connection.execute(
            "SELECT (SELECT count(*) FROM attribution_maps),"
            " (SELECT count(*) FROM attribution_names)"
        ).fetchall()
    assert left == [(0, 0)]


def test_tables_give_each_map_for_each_cloud_and_each_name_once() -> None:
    rules = site(account_map("1", "acme", "to = 2026-10-14"), "acme,acme|ACME,2026-10-01,")
    rows = tables(rules.attribution, rules.customers)
    assert [(each.cloud, each.position, each.last_day) for each in rows.maps] == [
        ("AWS", 1, date(2026, 10, 14)),
        ("Azure", 1, date(2026, 10, 14)),
        ("GCP", 1, date(2026, 10, 14)),
    ]
    assert [(each.name, each.customer_id, each.first_day) for each in rows.names] == [
        ("acme", "acme", date(2026, 10, 1)),
        ("ACME", "acme", date(2026, 10, 1)),
    ]
