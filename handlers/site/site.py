"""The site: what a company knows and the code does not, read, checked and ready to use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from handlers.catalog import load_catalog
from handlers.errors import SiteError
from handlers.record import Cloud
from handlers.site.attribution import Attribution
from handlers.site.attribution_file import ATTRIBUTION, parse_attribution
from handlers.site.budgets import BUDGETS, Budget, parse_budgets
from handlers.site.customers import CUSTOMERS, Customer, parse_customers
from handlers.site.digest import site_digest, with_forgotten
from handlers.site.events import EVENTS, Event, parse_events
from handlers.site.folder import CATALOG_FILES, read_folder
from handlers.site.forgotten import FORGOTTEN, Tombstone, parse_forgotten
from handlers.site.invoices import INVOICES, Invoice, parse_invoices
from handlers.site.problems import Problem
from handlers.site.rates import RATES, Rates, parse_rates
from handlers.site.shares import SHARES, Shares, parse_shares
from handlers.site.toml_file import read_toml


@dataclass(frozen=True)
class Site:
    """Every part of the site. ``catalog`` holds the text of the rules a site adds for a cloud."""

    attribution: Attribution
    customers: tuple[Customer, ...]
    budgets: tuple[Budget, ...]
    rates: Rates
    invoices: tuple[Invoice, ...]
    events: tuple[Event, ...]
    shares: Shares
    forgotten: tuple[Tombstone, ...]
    catalog: Mapping[Cloud, str]

    def digest(self, cloud: Cloud, period: date) -> str:
        """SHA-256, in hex, of exactly what a load of this cloud and billing period uses.

        Attribution, the customers and rates of that time, who is forgotten, the cloud's own rules;
        not budgets, invoices, events and shares, nor comments, blank lines or the order of rows.
        """
        rules = self.catalog.get(cloud)
        digest = site_digest(self.attribution, self.customers, self.rates, rules, cloud, period)
        return with_forgotten(digest, self.forgotten)


def load_site(folder: Path | None) -> Site:
    """Read and check the site folder; None gives the shipped defaults.

    Raises SiteError that lists every problem of every file, one to a line.
    """
    problems: list[Problem] = []
    contents = read_folder(folder, problems) if folder is not None else {}
    return site_from(contents, problems)


def site_from(contents: Mapping[str, bytes], known: list[Problem] | None = None) -> Site:
    """The site made of these files, by their names below the site folder.

    ``known`` are problems found on the way here, listed with the others. Raises SiteError.
    """
    problems = list(known or ())
    customers = parse_customers(contents.get(CUSTOMERS.file), problems)
    rules = _rules(contents, problems)
    site = Site(
        attribution=parse_attribution(contents.get(ATTRIBUTION), problems),
        customers=customers,
        budgets=parse_budgets(contents.get(BUDGETS.file), customers, problems),
        rates=parse_rates(contents.get(RATES.file), problems),
        invoices=parse_invoices(contents.get(INVOICES.file), problems),
        events=parse_events(contents.get(EVENTS.file), problems),
        shares=parse_shares(contents.get(SHARES), problems),
        forgotten=parse_forgotten(contents.get(FORGOTTEN), problems),
        catalog=MappingProxyType(rules),
    )
    found = [*(str(problem) for problem in problems), *_rule_faults(rules)]
    if found:
        raise SiteError("\n".join(found))
    return site


def _rules(contents: Mapping[str, bytes], problems: list[Problem]) -> dict[Cloud, str]:
    """The text of each cloud's rules that is TOML."""
    return {
        cloud: contents[file].decode("utf-8-sig")
        for file, cloud in CATALOG_FILES.items()
        if file in contents and read_toml(file, contents[file], problems) is not None
    }


def _rule_faults(rules: Mapping[Cloud, str]) -> Iterator[str]:
    """What the catalog says is wrong with the rules, one fault to a line."""
    for cloud, text in rules.items():
        try:
            load_catalog(cloud, text)
        except SiteError as error:
            yield str(error)
