import json

from infra.cost import read_prices
from infra.guard.comment import LONGEST, comment, marker
from infra.guard.judge import judge
from infra.guard.preview import read_preview
from tests.infra.guard.previews import Json, dataset, document, state, step, topic


def told(text: str) -> str:
    preview = read_preview(text)
    return comment(preview, judge(preview, set()), read_prices())


def board(title: str, *panels: Json) -> Json:
    content = json.dumps({"title": title, "panels": panels})
    return state("grafana:oss/dashboard:Dashboard", "overview", {"configJson": content})


def test_counts_names_and_properties_are_told_and_no_value() -> None:
    text = told(
        document(
            step("update", topic(), topic(name="secret-plan")),
            step("create", None, state("gcp:pubsub/subscription:Subscription", "push", {})),
        )
    )
    assert text.startswith(marker("prod") + "\n### `prod`: 1 to create, 1 to update\n")
    assert "| update | `gcp:pubsub/topic:Topic` | `hub-job-topic` | `name` |" in text
    assert "secret-plan" not in text


def test_a_refusal_comes_first_with_its_resource() -> None:
    text = told(document(step("delete", dataset(), None)))
    assert text.splitlines()[3] == "**Refused, for 1 reason:**"
    assert "- `warehouse-dataset`: It is protected or holds data" in text


def test_the_change_of_cost_is_that_of_the_price_list() -> None:
    # 0.10 USD a month for each scheduler job beyond the three that are given away.
    jobs = [
        state("gcp:cloudscheduler/job:Job", f"job-{number}", {"schedule": "0 3 * * *"})
        for number in range(5)
    ]
    text = told(
        document(
            *(step("same", job, job) for job in jobs[:3]),
            *(
                step("create", None, {**job, "urn": f"{job['urn']}{i}"})
                for i, job in enumerate(jobs[3:])
            ),
        )
    )
    assert "0.00 to 0.20 USD a month (+0.20)" in text


def test_a_dashboard_is_told_by_its_panels() -> None:
    before = board("Overview", {"id": 1, "title": "Total"}, {"id": 2, "title": "Old"})
    after = board(
        "Overview",
        {"id": 1, "title": "Total", "targets": [1]},
        {"id": 3, "title": "New"},
    )
    text = told(document(step("update", before, after)))
    assert "- update `Overview`: new `New`; gone `Old`; changed `Total`" in text


def test_a_panel_that_only_moves_is_not_changed() -> None:
    before = board("Overview", {"id": 1, "title": "Total", "gridPos": {"y": 0}})
    after = board("Overview", {"id": 1, "title": "Total", "gridPos": {"y": 4}})
    assert "- update `Overview`\n" in told(document(step("update", before, after)))


def test_hostile_text_stays_text() -> None:
    hostile = {**topic(), "urn": topic()["urn"] + "`|<img>\n@team"}
    text = told(document(step("update", hostile, {**hostile, "inputs": {"`x`|": 1}})))
    (row,) = (line for line in text.splitlines() if line.startswith("| update"))
    assert row.count("|") == 5
    assert row.endswith("| `x/`, `labels`, `name` |")
    assert "`hub-job-topic/<img> @team`" in row


def test_a_comment_is_never_longer_than_github_takes() -> None:
    refused = [
        step("delete", {**dataset(), "urn": f"{dataset()['urn']}{'x' * 300}{number}"}, None)
        for number in range(400)
    ]
    text = told(document(*refused))
    assert len(text) <= LONGEST + 100
    assert text.endswith("The rest is cut: the log has the whole.\n")
