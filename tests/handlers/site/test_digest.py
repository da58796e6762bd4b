from datetime import date

import pytest

from handlers.record import Cloud
from handlers.site import Site, load_site, site_from

OCTOBER = date(2026, 10, 1)

ATTRIBUTION = """
customer_keys = ["customer", "tenant"]
[[map]]
match = "account"
exact = "1"
customer = "acme"
[[map]]
match = "account"
exact = "2"
customer = "globex"
cloud = "GCP"
[[map]]
match = "account"
exact = "3"
customer = "initech"
to = 2026-09-30
"""
CUSTOMER_HEADER = "id,name,aliases,from,to\n"
CUSTOMERS = """id,name,aliases,from,to
acme,Acme,a|b,,
globex,Globex,,2026-10-05,2026-10-20
early,Early,,,2025-01-31
"""
RATES = "currency,month,rate\nEUR,2026-10,0.86\nJPY,2026-09,149.5\nEUR,2026-06,0.9\n"
RULES = """
[[model]]
id = "site-x"
evidence = "acme-x"
match = 'acme-(x)'
gives = "acme-{1}"
"""


def site(**changed: str) -> Site:
    contents = {
        "attribution.toml": ATTRIBUTION,
        "customers.csv": CUSTOMERS,
        "rates.csv": RATES,
        "budgets.csv": "scope,id,month,amount_usd\ntotal,,*,5\n",
    }
    contents |= {f"{name}.csv": text for name, text in changed.items() if name != "attribution"}
    if "attribution" in changed:
        contents["attribution.toml"] = changed["attribution"]
    return site_from({name: text.encode() for name, text in contents.items()})


def october(found: Site) -> str:
    return found.digest(Cloud.AWS, OCTOBER)


def test_a_digest_is_64_hex_digits_and_the_same_every_time() -> None:
    digest = october(site())
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")
    assert digest == october(site())
    assert digest == site().digest(Cloud.AWS, date(2026, 10, 31))


@pytest.mark.parametrize(
    "changed",
    [
        {"customers": "# a comment\n\n" + CUSTOMERS.replace("\n", "\r\n\r\n")},
        {"customers": CUSTOMER_HEADER + "\n".join(reversed(CUSTOMERS.split()[1:]))},
        {"customers": CUSTOMERS.replace("a|b", " b | a ")},
        {"customers": "aliases,id,name,from,to\na|b,acme,Acme,,\n"
                      ",globex,Globex,2026-10-05,2026-10-20"},
        {"rates": "rate,month,currency\n149.50,2026-09,JPY\n0.860,2026-10,EUR\n"},
        {"budgets": "scope,id,month,amount_usd\ntotal,,*,6\ncloud,AWS,*,1\n"},
        {"budgets": ""},
        {"invoices": "cloud,scope,billing_period,invoice_id,currency,amount\nAWS,1,2026-10,,USD,1"},
        {"events": "date\n2026-10-10\n"},
        {"attribution": "# new\n" + ATTRIBUTION.replace("customer = ", "customer  =  ")},
        {"attribution": ATTRIBUTION.replace('"customer",', '"CUSTOMER",\n')},
    ],
)  # fmt: skip
def test_what_a_load_does_not_use_leaves_the_digest_alone(changed: dict[str, str]) -> None:
    assert october(site(**changed)) == october(site())


@pytest.mark.parametrize(
    "changed",
    [
        {"customers": CUSTOMERS.replace("a|b", "a|c")},
        {"customers": CUSTOMERS.replace("Globex", "Globex Inc")},
        {"customers": CUSTOMERS.replace("2026-10-20", "2026-10-21")},
        {"customers": CUSTOMERS + "new,,,,\n"},
        {"rates": RATES.replace("0.86", "0.87")},
        {"rates": RATES.replace("JPY,2026-09", "JPY,2026-10")},
        {"rates": RATES + "CHF,2026-08,0.8\n"},
        {"attribution": ATTRIBUTION.replace('"customer", "tenant"', '"tenant", "customer"')},
        {"attribution": 'project_keys = ["team"]\n' + ATTRIBUTION},
        {"attribution": ATTRIBUTION.replace('customer = "acme"', 'customer = "other"')},
        {"attribution": ATTRIBUTION.replace('match = "account"\nexact = "1"',
                                            'match = "resource"\nexact = "1"')},
    ],
)  # fmt: skip
def test_what_a_load_uses_changes_the_digest(changed: dict[str, str]) -> None:
    assert october(site(**changed)) != october(site())


def test_the_order_of_maps_has_meaning() -> None:
    one, two = (
        f"[[map]]\nmatch = 'account'\nregex = '{regex}'\n" for regex in ("^a(.)", "^ab?(.)")
    )
    assert october(site(attribution=one + two)) != october(site(attribution=two + one))


def test_a_map_of_one_cloud_touches_only_that_clouds_loads() -> None:
    other = site(attribution=ATTRIBUTION.replace('"globex"', '"else"'))
    changed = [
        each for each in Cloud if other.digest(each, OCTOBER) != site().digest(each, OCTOBER)
    ]
    assert changed == [Cloud.GCP]


def test_a_change_touches_its_own_months_and_the_month_on_either_side() -> None:
    # Bill lines of a period can be of the days just before or after it.
    other = site(customers=CUSTOMERS.replace("Globex", "Globex Inc"))
    months = [date(2026, month, 1) for month in range(7, 13)]
    changed = [
        month.month
        for month in months
        if other.digest(Cloud.AWS, month) != site().digest(Cloud.AWS, month)
    ]
    assert changed == [9, 10, 11]


def test_ending_a_customer_or_map_leaves_the_months_before_alone() -> None:
    customers = CUSTOMERS.replace("acme,Acme,a|b,,", "acme,Acme,a|b,,2027-06-30")
    attribution = ATTRIBUTION.replace('exact = "1"', 'exact = "1"\nto = 2027-06-30')
    assert october(site(customers=customers, attribution=attribution)) == october(site())


def test_a_rate_touches_the_months_that_use_it() -> None:
    other = site(rates=RATES.replace("EUR,2026-06,0.9", "EUR,2026-06,0.8"))
    months = [date(2026, month, 1) for month in range(5, 13)]
    changed = [
        month.month
        for month in months
        if other.digest(Cloud.AWS, month) != site().digest(Cloud.AWS, month)
    ]
    assert changed == [6, 7, 8]


def test_a_provisional_rate_becoming_final_changes_the_digest_even_at_the_same_value() -> None:
    assert october(site(rates=RATES + "JPY,2026-10,149.5\n")) != october(site())


def test_the_shipped_defaults_are_part_of_the_digest() -> None:
    assert october(load_site(None)) != october(site_from({"attribution.toml": b"map = []"}))


def test_rules_of_a_cloud_touch_only_its_loads_and_their_comments_none() -> None:
    def with_rules(text: str) -> Site:
        return site_from({"catalog/aws.toml": text.encode()})

    plain, rules = site_from({}), with_rules(RULES)
    assert october(rules) != october(plain)
    assert rules.digest(Cloud.GCP, OCTOBER) == plain.digest(Cloud.GCP, OCTOBER)
    commented = RULES.replace("[[model]]", "# why\n[[model]]  # here\n\n")
    assert october(with_rules(commented)) == october(rules)
    assert october(with_rules(RULES.replace("acme-{1}", "acme2-{1}"))) != october(rules)
    assert october(with_rules("# nothing yet")) == october(plain)
