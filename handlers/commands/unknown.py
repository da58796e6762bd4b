"""``unknown``: dollars that no rule names, with a rule to add."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import TypedDict, Unpack

import click

from handlers.commands.answers import add_row, cents, for_program, format_option, put, render, table
from handlers.commands.options import (
    chosen_clouds,
    chosen_site,
    cloud_option,
    period_option,
    site_option,
    warehouse_option,
    warehouse_path,
)
from handlers.periods import parse_period
from handlers.queries.answer import Answer
from handlers.queries.nameless import Kind, find_nameless
from handlers.queries.proposals import Proposal, propose
from handlers.queries.selection import Selection
from handlers.record import Cloud
from handlers.warehouses.duckdb import open_reader

TITLES = {
    Kind.NO_RULE: "No rule names the model: in the totals as model unknown",
    Kind.NO_TOKEN_TYPE: "The model is named, the token type is not",
    Kind.LEFT_OUT: "Looks like AI, in no AI total, and no rule speaks of it",
    Kind.NOT_STATED: "The bill does not say which model: in the totals, no rule can mend it",
    Kind.NOT_AI: "Looks like AI, and a rule says that it is not: in no AI total",
}
COLUMNS = (
    "finding",
    "cloud_provider",
    "service",
    "sku_description",
    "model",
    "token_type",
    "rule_id",
    "cost_usd",
    "lines",
    "note",
    "proposed_rule",
)


class Words(TypedDict):
    """What ``unknown`` was called with."""

    warehouse: str
    site_folder: str | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    form: str


@click.command()
@warehouse_option
@site_option
@cloud_option
@period_option
@format_option
def unknown(**words: Unpack[Words]) -> None:
    """Show dollars that no rule names, by SKU, with a rule to add to the site's catalog.

    Every rule was tried: with it the catalog names that SKU. What it gives is a guess from the
    SKU's text, yours to mend. Rules of the site folder take effect with the next load.
    """
    selection = Selection(
        values={
            "cloud_provider": chosen_clouds(words["clouds"]),
            "billing_period": [parse_period(period) for period in words["periods"]],
        }
    )
    site = chosen_site(words["site_folder"])
    path = warehouse_path(words["warehouse"])
    with open_reader(path) as connection:
        found = find_nameless(connection, path.parent / "archive", selection)
    if found.uncounted:
        click.echo(f"Bill lines are not counted: {found.uncounted}", err=True)
    proposals = propose(found.nameless, site.catalog)
    if not proposals:
        click.echo("Nothing is without a name.", err=words["form"] != "table")
    if words["form"] == "table":
        put("".join(_sections(proposals)))
    else:
        put(for_program(_answer(proposals), words["form"]))


def _answer(proposals: Sequence[Proposal]) -> Answer:
    rows = [
        (
            str(each.nameless.kind),
            str(each.nameless.cloud),
            each.nameless.service,
            each.nameless.sku_description,
            each.nameless.model,
            each.nameless.token_type,
            each.nameless.rule_id,
            each.nameless.cost_usd,
            each.nameless.lines,
            each.note,
            "\n".join(each.rules),
        )
        for each in proposals
    ]
    return Answer(COLUMNS, rows)


def _sections(proposals: Sequence[Proposal]) -> Iterator[str]:
    for kind, title in TITLES.items():
        own = [each for each in proposals if each.nameless.kind is kind]
        if own:
            total = sum((each.nameless.cost_usd for each in own), Decimal(0))
            yield f"{title}: {cents(total)} USD\n\n{_table(kind, own)}\n"
    for cloud in Cloud:
        own = [each for each in proposals if each.nameless.cloud is cloud]
        rules = list(dict.fromkeys(chain.from_iterable(each.rules for each in own)))
        if rules:
            yield (
                f"Proposed for site/catalog/{cloud.lower()}.toml; mend what it gives,"
                " then: site check; collect FOLDER --reclassify\n\n"
            )
            yield "\n".join(rules) + "\n"


def _table(kind: Kind, proposals: Sequence[Proposal]) -> str:
    last = "rule" if kind in (Kind.NOT_STATED, Kind.NOT_AI) else "note"
    if kind in (Kind.LEFT_OUT, Kind.NOT_AI):
        named: tuple[str, ...] = ()
    else:
        named = ("model", "token_type")
    made = table(("cloud", "USD", "lines", "service", "SKU", *named, last), right=("USD", "lines"))
    for each in proposals:
        nameless = each.nameless
        model = [str(getattr(nameless, name)) for name in named]
        note = each.note or "see the rule below"
        add_row(
            made,
            [
                str(nameless.cloud),
                cents(nameless.cost_usd),
                "" if nameless.lines is None else f"{nameless.lines:,}",
                nameless.service,
                nameless.sku_description or "(the whole service)",
                *model,
                (nameless.rule_id or "") if last == "rule" else note,
            ],
        )
    return render(made)
