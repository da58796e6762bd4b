"""Which days of which series cost unusually much or little: one definition, in SQL."""

from handlers.anomalies.definition import Definition, definition
from handlers.anomalies.refresh import Refreshed, refresh

__all__ = ["Definition", "Refreshed", "definition", "refresh"]
