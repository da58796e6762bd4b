"""Alert rules as data, the SQL that each asks the hub, and what they come to."""

from handlers.alerts.evaluate import Firing, State, evaluate, log_firings
from handlers.alerts.hub import Hub
from handlers.alerts.rules import NoData, Rule, Severity, Unit, dollars, question, rules

__all__ = [
    "Firing",
    "Hub",
    "NoData",
    "Rule",
    "Severity",
    "State",
    "Unit",
    "dollars",
    "evaluate",
    "log_firings",
    "question",
    "rules",
]
