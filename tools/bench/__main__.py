"""``python -m tools.bench``: measure, print one table, write ``result.json``.

Whether a target was reached is a cell of the table. What fails a run is a ratio that is worse than
the recorded one by more than the margin (ratios.toml): both programs ran on the same machine.
"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tools.bench import anomalies, dashboards, function, pages
from tools.bench.bill import Format
from tools.bench.cases import Bench, BenchError, Result, Target, growth, write_results
from tools.bench.peer import run_peer
from tools.bench.ratios import compared

SMALL, LARGE = 1_000_000, 5_000_000


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/bench"),
    show_default=True,
    help="Where data, warehouses and results lie.",
)
def main(folder: Path) -> None:
    """Collect bills, find anomalies, open dashboards: say how long and how well."""
    console = Console(width=None if Console().is_terminal else 160)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder, lambda text: click.echo(text, err=True))
    load = os.getloadavg()[0]
    machine = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "load_before": load,
    }
    try:
        results = _measure(bench)
    except BenchError as error:
        raise click.ClickException(str(error)) from None
    peer: Result | None = None
    try:
        peer = run_peer(bench, SMALL)
    except BenchError as error:
        click.echo(f"Left out: {error}", err=True)
    _print(console, [*results, *([peer] if peer else [])])
    if peer is not None:
        _print_ratio(console, results, peer)
    function.report(console, bench, bench.say)
    bench.say("Anomalies of 7,800 series")
    anomalies.report(console)
    bench.say("Dashboards over three years of costs (the first time three minutes more)")
    dashboards.report(console, folder)
    bench.say("Pages of the local viewer in a browser")
    pages.report(console, folder)
    console.print(f"{machine['date']}, {machine['machine']}, load before: {load:.2f}")
    if load > 0.5:
        console.print(
            "Other programs ran on this machine: the figures are not those of a quiet one."
        )
    write_results([*results, *([peer] if peer else [])], machine, folder / "result.json")
    _hold_to_ratios(console, results, peer)


def _hold_to_ratios(console: Console, results: list[Result], peer: Result | None) -> None:
    if peer is None:
        console.print("Without focus_converters no ratio could be compared with the recorded ones.")
        return
    ratios = compared(results, peer)
    for ratio in ratios:
        console.print(str(ratio))
    if any(ratio.has_regressed for ratio in ratios):
        raise click.ClickException(
            "A ratio is worse than recorded. Measure again on a quiet machine; if it stays, find"
            " the change that costs it, or record the new one with why: tools/bench/ratios.toml."
        )


def _measure(bench: Bench) -> list[Result]:
    results: list[Result] = []
    for file_format in Format:
        small, large = bench.run(SMALL, file_format), bench.run(LARGE, file_format)
        results += [small, _with(large, growth(small, large))]
    return results


def _with(result: Result, target: Target) -> Result:
    return Result(
        result.case,
        result.rows,
        result.measured,
        result.floor_seconds,
        (*result.targets, target),
    )


def _print(console: Console, results: list[Result]) -> None:
    table = Table("Case", title="From process start to committed ledger")
    for name in ("Rows", "Wall s", "Rows/s", "CPU s", "Peak MiB", "Helper MiB", "All MiB"):
        table.add_column(name, justify="right")
    for name in ("Floor s", "x floor"):
        table.add_column(name, justify="right")
    table.add_column("Target")
    table.add_column("Reached")
    for result in results:
        measured = result.measured
        table.add_row(
            result.case,
            f"{result.rows:,}",
            f"{measured.wall_seconds:.1f}",
            f"{result.rows_per_second:,.0f}",
            f"{measured.cpu_seconds:.1f}",
            f"{measured.peak:.0f}",
            _number(measured.peak_helper, 0),
            _number(measured.peak_all, 0),
            _number(result.floor_seconds, 1),
            _number(result.floor_ratio, 2),
            "\n".join(target.text for target in result.targets),
            "\n".join("yes" if target.reached else "no" for target in result.targets),
        )
    console.print(table)


def _number(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _print_ratio(console: Console, results: list[Result], peer: Result) -> None:
    for ours in results:
        if ours.rows == peer.rows:
            speed = ours.rows_per_second / peer.rows_per_second
            memory = _memory(ours) / _memory(peer)
            console.print(
                f"{ours.case}: {speed:.1f} times the rows/s of {peer.case},"
                f" in {memory:.2f} times the memory"
            )


def _memory(result: Result) -> float:
    """Of all processes together, where that is known."""
    return result.measured.peak_all or result.measured.peak


if __name__ == "__main__":
    main()
