"""``sample``: write sample bills of three clouds to try the rest with."""

from datetime import UTC, date, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from handlers.sample import SampleReport, write_sample

DEFAULT_END = "2026-11-20"
MEGABYTE = 1_000_000


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="Other seeds, other bills.")
@click.option("--days", type=int, default=120, show_default=True, help="How many days.")
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    default=DEFAULT_END,
    show_default=True,
    metavar="YYYY-MM-DD",
    help="The last day.",
)
def sample(folder: Path, seed: int, days: int, end: datetime) -> None:
    """Write sample bills, matching site data and the right totals into DIR.

    The same options give the same bytes. DIR must be new, empty, or hold an earlier sample, which
    is replaced (its folders aws, azure, gcp, site and truth).
    """
    last = end.replace(tzinfo=UTC).date()
    report = _with_progress(folder, seed, days, last)
    share = 100 - 100 * report.ai_lines / report.lines
    click.echo(
        f"{report.folder}: {report.files} files, {report.bytes / MEGABYTE:.1f} MB,"
        f" {report.lines} lines of {report.scopes} scopes, {share:.1f} % not AI."
        f" Right totals: {report.folder / 'truth' / 'README.md'}"
    )


def _with_progress(folder: Path, seed: int, days: int, end: date) -> SampleReport:
    console = Console(stderr=True)
    if not console.is_terminal:
        return write_sample(folder, seed=seed, days=days, end=end)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Writing bills")

        def advance(name: str, done: int, scopes: int) -> None:
            bar.update(task, description=f"Wrote {name}", completed=done, total=scopes)

        return write_sample(folder, seed=seed, days=days, end=end, progress=advance)
