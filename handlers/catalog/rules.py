"""What a rule is, once its TOML has been read and found valid.

A rule holds conditions, all of which must be met, and what it then gives. Rules of a list are
tried in order and the first that fits decides.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from handlers.record import Cloud, ServiceTier, TokenType, UsageUnit

Given = TypeVar("Given")


class Subject(StrEnum):
    """A text that a condition can be about. All are lower case and normalised (see README.md)."""

    NAME = "name"
    KIND = "kind"
    ALL = "all"
    SERVICE = "service"
    SKU = "sku"
    DESCRIPTION = "description"
    UNIT = "unit"
    MODEL = "model"
    TOKEN_TYPE = "token_type"
    SERVICE_RULE = "services"


@dataclass(frozen=True)
class Condition:
    """One test: the subject matches ``pattern`` or, when ``values`` is given, is one of them."""

    subject: Subject
    pattern: str = ""
    values: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True)
class Step:
    """A replacement of every occurrence, for putting differently written texts on one form."""

    id: str
    pattern: str
    by: str


@dataclass(frozen=True)
class ServiceRule:
    """Which bill lines can be AI at all, by cheap tests on service id or name.

    ``all_lines`` says what a line is that no line rule speaks of: AI, or not.
    """

    id: str
    service_ids: tuple[str, ...]
    names: tuple[str, ...]
    contains: tuple[str, ...]
    billing_entities: tuple[str, ...]
    all_lines: bool


@dataclass(frozen=True)
class ModelName:
    """The canonical name; backslash and number stand for what ``source`` captured."""

    template: str
    source: Condition | None
    developer: str


@dataclass(frozen=True)
class Unit:
    """``size`` is what a billed quantity of 1 is worth in ``unit``."""

    unit: UsageUnit
    size: Decimal


@dataclass(frozen=True)
class Rule(Generic[Given]):
    """An ordered rule: when all conditions are met, the answer is ``gives``."""

    id: str
    conditions: tuple[Condition, ...]
    gives: Given


@dataclass(frozen=True)
class RuleBook:
    """All rules in force for one cloud, site rules first."""

    cloud: Cloud
    name_fields: tuple[Subject, ...]
    kind_fields: tuple[Subject, ...]
    services: tuple[ServiceRule, ...] = ()
    splits: tuple[Step, ...] = ()
    normalise: tuple[Step, ...] = ()
    noise: tuple[Step, ...] = ()
    canonical: tuple[Step, ...] = ()
    lines: tuple[Rule[bool], ...] = ()
    models: tuple[Rule[ModelName], ...] = ()
    developers: tuple[Rule[str], ...] = ()
    token_types: tuple[Rule[TokenType], ...] = ()
    tiers: tuple[Rule[ServiceTier], ...] = ()
    units: tuple[Rule[Unit], ...] = ()
