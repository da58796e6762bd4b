"""Alert rules as data, and the SQL that each asks the hub."""

from handlers.alerts.hub import Hub
from handlers.alerts.rules import NoData, Rule, Severity, Unit, question, rules

__all__ = ["Hub", "NoData", "Rule", "Severity", "Unit", "question", "rules"]
