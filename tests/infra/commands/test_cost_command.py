"""``infra cost``: the estimate of both phases, and what the hub says was billed."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fakes.google_apis import Dataset
from tests.infra.operator import PROJECT, Operator, operator


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as someone:
        someone.google.datasets[f"{PROJECT}.multi_cloud_costs"] = Dataset("US")
        yield someone


def row(month: str, cloud: str, service: str, usd: str) -> Mapping[str, str | None]:
    return {"month": month, "cloud_provider": cloud, "service": service, "cost_usd": usd}


def answer(person: Operator, *rows: Mapping[str, str | None]) -> list[Mapping[str, str]]:
    asked: list[Mapping[str, str]] = []

    def answers(sql: str, values: Mapping[str, str]) -> list[Mapping[str, str | None]]:
        assert "FROM serving_platform_costs" in sql
        asked.append(values)
        return list(rows)

    person.google.asked = answers
    return asked


def test_what_was_billed_is_told_by_month_with_the_dearest_service_first(
    person: Operator,
) -> None:
    asked = answer(
        person,
        row("2026-10", "AWS", "AmazonS3", "0.4"),
        row("2026-11", "AWS", "AmazonS3", "0.255"),
        row("2026-11", "GCP", "BigQuery", "7.1"),
    )
    told = person.call("cost", "--billed")

    assert told.exit_code == 0, told.output
    found = [
        (words.strip(), usd)
        for words, usd in re.findall(r"^(.+?) {2,}(\d+\.\d\d)$", told.output, re.M)
    ]
    assert found == [
        ("2026-10", "0.40"),
        ("AWS  AmazonS3", "0.40"),
        ("2026-11", "7.36"),
        ("GCP  BigQuery", "7.10"),
        ("AWS  AmazonS3", "0.26"),
    ]
    assert "Nothing of Azure:" in told.output
    [values] = asked
    assert re.fullmatch(r"\d{4}-\d\d-01", values["first"])


def test_a_hub_without_such_a_line_says_what_is_awaited(person: Operator) -> None:
    answer(person)
    assert "aws_cost_allocation_tags" in person.call("cost", "--billed").output


def test_what_was_billed_needs_an_environment_and_not_an_example(person: Operator) -> None:
    del person.config["gcp_project"]
    assert "gcp_project is not set" in person.call("cost", "--billed").stderr


@pytest.mark.slow
def test_the_estimate_of_both_phases_needs_no_account_and_says_what_drives_it(
    person: Operator,
) -> None:
    told = person.call("cost", "--profile", "large").output
    totals = [
        float(usd.replace(",", "")) for usd in re.findall(r"^Phase [12] +([\d,.]+)$", told, re.M)
    ]
    assert len(totals) == 2
    [more] = re.findall(r"^Phase 2 instead of phase 1 +\+([\d,.]+)$", told, re.M)
    assert float(more.replace(",", "")) == pytest.approx(totals[1] - totals[0], abs=0.011)
    first, second = told.split("Phase 2 ")[:2]
    assert "BigQuery, on-demand queries" in first
    assert "Redshift" not in first
    assert "Redshift Serverless, compute" in second
    assert "instead of Serverless" in told
