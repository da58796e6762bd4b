"""Writes docs/focus.md from the mapping of ``handlers/focus``.

``python -m tools.focus`` after a change of it; a test compares.
"""

from pathlib import Path

from handlers.focus import FOCUS_VERSION, FocusColumn, focus_columns, left_out

TARGET = Path(__file__).parent.parent / "docs" / "focus.md"

_HEAD = f"""\
# FOCUS

Made by `python -m tools.focus` from `handlers/focus`.

The rows of the facts under the names of [FOCUS {FOCUS_VERSION}](https://focus.finops.org/), for
tools that read it: the view `focus_costs` in each warehouse (`dbo.focus_costs` in Azure SQL,
`llm_costs.focus_costs` in Redshift, which writes names in small letters; in the hub over all bills
that it loads), and

```sh
python -m handlers costs --format focus --period 2026-11 --output focus.csv
```

which writes the rows of a laptop's warehouse as CSV, or as Parquet to a file whose name ends in
`.parquet`; `--cloud`, `--customer`, `--from`, `--to` and `--charge-type` choose as always. Columns
that begin with `x_` are this product's own. Amounts are exact, with nine places, and all in USD: a
bill in another currency has its own amount in `x_BillCost`. The sum of `BilledCost` is that of
`cost_usd`. A row is a day of a SKU, not a line of the bill.

| column | from | meaning |
|---|---|---|
"""

_LEFT_OUT = """
## Left out

FOCUS lets these be missing.

| column | why |
|---|---|
"""


def page() -> str:
    """The page's text."""
    columns = "".join(map(_row, focus_columns()))
    missing = "".join(f"| {name} | {why} |\n" for name, why in left_out().items())
    return _HEAD + columns + _LEFT_OUT + missing


def _row(column: FocusColumn) -> str:
    words = ", ".join(f"{key}: {word}" for key, word in column.values.items())
    said = f"{column.meaning} ({words})" if words else column.meaning
    source = f"`{column.source}`" if column.source else ""
    return f"| {column.name} | {source} | {said} |\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
