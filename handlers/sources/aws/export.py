"""What an export of AWS's bills must hold for the reader of this package."""

from handlers.sources.columns import load_spellings


def export_columns() -> tuple[str, ...]:
    """The columns of CUR 2.0 that the reader looks for, in the order of ``columns.toml``.

    Where a field has several spellings, all that CUR 2.0 has are named: the reader prefers the net
    cost and falls back on the gross one line by line.
    """
    layouts = load_spellings("handlers.sources.aws")
    legacy = {name for names in layouts["legacy_only"].values() for name in names}
    return tuple(name for names in layouts["cur"].values() for name in names if name not in legacy)
