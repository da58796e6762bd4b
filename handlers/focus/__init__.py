"""The facts as FOCUS 1.2, the FinOps Foundation's names for what a bill says.

``columns.toml`` says how each of its columns comes from the record; every warehouse's view
``focus_costs``, ``costs --format focus`` and docs/focus.md are made from it.
"""

from handlers.focus.mapping import (
    FOCUS_VERSION,
    VIEW,
    Dialect,
    FocusColumn,
    focus_columns,
    left_out,
    select_list,
)

__all__ = [
    "FOCUS_VERSION",
    "VIEW",
    "Dialect",
    "FocusColumn",
    "focus_columns",
    "left_out",
    "select_list",
]
