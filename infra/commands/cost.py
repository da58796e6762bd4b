"""``python -m infra cost``: what the platform itself costs, estimated and as it was billed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import click

from handlers.record import Cloud
from infra.apis.addresses import address_option, addresses
from infra.apis.google import GoogleLogin
from infra.apis.hub import Hub
from infra.commands.options import environment, stack_option
from infra.cost import Estimate, estimate, read_prices
from infra.spending.billed import Billed, billed
from infra.spending.outlook import Profile, alternatives, drivers, profiles

CENT = Decimal("0.01")
_WIDTH = 84


@click.command()
@stack_option
@click.option(
    "--profile",
    "name",
    type=click.Choice(["small", "usual", "large"]),
    default="usual",
    show_default=True,
    help="How much it is used.",
)
@click.option(
    "--billed",
    "mode",
    flag_value="billed",
    help="What the bills of the last three months say, by the platform's label; asks the hub.",
)
@address_option
def cost(stack: str, name: str, mode: str | None, changes: tuple[str, ...]) -> None:
    """Show what the platform costs a month in both phases, what drives it, and other ways.

    The estimate needs no account: list prices, without tax, discounts or commitments. With --billed
    it is what the clouds billed for what bears the label managed-by=ai-cost-monitoring.
    """
    where = environment(stack)
    if mode == "billed":
        where.require("gcp_project")
        hub = Hub(where.settings.gcp, GoogleLogin.find(addresses(changes)))
        rows = billed(hub, datetime.now(UTC).date())
        lines = told(rows, where.settings.clouds)
    else:
        lines = outlook(where.values, profiles()[name])
    for line in lines:
        click.echo(line)


def outlook(values: Mapping[str, str], profile: Profile) -> Iterator[str]:
    """The estimate of both phases by a profile of use."""
    # The program with every cloud's SDK takes seconds to import, and the bills need none of it.
    from infra.commands.plan import recorded  # noqa: PLC0415

    prices = profile.applied(read_prices())
    yield f"Monthly cost in USD at list prices, used as '{profile.name}': {profile.title}"
    found = {phase: estimate(recorded({**values, **_phase(phase)}), prices) for phase in ("1", "2")}
    for phase, one in found.items():
        yield ""
        yield _row(f"Phase {phase}", one.total)
        yield from _drivers(one)
    yield ""
    yield _row("Phase 2 instead of phase 1", found["2"].total - found["1"].total, sign="+")
    yield ""
    yield "Other ways to build phase 2, against the above"
    for each in alternatives():
        difference = each.difference(drivers(found["2"]))
        if difference is not None:
            yield _row(f"  {each.title}", difference, sign="+")
            yield f"    {each.but} {each.source}"
    yield ""
    yield "'python -m infra plan' shows each assumption with its price; a profile multiplies them."


def told(rows: Sequence[Billed], clouds: frozenset[Cloud]) -> Iterator[str]:
    """What was billed, by month, cloud and service."""
    if not rows:
        yield (
            "No bill has a line with the label managed-by=ai-cost-monitoring yet. Google and Azure"
            " show labels within days; in AWS the tag has to be activated"
            " (aws_cost_allocation_tags) before it is in a bill."
        )
        return
    yield "The platform's own cost in USD, as billed by its label"
    for month in sorted({row.month for row in rows}):
        mine = [row for row in rows if row.month == month]
        yield ""
        yield _row(month, sum((row.usd for row in mine), Decimal(0)))
        for row in sorted(mine, key=lambda row: (-row.usd, row.cloud, row.service)):
            yield _row(f"  {row.cloud}  {row.service}", row.usd)
    silent = sorted(set(clouds) - {row.cloud for row in rows})
    if silent:
        yield ""
        yield (
            f"Nothing of {', '.join(silent)}: its bills have no such label yet, or its warehouse"
            " collects them, and has them in its table platform_costs."
        )


def _drivers(found: Estimate) -> Iterator[str]:
    total = found.total
    for driver in drivers(found):
        if driver.usd >= CENT:
            share = f"{driver.usd / total:.0%}" if total else ""
            yield f"{_row(f'  {driver.title}', driver.usd)}{share:>6}"
    if found.unknown:
        yield f"  Without a price, so not in it: {', '.join(sorted(found.unknown))}"


def _phase(phase: str) -> dict[str, str]:
    """The keys of a phase by itself: not of a way between the two."""
    return {
        "phase": phase,
        "dual_run": "false",
        "migrated_customers": '["*"]' if phase == "2" else "[]",
    }


def _row(words: str, usd: Decimal, *, sign: str = "") -> str:
    return f"{words:<{_WIDTH}}{usd.quantize(CENT, ROUND_HALF_UP):>{sign}12,.2f}"
