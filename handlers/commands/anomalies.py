"""``anomalies``: which days cost unusually much or little."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import click

from handlers.alerts.evaluate import shown
from handlers.alerts.laptop import DuckDbRunner
from handlers.anomalies import refresh
from handlers.commands.answers import add_row, cents, for_program, format_option, put, render, table
from handlers.commands.options import chosen_site, site_option, warehouse_option, warehouse_path
from handlers.commands.watching import moment_of, now_option, writing
from handlers.queries.answer import Answer, Cell

COLUMNS = ("date", "cloud", "series", "name", "state", "actual", "expected", "reason")

_SQL = """
SELECT found.date, found.cloud_provider AS cloud, found.series,
    CASE WHEN found.series = 'customer' THEN COALESCE(names.name, found.key) ELSE found.key END
        AS name,
    found.status AS state, found.actual, found.expected, found.reason
FROM {anomalies} AS found
LEFT JOIN (
    SELECT key, max_by(name, billing_period) AS name FROM {serving_dimensions}
    WHERE dimension = 'customer' GROUP BY key
) AS names ON names.key = found.key
WHERE found.status IN ('high', 'low', 'quiet')
ORDER BY found.date DESC, abs(found.actual - found.expected) DESC, cloud, found.series, name
"""


@click.command()
@warehouse_option
@site_option
@now_option
@format_option
def anomalies(warehouse: str, site_folder: Path | None, moment: str | None, form: str) -> None:
    """Find days that cost unusually much or little, the newest first.

    Series are clouds, models of a cloud and customers of a cloud; usage and discounts only. What is
    quiet was expected (events.csv of the site) or is part of what began in the days before.
    """
    now = moment_of(moment)
    site = chosen_site(site_folder)
    with writing(warehouse_path(warehouse)) as runner:
        done = refresh(runner, now, site.events)
        answer = _answer(runner)
    if form != "table":
        put(for_program(answer, form))
        return
    if done.first is None:
        click.echo("The warehouse holds no costs yet: python -m handlers collect FOLDER fills it.")
        return
    made = table(answer.columns, right=("actual", "expected"))
    for row in answer.rows:
        add_row(made, [_shown(cell) for cell in row])
    click.echo(render(made), nl=False)
    click.echo(f"Days from {done.first} on were compared with what was expected of them.")


def _answer(runner: DuckDbRunner) -> Answer:
    rows = runner.rows(_SQL.format(**runner.words()))
    return Answer(COLUMNS, [tuple(cast("Cell", row[name]) for name in COLUMNS) for row in rows])


def _shown(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return cents(cell)
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell.isoformat()
    return shown(str(cell or ""))
