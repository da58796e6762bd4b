"""The catalog: which bill lines are AI, which model, token type, developer, tier and unit.

Rules are data (``aws.toml``, ``azure.toml``, ``gcp.toml``, and ``models.toml`` for what all clouds
share). Callers classify distinct SKUs once and join; see ``README.md`` beside the rules.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from importlib import resources
from typing import cast

import duckdb

from handlers.catalog.dialect import DUCKDB, Dialect
from handlers.catalog.parse import Source, parse_rules
from handlers.catalog.render import (
    INPUT_COLUMNS,
    OUTPUT_COLUMNS,
    candidate,
    classification,
    explanation,
)
from handlers.catalog.rules import RuleBook
from handlers.record import Cloud, ServiceTier, TokenType, UsageUnit

FILES = {Cloud.AWS: "aws.toml", Cloud.AZURE: "azure.toml", Cloud.GCP: "gcp.toml"}
SHARED = "models.toml"
LEFT_OUT = "left_out.toml"


@dataclass(frozen=True)
class Sku:
    """What a bill says about what was bought; empty where it says nothing."""

    service_id: str = ""
    service: str = ""
    sku: str = ""
    description: str = ""
    unit: str = ""
    billing_entity: str = ""


@dataclass(frozen=True)
class Classified:
    """What the rules made of it; everything is None where the line is not AI.

    ``unit_size``: usage in ``usage_unit`` = billed quantity times ``unit_size``. ``rule_id`` is
    None where no model rule fits (the model is then ``unknown``), which differs from a rule saying
    that the bill does not state the model.
    """

    sku: Sku
    is_ai: bool
    model: str | None = None
    token_type: TokenType | None = None
    model_developer: str | None = None
    service_tier: ServiceTier | None = None
    usage_unit: UsageUnit | None = None
    unit_size: Decimal | None = None
    rule_id: str | None = None


@dataclass(frozen=True)
class Catalog:
    """The rules in force for one cloud, as SQL.

    ``digest`` is the SHA-256 (hex) of all rules in force: it changes when a rule does, not when a
    comment or an ``evidence`` does.
    """

    book: RuleBook
    digest: str

    def candidate_sql(
        self, service_id: str, service: str, billing_entity: str, dialect: Dialect = DUCKDB
    ) -> str:
        """Predicate over column expressions, cheap enough for every bill line.

        True for a superset of the lines that ``classify_sql`` calls AI.
        """
        return candidate(self.book, service_id, service, billing_entity, dialect)

    def classify_sql(self, relation: str, dialect: Dialect = DUCKDB) -> str:
        """A SELECT over ``relation``, distinct SKUs with the text columns of ``Sku``.

        It returns those columns unchanged plus ``is_ai``, ``model``, ``token_type``,
        ``model_developer``, ``service_tier``, ``usage_unit``, ``unit_size`` (exact decimal) and
        ``rule_id``, as in ``Classified``. NULL counts as empty.
        """
        return classification(self.book, relation, dialect)

    def explain_sql(self, relation: str, dialect: Dialect = DUCKDB) -> str:
        """A SELECT over the same ``relation`` that says which rule of each list decided.

        It returns the text columns plus ``service_rule``, ``line_rule``, ``model_rule``,
        ``developer_rule``, ``token_type_rule``, ``tier_rule`` and ``unit_rule``: ids, empty where
        no rule fits. For people who write rules.
        """
        return explanation(self.book, relation, dialect)

    def classify(self, skus: Sequence[Sku]) -> list[Classified]:
        """The same in memory, in the order given."""
        distinct = list(dict.fromkeys(skus))
        columns = [[getattr(sku, name) for sku in distinct] for name in INPUT_COLUMNS]
        unnest = ", ".join(
            f"UNNEST(${n}::VARCHAR[]) AS {name}" for n, name in enumerate(INPUT_COLUMNS, start=1)
        )
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE skus AS SELECT {unnest}", columns)
            rows = connection.execute(self.classify_sql("skus")).fetchall()
        found = {classified.sku: classified for classified in map(_classified, rows)}
        return [found[sku] for sku in skus]


def _classified(row: tuple[object, ...]) -> Classified:
    texts = cast("tuple[str, ...]", row[: len(INPUT_COLUMNS)])
    values = dict(zip(OUTPUT_COLUMNS, row[len(INPUT_COLUMNS) :], strict=True))
    sku = Sku(*texts)
    if not values["is_ai"]:
        return Classified(sku, is_ai=False)
    return Classified(
        sku=sku,
        is_ai=True,
        model=str(values["model"]),
        token_type=TokenType(str(values["token_type"])),
        model_developer=str(values["model_developer"]),
        service_tier=ServiceTier(str(values["service_tier"])),
        usage_unit=UsageUnit(str(values["usage_unit"])),
        unit_size=cast("Decimal", values["unit_size"]),
        rule_id=cast("str | None", values["rule_id"]),
    )


def _resource(name: str) -> str:
    return resources.files("handlers.catalog").joinpath(name).read_text(encoding="utf-8")


def load_catalog(cloud: Cloud, site_rules: str | None = None) -> Catalog:
    """The shipped rules of ``cloud``, with the site's own (TOML text, same format) tried first.

    Raises:
        SiteError: the rules are not valid; the message lists every problem, where it is, what is
            allowed and what to do.
    """
    name = FILES[cloud]
    sources = [Source(name, _resource(name)), Source(SHARED, _resource(SHARED))]
    if site_rules is not None:
        sources.insert(0, Source(f"site catalog/{name}", site_rules))
    book = parse_rules(cloud, sources)
    return Catalog(book, _digest(book))


def _digest(book: RuleBook) -> str:
    # Dataclasses, enums and decimals have a stable repr; only rules are in it.
    text = "\n".join(f"{item.name}={getattr(book, item.name)!r}" for item in fields(book))
    return hashlib.sha256(text.encode()).hexdigest()


def looks_like_ai_sql(text_expression: str, dialect: Dialect = DUCKDB) -> str:
    """Predicate for the text of services that are left out: does it look like AI?

    For the list of what the catalog may be missing, so it prefers a false alarm to silence. The
    words are data, in ``left_out.toml``.
    """
    words = cast("list[str]", tomllib.loads(_resource(LEFT_OUT))["words"])
    pattern = r"(?i)\b(?:" + "|".join(words) + r")\b"
    return dialect.matches(f"COALESCE({text_expression}, '')", pattern)
