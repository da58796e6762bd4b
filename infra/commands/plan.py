"""``python -m infra plan``: what an environment would be made of and cost, without any account."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import click

from infra.bundles import planned
from infra.cost import Estimate, Item, PriceList, estimate, mistakes, read_prices
from infra.platform import build
from infra.recording import Recorded, Recording, record
from infra.settings import SECRETS, Settings
from infra.stack_file import ROOT, StackConfig, read_stack

CENT = Decimal("0.01")


@click.command()
@click.option(
    "--phase", type=click.Choice(["1", "2"]), help="Plan this phase. [default: the stack's own]"
)
@click.option(
    "--stack",
    "file",
    type=click.Path(path_type=Path),
    help="A stack's file. [default: the shipped Pulumi.phaseN.yaml]",
)
def plan(phase: str | None, file: Path | None) -> None:
    """Show what would be created, as a tree, and what it would cost a month."""
    config = read_stack(file or ROOT / f"Pulumi.phase{phase or '1'}.yaml")
    values = {**config.values, **({"phase": phase} if phase else {})}
    recording = recorded(values)
    prices = read_prices()
    for line in [
        *_head(config, values["phase"], recording),
        *tree(recording.resources),
        *costs(estimate(recording, prices), prices, int(values["phase"])),
        *what_ifs(recording, prices),
    ]:
        click.echo(line)


def recorded(values: Mapping[str, str]) -> Recording:
    """What the program registers under these values.

    The functions' code is not built for that.

    Raises:
        ConfigError: Every key that is missing, wrong or unknown.
    """

    def program() -> None:
        build(Settings.load(), bundle_of=planned)

    return record(program, values, secrets=SECRETS, preview=True)


def tree(resources: Sequence[Recorded]) -> list[str]:
    """Every resource below its parent: type token and name."""
    children: dict[str, list[Recorded]] = {}
    for resource in resources:
        children.setdefault(resource.parent, []).append(resource)
    return list(_branches("", "", children))


def costs(found: Estimate, prices: PriceList, phase: int) -> list[str]:
    """The estimate: by component, what is given away, the sum, what was expected and assumed."""
    lines = ["", "Monthly cost in USD at list prices, without tax (amounts rounded, sums not)", ""]
    for name, items in _by_component(found).items():
        lines.append(f"{name:<72}{_usd(sum((item.usd for item in items), Decimal(0))):>10}")
        for item in items:
            title = f"  {item.usage.price.title}"
            lines.append(f"{title:<50}{_units(item.quantity, item.usage.price.unit):<22}"
                         f"{_usd(item.usd):>10}")  # fmt: skip
    lines.append(f"{'Sum':<72}{_usd(found.gross):>10}")
    for one in found.allowances:
        title = f"  given away: {one.price.title}"
        lines.append(f"{title:<50}{_units(one.quantity, one.price.unit):<22}{_usd(-one.usd):>10}")
    lines.append(f"{'Total a month':<72}{_usd(found.total):>10}")
    if phase in prices.expected:
        low, high = prices.expected[phase]
        lines.append(f"{f'Expected of phase {phase}':<72}{f'{low} to {high}':>10}")
    return [*lines, *_unknown(found), *_assumptions(found)]


def what_ifs(recording: Recording, prices: PriceList) -> list[str]:
    """What a mistake would cost a month, which is in no sum."""
    found = mistakes(recording, prices)
    if not found:
        return []
    return [
        "",
        "Not in the sum: what a mistake would cost a month",
        *(f"  {_usd(usd):>10}  {what}" for what, usd in found),
    ]


def _head(config: StackConfig, phase: str, recording: Recording) -> list[str]:
    things = [one for one in recording.resources if one.custom and not one.is_provider]
    components = [one for one in recording.resources if not one.custom]
    head = [
        f"Phase {phase}, from the configuration of '{config.stack}': {len(things)} resources "
        f"in {len(components)} components."
    ]
    if config.examples:
        head.append(f"Examples stand in for what is not set: {', '.join(config.examples)}.")
    return [*head, ""]


def _branches(urn: str, indent: str, children: Mapping[str, Sequence[Recorded]]) -> Iterator[str]:
    # Registration waits for outputs, so its order differs from run to run.
    mine = sorted(children.get(urn, []), key=lambda resource: (resource.type, resource.name))
    for number, resource in enumerate(mine, start=1):
        last = number == len(mine)
        yield f"{indent}{'└─ ' if last else '├─ '}{resource.type}  {resource.name}"
        yield from _branches(resource.urn, f"{indent}{'   ' if last else '│  '}", children)


def _by_component(found: Estimate) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in found.items:
        owner = item.component
        name = f"{owner.type}  {owner.name}" if owner else "outside of components"
        groups.setdefault(name, []).append(item)
    return dict(sorted(groups.items()))


def _unknown(found: Estimate) -> list[str]:
    if not found.unknown:
        return []
    types = ", ".join(f"{type_} ({count})" for type_, count in sorted(found.unknown.items()))
    return ["", f"Without a price in infra/prices.toml, so not in the sum: {types}."]


def _assumptions(found: Estimate) -> list[str]:
    lines = [
        "",
        "Assumed of each resource, and the price used (noted by hand: compare it with the page)",
    ]
    seen: set[tuple[str, str]] = set()
    for item in found.items:
        usage, price = item.usage, item.usage.price
        if (usage.type, usage.assumption) not in seen:
            seen.add((usage.type, usage.assumption))
            lines += [
                f"  {usage.type}: {usage.assumption}",
                f"    {price.amount} USD per {price.unit}, noted {price.date}"
                f"{'' if price.verified else ', not verified'}: {price.source}",
            ]
    return lines


def _usd(amount: Decimal) -> str:
    return f"{amount.quantize(CENT, ROUND_HALF_UP):,.2f}"


def _units(quantity: Decimal, unit: str) -> str:
    shown = f"{quantity.quantize(CENT, ROUND_HALF_UP):,.2f}" if quantity >= CENT else "under 0.01"
    return f"{shown} {unit}"
