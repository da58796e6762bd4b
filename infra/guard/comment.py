"""A preview as a comment on the request that asks for it, in GitHub's Markdown.

Names of inputs are shown, never their values: a comment is read by more people than may see them.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from infra.cost import Estimate, PriceList, estimate
from infra.guard.dashboards import ChangedDashboard, changed_dashboards
from infra.guard.judge import Refusal, Verdict
from infra.guard.preview import Change, Op, Preview

LONGEST = 60_000
"""Characters; GitHub takes 65,536:
https://docs.github.com/en/rest/issues/comments#create-an-issue-comment"""

MOST_ROWS = 200
_MOST_PROPERTIES = 8
_SHOWN = (Op.DELETE, Op.REPLACE, Op.CREATE, Op.UPDATE)
_WORDS = {
    Op.DELETE: "to delete",
    Op.REPLACE: "to replace",
    Op.CREATE: "to create",
    Op.UPDATE: "to update",
}
_CENT = Decimal("0.01")


def marker(stack: str) -> str:
    """What the comment of a stack begins with, so that the next one replaces it."""
    return f"<!-- ai-cost-monitoring preview of {_plain(stack)} -->"


def comment(preview: Preview, verdict: Verdict, prices: PriceList) -> str:
    """The comment."""
    lines = [marker(preview.stack), f"### {_code(preview.stack)}: {_summary(preview)}", ""]
    lines += _refused(verdict.refusals)
    lines += _changes(preview)
    lines += _costs(preview, prices)
    lines += _dashboards(changed_dashboards(preview))
    lines += [f"- note: {_code(note.name)}: {_plain(note.found)}" for note in verdict.notes]
    text = "\n".join(lines).rstrip() + "\n"
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rpartition("\n")[0] + "\n\nThe rest is cut: the log has the whole.\n"


def _summary(preview: Preview) -> str:
    counts = {op: len(_things(preview, op)) for op in _SHOWN}
    said = ", ".join(f"{count} {_WORDS[op]}" for op, count in counts.items() if count)
    return said or "nothing changes"


def _refused(refusals: Sequence[Refusal]) -> Iterator[str]:
    if not refusals:
        return
    yield f"**Refused, for {len(refusals)} reason{'s' if len(refusals) > 1 else ''}:**"
    yield ""
    for refusal in refusals[:MOST_ROWS]:
        about = f"{_code(refusal.name)}: " if refusal.urn else ""
        yield f"- {about}{_plain(refusal.found)} {_plain(refusal.remedy)}".rstrip()
    yield ""


def _changes(preview: Preview) -> Iterator[str]:
    rows = [change for op in _SHOWN for change in _things(preview, op)]
    if not rows:
        return
    yield "<details><summary>Resources</summary>"
    yield ""
    yield "| | type | name | what changes |"
    yield "|---|---|---|---|"
    for change in rows[:MOST_ROWS]:
        yield (
            f"| {change.op} | {_code(change.type)} | {_code(change.name)} | {_properties(change)} |"
        )
    if len(rows) > MOST_ROWS:
        yield f"| | | and {len(rows) - MOST_ROWS} more | |"
    yield ""
    yield "</details>"
    yield ""


def _things(preview: Preview, op: Op) -> list[Change]:
    """What stands in a cloud: a component only groups, a provider only carries settings."""
    found = ((change, change.after or change.before) for change in preview.of(op))
    return [
        change
        for change, state in found
        if state is not None and state.custom and not state.type.startswith("pulumi:")
    ]


def _properties(change: Change) -> str:
    names = change.replaces or change.properties
    shown = ", ".join(_code(name) for name in names[:_MOST_PROPERTIES])
    left = len(names) - _MOST_PROPERTIES
    return f"{shown} and {left} more" if left > 0 else shown


def _costs(preview: Preview, prices: PriceList) -> Iterator[str]:
    before, after = estimate(preview.before, prices), estimate(preview.after, prices)
    change = _usd(after.total - before.total)
    sign = "+" if after.total > before.total else ""
    yield (
        f"Estimated cost at list prices: {_usd(before.total)} to {_usd(after.total)} USD a month"
        f" ({sign}{change})."
    )
    unknown = _without_price(after)
    if unknown:
        yield f"Without a price, so not in it: {unknown}."
    yield ""


def _without_price(found: Estimate) -> str:
    return ", ".join(f"{_code(type_)} ({count})" for type_, count in sorted(found.unknown.items()))


def _dashboards(changed: Sequence[ChangedDashboard]) -> Iterator[str]:
    if not changed:
        return
    yield "Dashboards:"
    yield ""
    for each in changed:
        parts = [
            f"{word} {', '.join(_code(title) for title in titles)}"
            for word, titles in (
                ("new", each.added),
                ("gone", each.removed),
                ("changed", each.changed),
            )
            if titles
        ]
        yield f"- {each.op} {_code(each.title)}" + (f": {'; '.join(parts)}" if parts else "")
    yield ""


def _usd(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT, ROUND_HALF_UP):,.2f}"


def _code(text: str) -> str:
    """Text as code: what would end it, or a cell of a table, is left out."""
    return f"`{_printable(text).replace('`', '').replace('|', '/')}`"


def _plain(text: str) -> str:
    """Text that GitHub shows as it is: no markup, no mention, no link."""
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#|@!~" else each for each in _printable(text))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:500]
