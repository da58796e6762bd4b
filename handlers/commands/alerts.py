"""``alerts``: ask every rule what it would tell."""

from pathlib import Path

import click

from handlers.alerts import Firing, State, evaluate
from handlers.alerts.budgets import replace_budgets
from handlers.anomalies import refresh
from handlers.commands.answers import for_program, format_option, put
from handlers.commands.options import chosen_site, site_option, warehouse_option, warehouse_path
from handlers.commands.watching import moment_of, now_option, writing
from handlers.queries.answer import Answer

COLUMNS = (
    "rule",
    "state",
    "severity",
    "key",
    "since",
    "value",
    "unit",
    "usd",
    "message",
    "remedy",
    "runbook",
)


@click.command()
@warehouse_option
@site_option
@now_option
@format_option
@click.option(
    "--grafana-url", default="", metavar="URL", help="Where the dashboards are, for links."
)
def alerts(
    warehouse: str, site_folder: Path | None, moment: str | None, form: str, grafana_url: str
) -> None:
    """Evaluate the alert rules: what fires, in dollars, and what to do.

    Budgets and expected events are taken from the site first, and anomalies are computed. What
    changed since the evaluation before is remembered in the table alerts.
    """
    now = moment_of(moment)
    site = chosen_site(site_folder)
    with writing(warehouse_path(warehouse)) as runner:
        replace_budgets(runner, site.budgets)
        refresh(runner, now, site.events)
        firings = evaluate(runner, now, grafana_url)
    if form != "table":
        put(for_program(_answer(firings), form))
        return
    for firing in firings:
        put(_told(firing))
    count = sum(firing.state is State.FIRING for firing in firings)
    put(f"Alerts that fire: {count}.\n")


def _told(firing: Firing) -> str:
    since = f"since {firing.since:%Y-%m-%d %H:%M} UTC"
    lines = [f"{firing.rule.severity.upper()} {firing.message} ({since})"]
    if firing.state is State.RESOLVED:
        return lines[0] + "\n"
    lines += [
        f"  {each}" for each in (firing.rule.remedy, firing.link, firing.rule.runbook) if each
    ]
    return "\n".join(lines) + "\n"


def _answer(firings: list[Firing]) -> Answer:
    return Answer(
        COLUMNS,
        [
            (
                each.rule.id,
                each.state.value,
                each.rule.severity.value,
                each.key,
                each.since.replace(tzinfo=None),
                each.value,
                each.rule.unit.value,
                each.usd,
                each.message,
                each.rule.remedy,
                each.rule.runbook,
            )
            for each in firings
        ],
    )
