"""Site data: what a company knows and the code does not. See ``site.load_site``."""

from handlers.site.attribution import (
    Attribution,
    AttributionMap,
    AttributionTables,
    MapRow,
    MatchOn,
    NameRow,
    attribution_sql,
    register_attribution,
    tables,
)
from handlers.site.budgets import Budget, BudgetScope
from handlers.site.customers import Customer
from handlers.site.events import Event
from handlers.site.folder import SITE_FILES, SITE_VARIABLE, default_site_folder
from handlers.site.forgotten import Tombstone
from handlers.site.invoices import Invoice
from handlers.site.rates import MonthlyRate, Rate, Rates
from handlers.site.shares import Share, Shares
from handlers.site.site import Site, load_site, site_from
from handlers.site.text import WHITE_SPACE, trimmed
from handlers.site.validity import Validity

__all__ = [
    "SITE_FILES",
    "SITE_VARIABLE",
    "WHITE_SPACE",
    "Attribution",
    "AttributionMap",
    "AttributionTables",
    "Budget",
    "BudgetScope",
    "Customer",
    "Event",
    "Invoice",
    "MapRow",
    "MatchOn",
    "MonthlyRate",
    "NameRow",
    "Rate",
    "Rates",
    "Share",
    "Shares",
    "Site",
    "Tombstone",
    "Validity",
    "attribution_sql",
    "default_site_folder",
    "load_site",
    "register_attribution",
    "site_from",
    "tables",
    "trimmed",
]
