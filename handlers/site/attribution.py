"""Who a cost belongs to: tags, then maps in order, then nobody; aliases give the canonical id.

Engines attribute *distinct combinations* of day, tags and resource, then join the answer to their
lines: ``register_attribution`` puts the site's rules into temporary tables of a DuckDB connection,
the caller provides the temporary view ``attribution_input``, and the one statement of
``attribution_sql`` answers for every combination in it. See ``attribution.sql`` for the columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files

import duckdb

from handlers.record import Cloud
from handlers.site.customers import Customer
from handlers.site.forgotten import Tombstone
from handlers.site.validity import Validity


class MatchOn(StrEnum):
    """What of a cost a map looks at.

    ``account`` is the AWS usage account, the Azure subscription or the Google Cloud project;
    ``project`` is the Google Cloud project too, and the project tag on AWS and Azure.
    """

    RESOURCE = "resource"
    ACCOUNT = "account"
    PROJECT = "project"
    RESOURCE_GROUP = "resource_group"


@dataclass(frozen=True)
class AttributionMap:
    """One map: ``exact`` gives ``customer``, or the one capture of ``regex`` gives it.

    ``position`` counts the maps of the file from 1, in the order they are tried. ``cloud`` None is
    every cloud.
    """

    position: int
    match: MatchOn
    exact: str | None
    regex: str | None
    customer: str | None
    cloud: Cloud | None
    validity: Validity

    def clouds(self) -> tuple[Cloud, ...]:
        """The clouds whose costs it is tried for."""
        return (self.cloud,) if self.cloud else tuple(Cloud)


@dataclass(frozen=True)
class Attribution:
    """The tag or label keys to read, in order, and the maps for what has no customer tag.

    Keys are lower-case and without the clouds' own prefixes; the first that has a value wins.
    """

    customer_keys: tuple[str, ...]
    project_keys: tuple[str, ...]
    maps: tuple[AttributionMap, ...]


@dataclass(frozen=True)
class MapRow:
    """A map, for one cloud."""

    cloud: str
    position: int
    match: str
    exact: str | None
    regex: str | None
    customer: str | None
    first_day: date
    last_day: date


@dataclass(frozen=True)
class NameRow:
    """A name (an id or an alias) that means ``customer_id`` on these days."""

    name: str
    customer_id: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class AttributionTables:
    """The rules as rows to join: what any engine needs, in no dialect."""

    maps: tuple[MapRow, ...]
    names: tuple[NameRow, ...]


def tables(attribution: Attribution, customers: Sequence[Customer]) -> AttributionTables:
    """The maps, one row for each cloud they apply to, and every name of every customer."""
    maps = tuple(
        MapRow(
            cloud.value,
            each.position,
            each.match.value,
            each.exact,
            each.regex,
            each.customer,
            each.validity.first,
            each.validity.last,
        )
        for each in attribution.maps
        for cloud in each.clouds()
    )
    names = tuple(
        NameRow(name, customer.id, customer.validity.first, customer.validity.last)
        for customer in customers
        for name in dict.fromkeys((customer.id, *customer.aliases))
    )
    return AttributionTables(maps, names)


def register_attribution(
    connection: duckdb.DuckDBPyConnection,
    attribution: Attribution,
    customers: Sequence[Customer],
    forgotten: Sequence[Tombstone] = (),
) -> None:
    """Create, or replace, the temporary tables and macros that ``attribution_sql`` reads.

    Temporary objects belong to this connection: a ``cursor()`` of it does not see them.
    """
    rows = tables(attribution, customers)
    connection.execute(_text("attribution_tables.sql"))
    connection.execute(
        "INSERT INTO attribution_maps SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]),"
        " unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
        " unnest(?::DATE[]), unnest(?::DATE[])",
        [
            [each.cloud for each in rows.maps],
            [each.position for each in rows.maps],
            [each.match for each in rows.maps],
            [each.exact for each in rows.maps],
            [each.regex for each in rows.maps],
            [each.customer for each in rows.maps],
            [each.first_day for each in rows.maps],
            [each.last_day for each in rows.maps],
        ],
    )
    connection.execute(
        "INSERT INTO attribution_names SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
        " unnest(?::DATE[]), unnest(?::DATE[])",
        [
            [each.name for each in rows.names],
            [each.customer_id for each in rows.names],
            [each.first_day for each in rows.names],
            [each.last_day for each in rows.names],
        ],
    )
    digests = [(each, digest) for each in forgotten for digest in each.digests]
    connection.execute(
        "INSERT INTO attribution_forgotten SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),"
        " unnest(?::VARCHAR[])",
        [
            [digest for _, digest in digests],
            [each.salt for each, _ in digests],
            [each.customer for each, _ in digests],
        ],
    )


def attribution_sql() -> str:
    """The statement that attributes every combination of ``attribution_input``."""
    return _text("attribution.sql")


def _text(name: str) -> str:
    return files("handlers.site").joinpath(name).read_text(encoding="utf-8")
