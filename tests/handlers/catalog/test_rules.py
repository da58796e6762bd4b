"""Rules as data: a site's own, what is refused, and the SQL they become."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from handlers.catalog import BIGQUERY, Sku, load_catalog, looks_like_ai_sql
from handlers.errors import SiteError
from handlers.record import Cloud

RULE = """
[[model]]
id = "{id}"
evidence = "our own deployment"
match = '{match}'
gives = "{gives}"
"""


def _rule(match: str = "nova pro", gives: str = "house-model", rule_id: str = "site-house") -> str:
    return RULE.format(id=rule_id, match=match, gives=gives)


def _refused(site_rules: str) -> str:
    with pytest.raises(SiteError) as caught:
        load_catalog(Cloud.AWS, site_rules)
    return str(caught.value)


def test_a_site_rule_is_tried_before_the_shipped_ones() -> None:
    sku = Sku(service="Amazon Bedrock", sku="USE1-NovaPro-input-tokens")
    found = load_catalog(Cloud.AWS, _rule()).classify([sku])[0]
    assert (found.model, found.rule_id, found.token_type) == ("house-model", "site-house", "input")
    assert load_catalog(Cloud.AWS).classify([sku])[0].model == "nova-pro"


def test_a_site_can_add_a_service() -> None:
    added = """
    [[service]]
    id = "site-gateway"
    evidence = "our gateway's bill"
    names = ["House Gateway"]
    lines = "all"
    """
    sku = Sku(service="House Gateway", sku="Claude Sonnet 4.6 input tokens")
    found = load_catalog(Cloud.AWS, added).classify([sku])[0]
    assert (found.model, found.token_type) == ("claude-sonnet-4.6", "input")


@pytest.mark.parametrize(
    ("site_rules", "says"),
    [
        (_rule(match="nova (?=pro)"), ["[[model]] site-house", "(?=", "RE2", "'not'"]),
        (_rule(match=r"(a)\\1"), ["RE2", "back-reference"]),
        (_rule(match="nova (pro"), ["is not a regular expression", "re2/wiki/Syntax"]),
        (_rule(match="a{1001}"), ["match = 'a{1001}' is not a regular expression", "repetition"]),
        (_rule(match="nova pro", gives="x-{1}"), ["{1}", "captures 0", "(...)"]),
        (_rule(match="nova (pro)", gives="x-{2}"), ["{2}", "captures 1"]),
        (_rule(rule_id="aws-guardrail"), ["aws-guardrail", "already taken", "Choose another"]),
        (_rule(rule_id="Not An Id"), ["'Not An Id'", "a-z, 0-9"]),
        (_rule(rule_id="x" * 61), ["at most 60"]),
        (_rule() + "colour = 'red'", ["unknown key(s) colour", "Allowed:"]),
        (_rule().replace("evidence", "reason"), ["'evidence' is missing"]),
        (_rule().replace("[[model]]", "[[modle]]"), ["'modle'", "[[model]]"]),
        (
            "[[token_type]]\nid='t'\nevidence='e'\nmatch='x'\ngives='imput'",
            ["'imput'", "input", "cache_read"],
        ),
        (
            "[[unit]]\nid='u'\nevidence='e'\nunit='x'\nusage_unit='tokens'\nsize='1K'",
            ["'size'", "size = 1000"],
        ),
        ("[[line]]\nid='l'\nevidence='e'\nai=true", ["no condition"]),
        (
            "[[developer]]\nid='d'\nevidence='e'\nunit='x'\ngives='me'",
            ["[[developer]] can't look at 'unit'"],
        ),
        ("[[model]", ["is not TOML", "https://toml.io"]),
        ("model = 3", ["'model' is not a list of rules"]),
        ("[subject]\nname = ['colour']", ["colour", "service, sku, description"]),
    ],
)
def test_an_invalid_rule_is_refused_with_place_and_remedy(site_rules: str, says: list[str]) -> None:
    message = _refused(site_rules)
    assert "site catalog/aws.toml" in message
    for words in says:
        assert words in message


def test_all_that_is_wrong_is_said_at_once() -> None:
    message = _refused(_rule(match="(?=a)") + _rule(match="(", rule_id="site-second"))
    assert "site-house" in message
    assert "site-second" in message


def test_a_quote_or_backslash_in_a_rule_stays_text() -> None:
    site = (
        _rule(match="o''clock|x", gives="it's {0}")
        .replace("{0}", "fine")
        .replace("'o''clock|x'", '"o\'clock"')
    )
    catalog = load_catalog(Cloud.AWS, site)
    sku = Sku(service="Amazon Bedrock", sku="USE1-x")
    assert catalog.classify([sku])[0].model == "unknown"
    assert r"it\'s fine" in catalog.classify_sql("skus", BIGQUERY)


def test_the_digest_follows_the_rules_and_not_the_comments() -> None:
    plain = load_catalog(Cloud.AWS).digest
    own = load_catalog(Cloud.AWS, _rule()).digest
    commented = load_catalog(Cloud.AWS, "# why\n" + _rule().replace("our own", "another")).digest
    changed = load_catalog(Cloud.AWS, _rule(gives="other-model")).digest
    assert len(plain) == len(hashlib.sha256().hexdigest())
    assert own == commented
    assert len({plain, own, changed}) == 3
    assert len({load_catalog(cloud).digest for cloud in Cloud}) == len(Cloud)


def test_the_same_rules_give_the_same_sql_and_digest_in_every_process(root: Path) -> None:
    # A set or a dict of sets would come out in another order under another hash seed.
    script = (
        "from handlers.catalog import BIGQUERY, load_catalog; from handlers.record import Cloud\n"
        "for cloud in Cloud:\n"
        "    catalog = load_catalog(cloud)\n"
        "    print(catalog.digest, catalog.classify_sql('s'), catalog.classify_sql('s', BIGQUERY),"
        " catalog.candidate_sql('a', 'b', 'c'))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("cloud", Cloud)
def test_bigquery_gets_its_own_functions_and_no_duckdb_ones(cloud: Cloud) -> None:
    sql = load_catalog(cloud).classify_sql("`p.d.skus`", BIGQUERY)
    for name in ("REGEXP_CONTAINS(", "REGEXP_REPLACE(", "SAFE_ORDINAL(", "AS NUMERIC)"):
        assert name in sql
    for name in ("regexp_matches", "split_part", "VARCHAR", "DECIMAL", "::"):
        assert name not in sql
    assert r"\\b" in sql


def test_thousands_of_skus_are_answered_in_the_order_they_were_asked() -> None:
    found = load_catalog(Cloud.AWS).classify(
        [
            Sku(service="Amazon Bedrock", sku=f"USE1-Claude{4 + n / 1000}Opus-input-tokens")
            for n in range(1, 5000, 2)
        ]
    )
    assert [each and each.model for each in found] == [
        f"claude-opus-{4 + n / 1000}" for n in range(1, 5000, 2)
    ]


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("OpenAI ChatGPT Enterprise", True),
        ("Amazon Q Developer", True),
        ("USE1-InputTokens", True),
        ("Azure OpenAI", True),
        ("Amazon Simple Storage Service USE1-TimedStorage-ByteHrs", False),
        ("Virtual Machines D4s v5", False),
        ("Compute Engine N1 Predefined Instance Core", False),
        ("Email delivery", False),
        ("", False),
        (None, False),
    ],
)
def test_left_out_text_that_looks_like_ai_is_seen(text: str | None, looks: bool) -> None:
    row = duckdb.execute(f"SELECT {looks_like_ai_sql('$1::VARCHAR')}", [text]).fetchone()
    assert row == (looks,)
