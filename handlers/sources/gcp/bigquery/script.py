"""A load of Google's bill as statements for BigQuery: nothing of the bill leaves it.

Each statement makes a table of the staging dataset that is the load attempt's own; those named in
``OUTPUTS`` have the rows of the tables of the same name, and ``totals`` has the one row that says
whether they may be written. What they mean is what the same steps mean for files
(``handlers.load``); a test compares the two row by row.

Rules are rendered by the catalog. What the site says (tag keys, maps, names, rates) is bound, as
texts and lists of texts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from handlers.catalog import Catalog
from handlers.catalog.dialect import BIGQUERY
from handlers.load.stage import PLATFORM_LABEL
from handlers.load.statements import statements
from handlers.record import COLUMNS, UNTAGGED, ChargeType, Cloud
from handlers.serving import HUB_WAREHOUSE
from handlers.site import Site, tables
from handlers.site.rates import rates_in_force
from handlers.sources.gcp.bigquery.export import EXPORT_SLACK, Export
from handlers.sources.gcp.bigquery.functions import functions_called
from handlers.sources.gcp.layout import ADJUSTMENT_CREDITS, CHARGE_TYPES
from handlers.tables import LOADED
from handlers.warehouses.bigquery.names import TableName

OUTPUTS = tuple(f"new_{table.name}" for table in LOADED)
"""The statements whose tables are written to the hub; ``new_llm_costs`` to ``gcp_llm_costs``."""

_PACKAGE = "handlers.sources.gcp.bigquery"
_FILES = ("lines.sql", "stage.sql", "facts.sql", "beside.sql")
_SUBQUERIES = ("cells", "lines", "fault")
_WORD = re.compile(r"\{([a-z_]+)\}")
_PARAMETER = re.compile(r"@([a-z_]+)")

_CUT = {
    "service": "service",
    "sku": "sku_description",
    "model": "model",
    "customer_id": "customer_id",
    "project_id": "project_id",
    "customer_tag": "customer_tag",
    "region": "region",
    "account_id": "account_id",
    "sku_id": "sku_id",
    "unit": "pricing_unit",
    "resource_id": "resource_id",
    "invoice_id": "invoice_id",
    "billing_entity": "billing_entity",
}
"""The texts of a line that are cut, and the record's column whose limit holds."""

_FACT_KEYS = (
    "usage_date",
    *_CUT,
    "token_type",
    "usage_unit",
    "model_developer",
    "service_tier",
    "charge_type",
    "currency",
    "rule_id",
)

Parameters = Mapping[str, str | Sequence[str]]
"""Values to bind by name: a STRING, or an ARRAY of STRING."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is loaded and where it is staged.

    ``account`` and ``period`` (the first day of the invoice month) say which bill; ``staging`` is
    the prefix of the attempt's own tables, such as ``project.dataset.attempt``.
    """

    export: Export
    account: str
    period: date
    load_id: str
    staging: TableName


@dataclass(frozen=True)
class Statement:
    """``query`` fills ``table``; ``name`` is the name in the ``.sql`` file.

    ``parameters`` are the values that it binds, ``functions`` the temporary functions that it
    calls, as statements.
    """

    name: str
    table: TableName
    query: str
    functions: tuple[str, ...]
    parameters: Parameters

    @property
    def create(self) -> str:
        """The statement that makes the table, with the functions in scope."""
        return f"CREATE OR REPLACE TABLE {self.table} AS\n{self.query}"

    @property
    def sql(self) -> str:
        """A query of its own: the functions, then the statement."""
        return ";\n\n".join([*self.functions, self.create])


@dataclass(frozen=True)
class Classification:
    """A load's statements, in order."""

    statements: tuple[Statement, ...]

    @property
    def script(self) -> str:
        """All of it as one multi-statement query; it binds ``parameters``."""
        creates = [each.create for each in self.statements]
        return ";\n\n".join([*functions_called(*creates), *creates]) + ";\n"

    @property
    def parameters(self) -> Parameters:
        """What the script binds."""
        return {name: value for each in self.statements for name, value in each.parameters.items()}

    def table(self, name: str) -> TableName:
        """The staged table of the statement ``name``."""
        return next(each.table for each in self.statements if each.name == name)


def classification_of(load: Load, catalog: Catalog, site: Site) -> Classification:
    """The statements that stage ``load`` by these rules and site data."""
    texts = [each for file in _FILES for each in statements(_PACKAGE, file)]
    return _rendered(texts, _words(load, catalog), load, catalog, site)


def separation_of(load: Load, catalog: Catalog, site: Site) -> Classification:
    """The statements that tell the bill's rows that can't be understood from the others.

    ``understood`` has all others, in the columns of the export. ``faulty`` says which column is at
    fault in the rows of ``numbered`` that are not among them, and what those cost.
    """
    read = dict(statements(_PACKAGE, "lines.sql"))
    first, *others = statements(_PACKAGE, "aside.sql")
    texts = [first, *((name, read[name]) for name in _SUBQUERIES), *others]
    words = _words(load, catalog) | {"passed": ", row_id"}
    return _rendered(texts, words, load, catalog, site)


def _rendered(
    texts: Iterable[tuple[str, str]],
    words: dict[str, str],
    load: Load,
    catalog: Catalog,
    site: Site,
) -> Classification:
    values = _parameters(load, site)
    made: list[Statement] = []
    for name, text in texts:
        query = _WORD.sub(lambda found: words[found[1]], text)
        if name in _SUBQUERIES:
            words[name] = f"\n{query}\n"
            continue
        table = TableName(
            load.staging.project, load.staging.dataset, f"{load.staging.table}_{name}"
        )
        words[name] = str(table)
        if name == "skus":
            words["classification"] = catalog.classify_sql(str(table), BIGQUERY)
        if name == "numbered":
            words["export"] = str(table)  # what follows reads the rows by their names
        bound = {key: values[key] for key in _PARAMETER.findall(query) if key in values}
        made.append(Statement(name, table, query, functions_called(query), bound))
    return Classification(tuple(made))


def _words(load: Load, catalog: Catalog) -> dict[str, str]:
    """What stands in braces in the statements, but for the statements' own tables."""
    literal = BIGQUERY.literal
    candidate = catalog.candidate_sql("service_id", "service", "billing_entity", BIGQUERY)
    limits = {column.name: str(column.limit) for column in COLUMNS}
    cuts = (f"cut({name}, {limits[column]}) AS {name}" for name, column in _CUT.items())
    branches = (
        f"WHEN cost_type = {literal(word)} THEN {literal(kind)}"
        for word, kind in CHARGE_TYPES.items()
    )
    return {
        "export": load.export.rows("billing_account_id = @scope AND invoice.month = @month"),
        "passed": "",
        "candidate": f"{candidate} OR EXISTS (SELECT 1 FROM UNNEST(labels) AS label"
        " WHERE STRPOS(label.value, @platform_label) > 0)",
        "charge_types": " ".join(branches),
        "adjustment_credits": ", ".join(map(literal, ADJUSTMENT_CREDITS)),
        "adjustment": literal(ChargeType.ADJUSTMENT),
        "credit": literal(ChargeType.CREDIT),
        "usage": literal(ChargeType.USAGE),
        "untagged": literal(UNTAGGED),
        "cloud": literal(Cloud.GCP),
        "fact_keys": ", ".join(_FACT_KEYS),
        "cut_texts": ", ".join(cuts),
        "model_limit": limits["model"],
        "customer_limit": limits["customer_id"],
        "service_limit": limits["service"],
        "sku_limit": limits["sku_description"],
        "account_limit": limits["account_id"],
        "entity_limit": limits["billing_entity"],
    }


def _parameters(load: Load, site: Site) -> Parameters:
    rows = tables(site.attribution, site.customers)
    maps = [each for each in rows.maps if each.cloud == Cloud.GCP]
    rates = list(rates_in_force(site.rates, load.period))
    forgotten = [(each, digest) for each in site.forgotten for digest in each.digests]
    return {
        "origin": load.export.origin,
        "scope": load.account,
        "month": f"{load.period:%Y%m}",
        "period": load.period.isoformat(),
        "exported_from": (load.period - EXPORT_SLACK).isoformat(),
        "load_id": load.load_id,
        "warehouse": HUB_WAREHOUSE,
        "platform_label": PLATFORM_LABEL,
        "customer_keys": site.attribution.customer_keys,
        "project_keys": site.attribution.project_keys,
        "map_positions": [str(each.position) for each in maps],
        "map_matches": [each.match for each in maps],
        "map_exacts": [each.exact or "" for each in maps],
        "map_regexes": [each.regex or "" for each in maps],
        "map_customers": [each.customer or "" for each in maps],
        "map_first_days": [each.first_day.isoformat() for each in maps],
        "map_last_days": [each.last_day.isoformat() for each in maps],
        "name_names": [each.name for each in rows.names],
        "name_customers": [each.customer_id for each in rows.names],
        "name_first_days": [each.first_day.isoformat() for each in rows.names],
        "name_last_days": [each.last_day.isoformat() for each in rows.names],
        "forgotten_digests": [digest for _, digest in forgotten],
        "forgotten_salts": [each.salt for each, _ in forgotten],
        "forgotten_customers": [each.customer for each, _ in forgotten],
        "rate_currencies": [currency for currency, _ in rates],
        "rate_values": [format(rate.value, "f") for _, rate in rates],
    }
