import csv
import io
import shutil
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.catalog import Sku, load_catalog
from handlers.queries.nameless import Kind, Nameless
from handlers.queries.proposals import propose
from handlers.record import Cloud, TokenType
from tests.conftest import RunHandlers
from tests.handlers.commands.conftest import Collected, call_door

pytestmark = pytest.mark.slow

Unknown = Callable[..., list[dict[str, str]]]
TOLERANCE = Decimal("0.000001")


@pytest.fixture
def unknown(run_handlers: RunHandlers, collected: Collected) -> Unknown:
    """``unknown`` as CSV, read by the csv module."""

    def run(*words: str) -> list[dict[str, str]]:
        answer = run_handlers(
            "unknown", "--warehouse", collected.warehouse, "--format", "csv", *words
        )
        assert answer.returncode == 0, answer.stderr
        return list(csv.DictReader(io.StringIO(answer.stdout)))

    return run


@pytest.fixture(scope="module")
def rows(collected: Collected) -> list[dict[str, str]]:
    """All that ``unknown`` finds, asked once."""
    answer = call_door("unknown", "--warehouse", collected.warehouse, "--format", "csv")
    return list(csv.DictReader(io.StringIO(answer)))


def stated(collected: Collected, in_totals: str) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Lines and dollars of the sample's unnameable SKUs per cloud and service."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for row in collected.truth("unknown.csv"):
        if row["in_ai_totals"] == in_totals:
            lines, cost = sums[row["cloud"], row["service"]]
            cost += Decimal(row["cost_usd_exact"])
            sums[row["cloud"], row["service"]] = (lines + int(row["lines"]), cost)
    return sums


@pytest.mark.parametrize(("kind", "in_totals"), [("no_rule", "yes"), ("left_out", "no")])
def test_skus_that_no_rule_can_know_are_listed_with_their_lines_and_dollars(
    rows: list[dict[str, str]], collected: Collected, kind: str, in_totals: str
) -> None:
    right = stated(collected, in_totals)
    assert right
    found = {
        (row["cloud_provider"], row["service"]): (int(row["lines"]), Decimal(row["cost_usd"]))
        for row in rows
        if row["finding"] == kind
    }
    assert found.keys() == right.keys()
    for key, (lines, cost) in right.items():
        assert found[key][0] == lines
        assert abs(found[key][1] - cost) < TOLERANCE


def test_a_bill_that_does_not_say_the_model_is_another_finding_and_gets_no_rule(
    rows: list[dict[str, str]], collected: Collected
) -> None:
    nameless = sum(
        (Decimal(row["cost_usd_exact"]) for row in collected.truth("unknown.csv")
         if row["in_ai_totals"] == "yes"),
        Decimal(0),
    )  # fmt: skip
    without_model = sum(
        (Decimal(row["cost_usd_exact"]) for row in collected.truth("totals.csv")
         if row["model"] == "unknown"),
        Decimal(0),
    )  # fmt: skip
    stated = [row for row in rows if row["finding"] == "not_stated"]
    found = sum((Decimal(row["cost_usd"]) for row in stated), Decimal(0))
    assert abs(found - (without_model - nameless)) < TOLERANCE
    assert all(row["rule_id"] and not row["proposed_rule"] for row in stated)


def test_what_a_rule_calls_not_ai_is_listed_apart_with_that_rule(
    rows: list[dict[str, str]],
) -> None:
    found = [row for row in rows if row["finding"] == "not_ai"]
    assert {row["rule_id"] for row in found} == {"aws-sagemaker-not-inference"}
    assert {row["sku_description"].split(":")[0] for row in found} == {
        "Notebk",
        "Studio_JupyterLab",
    }


def test_cloud_and_period_choose(unknown: Unknown, collected: Collected) -> None:
    rows = [
        row
        for row in unknown("--cloud", "gcp", "--period", "2026-11")
        if row["finding"] == "no_rule"
    ]
    (right,) = (
        row
        for row in collected.truth("unknown.csv")
        if (row["cloud"], row["billing_period"]) == ("GCP", "2026-11")
    )
    (row,) = rows
    assert int(row["lines"]) == int(right["lines"])
    assert Decimal(row["cost_usd"]) == Decimal(right["cost_usd_exact"])


def test_a_proposed_rule_in_the_sites_catalog_names_the_sku(
    rows: list[dict[str, str]],
) -> None:
    found = [row for row in rows if row["finding"] in ("no_rule", "left_out")]
    assert {row["cloud_provider"] for row in found} == set(Cloud)
    for row in found:
        rules = row["proposed_rule"]
        sku = Sku(service=row["service"], sku=row["sku_description"])
        cloud = Cloud(row["cloud_provider"])
        (before,) = load_catalog(cloud).classify([sku])
        (after,) = load_catalog(cloud, rules).classify([sku])
        assert before.rule_id is None
        assert after.is_ai
        assert f'id = "{after.rule_id}"' in rules


def test_once_the_site_has_the_rule_the_reader_is_told_to_reclassify(
    unknown: Unknown, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    (row,) = (
        each
        for each in rows
        if each["finding"] == "no_rule" and each["cloud_provider"] == Cloud.GCP
    )
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "gcp.toml").write_text(row["proposed_rule"])
    (row,) = (
        each
        for each in unknown("--cloud", "gcp", "--site", str(tmp_path))
        if each["finding"] == "no_rule"
    )
    assert row["proposed_rule"] == ""
    assert "collect FOLDER --reclassify" in row["note"]


def test_the_table_shows_findings_in_dollars_and_the_rules_below(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers("unknown", "--warehouse", collected.warehouse, "--cloud", "aws")
    assert answer.returncode == 0, answer.stderr
    lines, cost = stated(collected, "yes")["AWS", "Amazon Bedrock"]
    head, _, rules = answer.stdout.partition("Proposed for site/catalog/aws.toml")
    (row,) = (line for line in head.splitlines() if "ZX7-wrk-cpty" in line)
    assert row.split()[:3] == ["AWS", f"{cost:,.2f}", str(lines)]
    assert rules.count("[[model]]") == 1
    assert 'names = ["helix prompt studio"]' in rules


def test_without_the_archive_dollars_are_shown_and_lines_said_to_be_uncounted(
    run_handlers: RunHandlers, collected: Collected, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.read.duckdb"
    shutil.copy(collected.path.with_suffix(".read.duckdb"), copy)
    answer = run_handlers(
        "unknown", "--warehouse", f"duckdb:{tmp_path / 'copy.duckdb'}", "--format", "csv"
    )
    assert answer.returncode == 0, answer.stderr
    assert "Bill lines are not counted" in answer.stderr
    rows = [
        row for row in csv.DictReader(io.StringIO(answer.stdout)) if row["finding"] == "no_rule"
    ]
    assert rows
    assert all(Decimal(row["cost_usd"]) > 0 and row["lines"] == "" for row in rows)
    assert all(row["proposed_rule"] for row in rows)


def nameless(sku: Sku, kind: Kind = Kind.NO_RULE, cloud: Cloud = Cloud.AWS) -> Nameless:
    return Nameless(
        kind, cloud, sku.service, sku.sku, "unknown", "unknown", None, Decimal(1), 1, sku
    )


def test_the_same_sku_in_two_regions_shares_one_rule() -> None:
    skus = [Sku(service="Amazon Bedrock", sku=f"{place}-Qyx9-wob") for place in ("USE1", "EUW2")]
    one, other = propose([nameless(sku) for sku in skus], {})
    assert one.rules == other.rules
    catalog = load_catalog(Cloud.AWS, "\n".join(one.rules))
    assert [found.model for found in catalog.classify(skus)] == ["qyx9-wob", "qyx9-wob"]


def test_a_proposal_names_its_sku_and_no_other() -> None:
    (made,) = propose([nameless(Sku(service="Amazon Bedrock", sku="USE1-Qyx9-wob"))], {})
    catalog = load_catalog(Cloud.AWS, "\n".join(made.rules))
    others = [
        Sku(service="Amazon Bedrock", sku="USE1-Qyx9-wobble"),
        Sku(service="Amazon Bedrock"),
        Sku(service="Amazon Bedrock", sku="USE1-NovaPro-input-tokens"),
    ]
    known = load_catalog(Cloud.AWS).classify(others)
    assert [one.rule_id for one in catalog.classify(others)] == [one.rule_id for one in known]


@pytest.mark.parametrize(
    "text",
    ['wob\'s "new" (v2.1+)', "käse [x] {1} \\d", "a|b", "Qyx9\twob"],
    ids=["quotes", "letters-and-braces", "bar", "tab"],
)
@pytest.mark.parametrize("cloud", Cloud)
def test_a_sku_with_odd_letters_gets_a_rule_that_can_be_read(cloud: Cloud, text: str) -> None:
    service = {Cloud.AWS: "Amazon Bedrock", Cloud.AZURE: "Foundry Models", Cloud.GCP: "Vertex AI"}
    sku = Sku(service=service[cloud], sku=text)
    (made,) = propose([nameless(sku, cloud=cloud)], {})
    (after,) = load_catalog(cloud, "\n".join(made.rules)).classify([sku])
    assert after.rule_id is not None
    assert after.rule_id.startswith("site-")


def test_a_line_of_a_service_whose_lines_are_listed_is_proposed_as_a_line() -> None:
    sku = Sku(service_id="amazonsagemaker", service="Amazon SageMaker", sku="USE1-Qyx9:ml.p5")
    (made,) = propose([nameless(sku, Kind.LEFT_OUT)], {})
    (before,) = load_catalog(Cloud.AWS).classify([sku])
    (after,) = load_catalog(Cloud.AWS, "\n".join(made.rules)).classify([sku])
    assert (before.is_ai, after.is_ai) == (False, True)


def test_a_named_model_without_a_token_type_gets_a_rule_for_the_type_alone() -> None:
    sku = Sku(service="Claude Opus 4 (Amazon Bedrock Edition)", sku="USE1-wob")
    (before,) = load_catalog(Cloud.AWS).classify([sku])
    assert (before.model, before.token_type) == ("claude-opus-4", TokenType.UNKNOWN)
    (made,) = propose([nameless(sku, Kind.NO_TOKEN_TYPE)], {})
    (after,) = load_catalog(Cloud.AWS, "\n".join(made.rules)).classify([sku])
    assert (after.model, after.token_type) == ("claude-opus-4", TokenType.OTHER)


def test_an_id_that_the_sites_rules_have_is_not_given_again() -> None:
    sku = Sku(service="Amazon Bedrock", sku="USE1-Qyx9-wob")
    taken = (
        '[[model]]\nid = "site-qyx9-wob"\nevidence = "x"\nmatch = \'something else\'\ngives = "x"\n'
    )
    (made,) = propose([nameless(sku)], {Cloud.AWS: taken})
    (after,) = load_catalog(Cloud.AWS, taken + "\n".join(made.rules)).classify([sku])
    assert after.model == "qyx9-wob"
