"""What the clouds and their invoices say was charged, against what was loaded."""

from handlers.reconcile.compare import Compared, Part, Reason, compare
from handlers.reconcile.statement import SaidBy, Statement, of_invoices

__all__ = ["Compared", "Part", "Reason", "SaidBy", "Statement", "compare", "of_invoices"]
