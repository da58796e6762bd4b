"""The message of an alert, filled in by the language that Grafana fills it in with."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TypeAlias

import pytest

from dashboards.notification import MESSAGE, TITLE, template

GO = Path(__file__).resolve().parents[2] / "tools" / "engines" / "go.sh"
MAIN = Path(__file__).parent / "notification" / "main.go"
Alert: TypeAlias = dict[str, object]


def alert(status: str, **annotations: str) -> Alert:
    """About acme's budget; the name is one that a template must not read."""
    return {
        "Status": status,
        "Labels": {
            "alertname": "A budget is used up",
            "severity": "critical",
        },
        "Annotations": {
            "summary": "102.5 % of the budget is used: 1025.00 USD (customer {{ O'Brien }})",
            "description": "Tell whoever owns the budget.",
            "about": "limits customer, name {{ O'Brien }}",
            "runbook": "docs/runbooks/alerts.md#budget-used-up",
            **annotations,
        },
        "PanelURL": "https://grafana.example.com/d/multi-cloud-overview?viewPanel=16",
    }


@pytest.fixture(scope="module")
def filler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = subprocess.run(
        ["sh", str(GO)],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        pytest.skip(f"no Go: {found.stderr.strip()}")
    folder = tmp_path_factory.mktemp("go")
    env = {
        **os.environ,
        "GOCACHE": str(folder / "cache"),
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [f"{found.stdout.strip()}/go", "build", "-o", str(folder / "fill"), str(MAIN)],
        env={**env, "GO111MODULE": "off"},
        cwd=folder,
        check=True,
    )
    return folder / "fill"


def filled(filler: Path, name: str, *alerts: Alert) -> str:
    said = {"Template": template(), "Name": name, "Alerts": alerts}
    done = subprocess.run(
        [str(filler)], input=json.dumps(said), capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.engine
def test_a_message_says_what_happened_the_dollars_the_panel_and_the_runbook(filler: Path) -> None:
    assert filled(filler, "ai_cost.message", alert("firing")) == (
        "critical: 102.5 % of the budget is used: 1025.00 USD (customer {{ O'Brien }})\n"
        "What to do: Tell whoever owns the budget.\n"
        "Panel: https://grafana.example.com/d/multi-cloud-overview?viewPanel=16\n"
        "Runbook: docs/runbooks/alerts.md#budget-used-up\n\n"
    )


@pytest.mark.engine
def test_a_runbook_whose_address_is_known_is_a_link(filler: Path) -> None:
    url = "https://code.example.com/docs/runbooks/alerts.md#budget-used-up"
    text = filled(filler, "ai_cost.message", alert("firing", runbook_url=url))
    assert f"\nRunbook: {url}\n" in text


@pytest.mark.engine
def test_what_is_over_is_named_in_one_line_with_what_it_was_about(filler: Path) -> None:
    both = filled(filler, "ai_cost.message", alert("firing"), alert("resolved"))
    assert both.endswith("\n\nOver: A budget is used up, limits customer, name {{ O'Brien }}\n")
    alone = filled(filler, "ai_cost.title", alert("resolved"))
    assert alone == "AI costs, over: A budget is used up"


@pytest.mark.engine
def test_a_title_tells_the_first_alert_and_how_many_there_are(filler: Path) -> None:
    one = filled(filler, "ai_cost.title", alert("firing"))
    assert one.startswith("AI costs: 102.5 % of the budget is used: 1025.00 USD")
    assert "the first of" not in one
    two = filled(filler, "ai_cost.title", alert("firing"), alert("firing"), alert("resolved"))
    assert two == f"{one} (the first of 2)"


def test_what_a_contact_point_asks_for_is_what_the_group_defines() -> None:
    defined = re.findall(r'{{ define "(\S+)" -}}', template())
    assert [f'{{{{ template "{name}" . }}}}' for name in defined] == [TITLE, MESSAGE]
