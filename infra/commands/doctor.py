"""``python -m infra doctor``: what is wrong with a real environment, and what mends it."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import click

from infra.apis.addresses import address_option, addresses
from infra.commands.options import environment, stack_option
from infra.doctor.checks import checks
from infra.doctor.examination import Place, examine
from infra.doctor.finding import Finding, Level
from infra.stages import Phase


@click.command()
@stack_option
@click.option("--json", "form", flag_value="json", help="Write the findings as a JSON list.")
@click.option(
    "--phase",
    type=click.IntRange(int(Phase.HUB), int(Phase.NATIVE)),
    help="Look for what this phase needs, as before a promotion. [default: the stack's own]",
)
@address_option
def doctor(stack: str, form: str | None, phase: int | None, changes: tuple[str, ...]) -> None:
    """Check logins, rights, exports and Grafana; change nothing.

    Exit code 0: no problem was found. 1: at least one.
    """
    where = environment(stack)
    if phase is not None:
        where = replace(where, settings=replace(where.settings, phase=Phase(phase)))
    place = Place(where, addresses(changes), datetime.now(UTC))
    findings: list[Finding] = []
    for one in examine(place, checks(place)):
        findings.append(one)
        if form is None:
            click.echo("\n".join(lines(one)))
    click.echo(as_json(findings) if form else summary(findings))
    if any(one.level is Level.PROBLEM for one in findings):
        sys.exit(1)


def lines(one: Finding) -> Iterator[str]:
    """A finding for people."""
    yield f"{one.level:<11}  {one.about}: {one.found}"
    if one.level is not Level.OK:
        if one.allowed:
            yield f"{'':<13}allowed: {one.allowed}"
        for number, line in enumerate(one.remedy.splitlines()):
            yield f"{'':<13}{'do:      ' if number == 0 else '         '}{line}"


def summary(findings: Sequence[Finding]) -> str:
    """How many of each level."""
    counts = Counter(one.level for one in findings)
    return ", ".join(f"{counts[level]} {level}" for level in Level) + "."


def as_json(findings: Sequence[Finding]) -> str:
    """The findings for programs."""
    return json.dumps(
        [
            {
                "check": one.name.partition(".")[0],
                "state": one.name.partition(".")[2],
                "level": one.level.value,
                "about": one.about,
                "found": one.found,
                "allowed": one.allowed,
                "remedy": one.remedy,
            }
            for one in findings
        ],
        indent=2,
        ensure_ascii=False,
    )
