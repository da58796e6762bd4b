"""Bill lines with what the catalog, the site and the rates say of them: ``staged_lines``."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from handlers.amounts import to_usd_sql
from handlers.catalog import Catalog
from handlers.errors import BillError, ConservationError, Place
from handlers.load.statements import run, statements
from handlers.record import Cloud
from handlers.site import Attribution, Rate, Site, attribution_sql, register_attribution

PLATFORM_LABEL = "ai-cost-monitoring"
"""The value of the label ``managed-by`` on what this product itself costs."""

_USD = "USD"


@dataclass(frozen=True)
class Rules:
    """What a load of one cloud goes by: the catalog in force and the site."""

    catalog: Catalog
    site: Site


def stage(
    connection: duckdb.DuckDBPyConnection, cloud: Cloud, period: date, rules: Rules
) -> dict[str, Rate]:
    """Fill ``staged_lines`` from ``bill_lines``; the site's rates that were used, by currency.

    Raises:
        BillError: tags that are not a JSON object.
        RateMissing: a currency without a rate that may be used.
        ConservationError: a join lost or doubled a line.
    """
    _refuse_bad_tags(connection)
    create_macros(connection)
    _register_tag_keys(connection, rules.site.attribution)
    site = rules.site
    register_attribution(connection, site.attribution, site.customers, site.forgotten)
    rates = _register_rates(connection, period, rules.site)
    for name, statement in statements("handlers.load", "stage.sql"):
        if name == "staged_lines":
            _create(connection, "named", rules.catalog.classify_sql("skus"))
            _create(connection, "attributed", attribution_sql())
        run(connection, statement, {"cloud": str(cloud), "platform_label": PLATFORM_LABEL})
    _refuse_lost_lines(connection)
    return rates


def _create(connection: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what the statements of this package are written with.

    ``usd(amount, rate)`` converts by the one formula, ``cut(text, n)`` keeps long text unique,
    ``tag_key(name)`` spells a tag's key in the way that all bills' spellings of it share.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO usd(amount, rate) AS {to_usd_sql('amount', 'rate')}"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO cut(value, size) AS CASE WHEN length(value) > size"
        " THEN left(value, size - 17) || '~' || left(sha256(value), 16) ELSE value END"
    )
    # CUR 2.0 writes the key managed-by as user_managed_by, the legacy report as user:managed-by.
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO tag_key(name) AS"
        " regexp_replace(lower(name), '[^\\pL\\pN]+', '_', 'g')"
    )


def _register_tag_keys(connection: duckdb.DuckDBPyConnection, attribution: Attribution) -> None:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE tag_keys (kind VARCHAR, position INTEGER, key VARCHAR)"
    )
    kinds = (("customer", attribution.customer_keys), ("project", attribution.project_keys))
    rows = [
        [kind, position, key] for kind, keys in kinds for position, key in enumerate(keys, start=1)
    ]
    connection.executemany("INSERT INTO tag_keys VALUES (?, ?, tag_key(?))", rows)


def _register_rates(
    connection: duckdb.DuckDBPyConnection, period: date, site: Site
) -> dict[str, Rate]:
    """The site's rates for lines that bring neither a rate nor an amount in USD."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE site_rates (currency VARCHAR, rate DECIMAL(38, 9))"
    )
    currencies = connection.execute(
        "SELECT DISTINCT currency FROM bill_lines"
        " WHERE currency <> ? AND cost_usd IS NULL AND rate IS NULL ORDER BY 1",
        [_USD],
    ).fetchall()
    rates = {str(row[0]): site.rates.rate(str(row[0]), period) for row in currencies}
    for currency, rate in rates.items():
        connection.execute("INSERT INTO site_rates VALUES (?, ?)", [currency, rate.value])
    return rates


def register_left_out_rates(
    connection: duckdb.DuckDBPyConnection, period: date, site: Site
) -> None:
    """Fill ``left_out_rates``: for each currency of the bill the rate to rank what is left out by.

    It is that of the bill's own lines, else the site's.

    Raises:
        RateMissing: a currency without a rate that may be used.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE left_out_rates (currency VARCHAR, rate DECIMAL(38, 9))"
    )
    rows = connection.execute(
        "SELECT DISTINCT currency FROM (SELECT currency FROM left_out"
        " UNION ALL SELECT currency FROM staged_lines) WHERE currency IS NOT NULL ORDER BY 1"
    ).fetchall()
    for (currency,) in rows:
        rate = _rate_of_lines(connection, str(currency))
        if rate is None:
            rate = site.rates.rate(str(currency), period).value
        connection.execute("INSERT INTO left_out_rates VALUES (?, ?)", [currency, rate])


def _rate_of_lines(connection: duckdb.DuckDBPyConnection, currency: str) -> Decimal | None:
    row = connection.execute(
        "SELECT COALESCE(max(usd_rate), TRY_CAST(sum(abs(cost))::DOUBLE"
        " / NULLIF(sum(abs(cost_usd)), 0)::DOUBLE AS DECIMAL(38, 9)))"
        " FROM staged_lines WHERE currency = ?",
        [currency],
    ).fetchone()
    return Decimal(row[0]) if row and row[0] else None


def _refuse_bad_tags(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute(
        "SELECT line_file, left(tags, 60) FROM bill_lines"
        " WHERE tags IS NOT NULL AND NOT (json_valid(tags) AND json_type(tags) = 'OBJECT')"
        " LIMIT 1"
    ).fetchone()
    if row is not None:
        raise BillError(
            Place(str(row[0]), column="tags"),
            f"The tags are not a JSON object: {row[1]}",
            "Export the bill again; tags decide whose cost it is and are never guessed.",
        )


def _refuse_lost_lines(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT count(*), COALESCE(sum(cost), 0) FROM bill_lines"
        " UNION ALL SELECT count(*), COALESCE(sum(cost), 0) FROM staged_lines"
    ).fetchall()
    if rows[0] != rows[1]:
        raise ConservationError(
            f"{rows[0][0]} lines of {rows[0][1]} were read, {rows[1][0]} of {rows[1][1]} remain"
            " after they were named: this is a defect, please report it. Nothing was changed."
        )
