import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboards.detail.metrics import metrics
from dashboards.detail.pages import detail_documents
from dashboards.documents import documents, panel_id
from dashboards.lint import lint_all
from dashboards.plan import plan, plans, spot_from
from dashboards.queries.sql import PALETTE, queries
from dashboards.style import columns, palette
from handlers.errors import WarehouseError
from handlers.record import Cloud
from tests.dashboards.engines import HUB

GOLDEN = Path(__file__).parent / "golden"
RENEW = (
    "python -m dashboards build tests/dashboards/golden --detail aws --detail azure --detail gcp"
)


def test_the_dashboards_are_those_that_were_last_agreed_on() -> None:
    made = {**documents(HUB), **detail_documents(HUB, tuple(Cloud))}
    kept = {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.json")}
    assert made.keys() == kept.keys(), RENEW
    for uid, text in made.items():
        assert text == kept[uid], f"{uid} is not as it was; if it should not be: {RENEW}"


def test_the_same_hub_gives_the_same_bytes_whatever_the_hash_seed(root: Path) -> None:
    code = (
        "from dashboards.documents import documents\nfrom handlers.alerts import Hub\n"
        "hub = Hub(project='demo-project', dataset='multi_cloud_costs', location='US')\n"
        "print(*documents(hub).values(), sep='', end='')"
    )
    made = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert made == {"".join(documents(HUB).values()).encode()}


def test_the_five_dashboards_and_the_page_about_parity_are_there_under_their_uids() -> None:
    assert {of.uid: of.title for of in plans()} == {
        "multi-cloud-overview": "Multi-Cloud Overview",
        "cost-trends": "Cost Trends",
        "model-comparison": "Model Comparison",
        "customer-attribution": "Customer Attribution",
        "anomaly-detection": "Anomaly Detection",
        "parity": "Parity",
    }


def test_panel_ids_never_change() -> None:
    ids = {name: spot.id for name, spot in plan("overview").spots.items()}
    assert ids == {
        "total_cost": 1,
        "month_to_date": 2,
        "change": 3,
        "untagged": 4,
        "unnamed": 5,
        "freshness": 6,
        "daily_cost": 7,
        "cost_by_cloud": 8,
        "top_models": 9,
        "top_customers": 10,
        "cost_by_token_type": 11,
        "tokens_by_token_type": 12,
        "forecast": 13,
        "unstated": 14,
        "unexpected": 15,
        "budgets": 16,
        "platform_cost": 17,
    }
    assert panel_id("multi-cloud-overview", "freshness") == 6


def test_every_panel_of_a_plan_is_on_its_dashboard() -> None:
    made = documents(HUB)
    for of in plans():
        shown = {(panel["id"], panel["title"]) for panel in json.loads(made[of.uid])["panels"]}
        assert shown == {(spot.id, spot.title) for spot in of.spots.values()}


def test_every_query_is_on_a_panel() -> None:
    shown = {spot.query.name for of in plans() for spot in of.spots.values()}
    assert shown == {query.name for query in queries().values() if not query.options}


def test_the_page_about_dashboards_says_what_the_panels_say(root: Path) -> None:
    page = (root / "docs" / "dashboards.md").read_text(encoding="utf-8")
    told = [line.split(" | ") for line in page.splitlines() if line.endswith("` |")]
    shown = {
        (f"{of.title}: {spot.title}", spot.query.meaning, f"`{spot.query.name}` |")
        for of in plans()
        for spot in of.spots.values()
    }
    assert {tuple(cells[1:]) for cells in told} <= shown
    assert {cells[3] for cells in told} == {name for _, _, name in shown}


def test_every_column_that_is_drawn_has_a_name_and_a_unit() -> None:
    shown = [query for query in queries().values() if not query.options]
    drawn = {c for each in (*shown, *metrics().values()) for c in each.columns} - {"time"}
    assert drawn == set(columns())


def test_a_panel_that_shows_what_its_query_does_not_give_is_refused() -> None:
    wrong = {"id": 1, "title": "T", "query": "total_cost", "draw": "number", "place": [0, 0, 6, 4]}
    with pytest.raises(ValueError, match="shows tokens, which total_cost does not give"):
        spot_from({**wrong, "column": "tokens"})
    with pytest.raises(ValueError, match="no panel"):
        spot_from({**wrong, "query": "no such query"})


def test_no_fault_is_found_in_what_is_shipped() -> None:
    assert lint_all([json.loads(text) for text in documents(HUB).values()]) == ()


def test_a_cloud_whose_bills_are_not_expected_is_neither_offered_nor_drawn() -> None:
    hub = replace(HUB, clouds=(Cloud.AWS, Cloud.GCP))
    document: dict[str, Any] = json.loads(documents(hub)["multi-cloud-overview"])
    assert document["templating"]["list"][0]["query"] == "AWS,GCP"
    (daily,) = (panel for panel in document["panels"] if panel["id"] == 7)
    hidden = {
        override["matcher"]["options"]
        for override in daily["fieldConfig"]["overrides"]
        if any(each["id"] == "custom.hideFrom" for each in override["properties"])
    }
    assert hidden == {"azure"}


def links(uid: str, panel: int) -> dict[str, str]:
    """The address behind each column."""
    document: dict[str, Any] = json.loads(documents(HUB)[uid])
    (found,) = (each for each in document["panels"] if each["id"] == panel)
    return {
        override["matcher"]["options"]: said["value"][0]["url"]
        for override in found["fieldConfig"]["overrides"]
        for said in override["properties"]
        if said["id"] == "links"
    }


def test_a_row_leads_to_its_customer_and_keeps_the_other_filters_and_the_time() -> None:
    assert links("multi-cloud-overview", 10) == {
        "customer": (
            "/d/customer-attribution"
            "?var-customer_filter=${__data.fields.customer_key:percentencode}"
            "&${cloud_filter:queryparam}&${model_filter:queryparam}&${__url_time_range}"
        )
    }


def test_a_bar_leads_to_its_cloud_or_to_the_model_and_customer_it_stands_for() -> None:
    assert links("multi-cloud-overview", 8)["azure"].startswith(
        "/d/cost-trends?var-cloud_filter=Azure&"
    )
    models = links("model-comparison", 7)
    assert set(models) == {"input_cost", "output_cost", "cache_cost", "other_cost"}
    assert all("var-model_filter=${__data.fields.model:" in url for url in models.values())
    customers = links("customer-attribution", 7)
    assert set(customers) == {"aws", "azure", "gcp"}
    assert all("fields.customer_key:" in url for url in customers.values())


@pytest.mark.parametrize(
    ("uid", "panel", "chosen"),
    [
        ("model-comparison", 5, "model_filter=${__field.labels.model:percentencode}"),
        ("customer-attribution", 5, "customer_filter=${__field.labels.customer_key:percentencode}"),
    ],
)
def test_a_part_of_a_days_bar_leads_to_its_model_or_customer_in_its_colour(
    uid: str, panel: int, chosen: str
) -> None:
    document: dict[str, Any] = json.loads(documents(HUB)[uid])
    (found,) = (each for each in document["panels"] if each["id"] == panel)
    overrides = found["fieldConfig"]["overrides"]
    (number,) = (each for each in overrides if each["matcher"]["id"] == "byType")
    said = {each["id"]: each["value"] for each in number["properties"]}
    assert said["links"][0]["url"].startswith(f"/d/{uid}?var-{chosen}&")
    fixed = {
        each["matcher"]["options"]: {p["id"]: p["value"] for p in each["properties"]}
        for each in overrides
        if each["matcher"]["id"] == "byRegexp"
    }
    assert fixed['/colour="c0"/']["color"]["fixedColor"] == palette()[0]
    assert len({said["color"]["fixedColor"] for said in fixed.values()}) == len(fixed)
    # What stands for several leads nowhere.
    assert [name for name, said in fixed.items() if said.get("links") == []] == [
        '/(^\\S+ |=")not complete yet("|$)/',
        '/(^\\S+ |=")all others("|$)/',
    ]


def test_there_are_as_many_colours_as_the_queries_say() -> None:
    assert len(set(palette())) == len(palette()) == PALETTE


def test_an_unusual_day_leads_to_its_own_series() -> None:
    url = links("anomaly-detection", 6)["series_name"]
    for chosen in (
        "cloud_filter=${__data.fields.cloud:",
        "model_filter=${__data.fields.model_key:",
    ):
        assert f"var-{chosen}" in url


def test_a_table_hides_what_only_its_links_need() -> None:
    document: dict[str, Any] = json.loads(documents(HUB)["multi-cloud-overview"])
    (customers,) = (each for each in document["panels"] if each["id"] == 10)
    hidden = {
        override["matcher"]["options"]
        for override in customers["fieldConfig"]["overrides"]
        if {"id": "custom.hidden", "value": True} in override["properties"]
    }
    assert hidden == {"customer_key", "place"}


def test_a_dataset_that_would_leave_its_quotes_is_refused() -> None:
    with pytest.raises(WarehouseError, match="not a dataset"):
        documents(replace(HUB, dataset="x` WHERE"))


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def door(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "dashboards", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return door


def test_build_writes_each_dashboard_for_the_named_hub(run: Run, tmp_path: Path) -> None:
    answer = run("build", "out", "--project", "acme-costs", "--location", "EU", "--cloud", "gcp")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.split() == [f"out/{of.uid}.json" for of in plans()]
    text = (tmp_path / "out" / "multi-cloud-overview.json").read_text(encoding="utf-8")
    assert "`acme-costs.multi_cloud_costs.serving_daily_costs`" in text
    assert '"location": "EU"' in text
    assert "AWS,Azure" not in text


def test_build_tells_what_it_can_not_write_or_take(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = run("build", "file")
    assert answer.returncode == 1
    assert "file can't be written" in answer.stderr
    answer = run("build", "out", "--project", "Acme!")
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: 'Acme!' is not a project id")


def test_check_passes_what_is_shipped_and_tells_what_is_wrong(run: Run, tmp_path: Path) -> None:
    answer = run("check")
    assert (answer.returncode, answer.stdout) == (0, "10 dashboards, 107 panels, 0 faults\n")
    document = json.loads(documents(HUB)["multi-cloud-overview"])
    document["panels"][0]["title"] = ""
    (tmp_path / "mine.json").write_text(json.dumps(document))
    answer = run("check", "mine.json")
    assert answer.returncode == 1
    assert "panel 1 '': a title is missing. (words)" in answer.stdout


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "can't be read"), ("{", "is not JSON"), ("[]", "is no dashboard"), ("{}", "no list")],
)
def test_check_tells_what_is_no_dashboard(
    run: Run, tmp_path: Path, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / "x.json").write_text(content)
    answer = run("check", "x.json")
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: x.json")
    assert told in answer.stderr
