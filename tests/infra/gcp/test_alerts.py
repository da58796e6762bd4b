import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pulumi
import pulumi_gcp as gcp

from handlers.alerts import Firing, State, log_firings, rules
from handlers.runtimes.log import Log
from infra.gcp.alerts import FIELDS, LoggedAlerts, lines_of, message
from infra.recording import Recorded, record

POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "projects/demo-costs/notificationChannels/1"
NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def policy() -> Recorded:
    def program() -> None:
        provider = gcp.Provider("gcp", project="demo-costs")
        LoggedAlerts(
            "alerts",
            {
                "project": "demo-costs",
                "job": "hub-daily",
                "channels": [CHANNEL],
                "docs_url": "https://code.example.com/",
                "labels": {"managed-by": "ai-cost-monitoring"},
            },
            pulumi.ResourceOptions(providers=[provider]),
        )

    (found,) = record(program, {}).of_type(POLICY)
    return found


def line(*, is_new: bool = True, state: State = State.FIRING) -> dict[str, object]:
    """What the job writes of an alert."""
    written: list[str] = []
    firing = Firing(
        rule=rules()[0],
        key="AWS",
        state=state,
        labels={"cloud": "AWS"},
        value=Decimal(40),
        usd=Decimal("12.5"),
        day=date(2026, 11, 22),
        since=NOW,
        is_new=is_new,
        message="AWS: no bill was loaded for 40 hours",
        link="https://grafana.example.com/d/multi-cloud-overview?viewPanel=6",
    )
    log_firings([firing], Log(written.append, lambda: NOW))
    (text,) = written
    return json.loads(text)


def matches(entry: dict[str, object]) -> bool:
    """Whether the filter's conditions on fields hold; those on the resource are Cloud Run's."""
    conditions = re.findall(r"(jsonPayload\.\w+:\*|severity=\w+)", lines_of("hub-daily"))
    assert len(conditions) == 2
    return all(
        each.removeprefix("jsonPayload.").removesuffix(":*") in entry
        if each.endswith(":*")
        else entry["severity"] == each.removeprefix("severity=")
        for each in conditions
    )


def test_what_is_new_is_told_and_what_goes_on_or_is_over_is_not() -> None:
    assert matches(line())
    assert not matches(line(is_new=False))
    assert not matches(line(state=State.RESOLVED))


def test_every_part_of_the_message_is_a_field_of_the_line() -> None:
    assert set(FIELDS.values()) <= set(line())
    (condition,) = policy().inputs["conditions"]
    matched = condition["conditionMatchedLog"]
    assert matched["filter"].startswith(
        'resource.type="cloud_run_revision" AND resource.labels.service_name="hub-daily"'
    )
    assert matched["labelExtractors"]["told"] == "EXTRACT(jsonPayload.message)"
    told = policy().inputs["documentation"]
    put_in = re.findall(r"\$\{log\.extracted_label\.(\w+)\}", told["subject"] + told["content"])
    assert set(put_in) < set(FIELDS) == set(matched["labelExtractors"])
    assert {"told", "usd", "link", "runbook"} <= set(put_in)


def test_the_runbook_is_a_link_where_the_repository_can_be_read() -> None:
    runbook = "${log.extracted_label.runbook}"
    linked = f"Runbook: [{runbook}](https://code.example.com/docs/{runbook})"
    assert linked in message("https://code.example.com/docs/")
    assert f"Runbook: {runbook}" in message("")


def test_everyone_is_told_and_google_takes_the_limit() -> None:
    made = policy().inputs
    assert made["notificationChannels"] == [CHANNEL]
    assert made["alertStrategy"]["notificationRateLimit"] == {"period": "300s"}
    assert made["userLabels"] == {"managed-by": "ai-cost-monitoring"}
