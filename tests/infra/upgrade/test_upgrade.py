"""``infra upgrade`` as an operator meets it: a faked Pulumi and Grafana, a warehouse on disk."""

import json
import shlex
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result

from infra.upgrade.dollars import last_periods
from tests.fakes.grafana_api import TOKEN
from tests.handlers.load.bills import AwsBill, Line, write_bill, write_site
from tests.handlers.load.runs import collect, ledger, tables
from tests.infra.guard.previews import Json, document, state, step
from tests.infra.operator import Operator, operator

BOARD = "grafana:oss/dashboard:Dashboard"
WRITTEN: Json = {
    "uid": "overview",
    "title": "Overview",
    "panels": [{"id": 1, "title": "Cost per day"}, {"id": 2, "title": "By cloud"}],
}
META: Json = {"updatedBy": "ada", "updated": "2026-11-20T08:00:00Z", "version": 7}


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as someone:
        someone.environment["GRAFANA_AUTH"] = TOKEN
        holds(someone, WRITTEN)
        previews(someone, step("same", board(), board()))
        yield someone


def holds(person: Operator, dashboard: Json) -> None:
    """Let Grafana hold this, with what it sets itself."""
    held = {**dashboard, "id": 31, "version": 7}
    person.grafana.dashboards["overview"] = {"dashboard": held, "meta": META}


def board(**changes: object) -> Json:
    text = json.dumps({**WRITTEN, **changes}, sort_keys=True)
    return state(BOARD, "grafana-overview", {"configJson": text})


def previews(person: Operator, *steps: Json, **more: object) -> None:
    """Let ``pulumi`` show this preview."""
    said = person.folder / "preview.json"
    said.write_text(document(*steps, **more), encoding="utf-8")
    program = person.programs / "pulumi"
    program.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        "  version*) echo v3.272.0 ;;\n"
        f"  *preview*) /bin/cat {shlex.quote(str(said))} ;;\n"
        '  *) echo "error: unknown command: $*" >&2; exit 255 ;;\nesac\n'
    )
    program.chmod(0o755)


def asked(person: Operator, *words: str) -> Result:
    """The command over an empty warehouse, unless the words name another."""
    nothing = f"duckdb:{person.folder / 'empty.duckdb'}"
    site = write_site(person.folder / "no-site")
    return person.call("upgrade", "--warehouse", nothing, "--site", str(site), *words)


def part(result: Result, title: str) -> list[str]:
    lines = result.output.partition(f"{title}:\n")[2].splitlines()
    end = next((n for n, line in enumerate(lines) if not line.startswith(" ")), len(lines))
    return [line.strip() for line in lines[:end]]


def test_where_nothing_is_to_be_done_the_exit_code_is_0(person: Operator) -> None:
    result = asked(person)
    assert result.exit_code == 0, result.output
    assert part(result, "Order") == ["Everything is as this version has it."]
    assert part(result, "Dashboards") == ["None was edited in Grafana."]


def test_what_waits_is_told_with_its_command_and_exit_code_2(person: Operator) -> None:
    previews(person, step("update", board(), board(title="Overview of all")))
    result = asked(person)
    assert result.exit_code == 2, result.output
    assert "dashboards: update grafana-overview" in part(result, "Order")
    assert part(result, "Order")[-1] == "1. pulumi up --stack prod"
    assert part(result, "Dashboards") == ["None was edited in Grafana."], (
        "a change of the code is no edit"
    )


def test_a_panel_edited_in_grafana_is_named_with_who_and_when(person: Operator) -> None:
    panels = [{"id": 1, "title": "Mine"}, WRITTEN["panels"][1]]
    holds(person, {**WRITTEN, "refresh": "5s", "panels": panels})
    result = asked(person)
    assert result.exit_code == 2
    [told] = part(result, "Dashboards")
    assert "'Overview' was changed by ada at 2026-11-20T08:00:00Z" in told
    assert "(panel 'Cost per day', refresh)" in told


def test_a_dashboard_deleted_in_grafana_is_told(person: Operator) -> None:
    person.grafana.dashboards.clear()
    [told] = part(asked(person), "Dashboards")
    assert "'Overview' is gone" in told


@pytest.mark.parametrize("token", ["another-token", TOKEN])
def test_a_token_that_may_not_read_keeps_nothing_else_from_being_told(
    person: Operator, token: str
) -> None:
    person.environment["GRAFANA_AUTH"] = token
    person.grafana.actions = ()
    result = asked(person)
    assert result.exit_code == 1
    assert part(result, "Dashboards")[0].startswith("not known: ")
    assert part(result, "Order") == ["Everything is as this version has it."]
    assert token not in result.output


def test_files_in_grafanas_image_are_not_asked_for(person: Operator) -> None:
    del person.config["grafana_url"], person.config["grafana_token"]
    person.config |= {"grafana": "cloud-run", "grafana_viewers": ["group:finops@example.com"]}
    result = asked(person)
    assert result.exit_code == 0, result.output
    assert not person.grafana.requests


def test_a_preview_that_failed_tells_nothing(person: Operator) -> None:
    failure = {"severity": "error", "message": "error: the login has expired"}
    previews(person, step("same", board(), board()), diagnostics=[failure])
    result = asked(person)
    assert "the login has expired" in result.stderr
    assert result.exit_code == 1


def test_the_last_three_periods_reach_over_the_end_of_a_year() -> None:
    assert last_periods(date(2027, 1, 31)) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
    ]


@pytest.mark.slow
def test_the_dollars_that_move_in_the_last_three_periods_are_told_and_nothing_is_changed(
    person: Operator,
) -> None:
    folder = person.folder
    for period in (date(2026, 8, 1), date(2026, 9, 1), date(2026, 11, 1)):
        lines = [Line(period, "12.5", tags={"customer_id": "acme-prod"})]
        written = datetime(period.year, period.month, 20, 4, tzinfo=UTC)
        write_bill(folder / "bills", AwsBill("111122223333", period, lines, written))
    site = write_site(folder / "site", customers="id,name,aliases\nacme,,\n")
    warehouse = folder / "w" / "costs.duckdb"
    collect(folder / "bills", warehouse, site)
    before = (tables(warehouse), ledger(warehouse))
    write_site(folder / "site", customers="id,name,aliases\nacme,,acme-prod\n")

    words = ("--warehouse", f"duckdb:{warehouse}", "--site", str(site))
    result = asked(person, *words, "--now", "2026-11-21T06:00:00")

    assert result.exit_code == 2, result.output
    first, *moves = part(result, "Dollars")
    assert first.startswith("In 2026-09 to 2026-11 25.00 USD would move")
    assert moves == [
        f"AWS {month} claude-sonnet-4.5 {customer}: {change}"
        for month in ("2026-09", "2026-11")
        for customer, change in (
            ("acme", "0.00, 12.50 (+12.50)"),
            ("acme-prod", "12.50, 0.00 (-12.50)"),
        )
    ]
    assert (tables(warehouse), ledger(warehouse)) == before
