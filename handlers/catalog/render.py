"""Renders a rule book as SQL: one SELECT of chained steps, each computed once.

Every list of rules becomes two columns: the id of the first rule that fits, then what that rule
gives. The text is the same for the same rules. Nothing from a bill is in it; rule texts are quoted
as literals of the dialect.
"""

from collections.abc import Callable, Iterable, Sequence

from handlers.catalog.dialect import Dialect
from handlers.catalog.rules import (
    Condition,
    Given,
    Rule,
    RuleBook,
    ServiceRule,
    Step,
    Subject,
    Unit,
)
from handlers.record import UNKNOWN, ServiceTier, TokenType, UsageUnit

INPUT_COLUMNS = ("service_id", "service", "sku", "description", "unit", "billing_entity")
"""What the relation of distinct SKUs has, as text; NULL counts as empty."""

OUTPUT_COLUMNS = (
    "is_ai",
    "model",
    "token_type",
    "model_developer",
    "service_tier",
    "usage_unit",
    "unit_size",
    "rule_id",
)

RULE_COLUMNS = (
    "service_rule",
    "line_rule",
    "model_rule",
    "developer_rule",
    "token_type_rule",
    "tier_rule",
    "unit_rule",
)
"""Which rule of each list decided; empty where none fits."""

_COLUMN = {
    Subject.NAME: "c_name",
    Subject.KIND: "c_kind",
    Subject.ALL: "c_all",
    Subject.SERVICE: "c_service",
    Subject.SKU: "c_sku",
    Subject.DESCRIPTION: "c_description",
    Subject.UNIT: "c_unit",
    Subject.MODEL: "c_model",
    Subject.TOKEN_TYPE: "c_token_type",
    Subject.SERVICE_RULE: "service_rule",
}


def _in(expression: str, values: Iterable[str], dialect: Dialect) -> str:
    return f"{expression} IN ({', '.join(dialect.literal(value) for value in values)})"


def _service_test(
    rule: ServiceRule, dialect: Dialect, service_id: str, service: str, entity: str
) -> str:
    tests: list[str] = []
    if rule.service_ids:
        tests.append(_in(service_id, rule.service_ids, dialect))
    if rule.names:
        tests.append(_in(service, rule.names, dialect))
    tests += [f"STRPOS({service}, {dialect.literal(word)}) > 0" for word in rule.contains]
    named = " OR ".join(tests)
    if not rule.billing_entities:
        return f"({named})"
    billed = _in(entity, rule.billing_entities, dialect)
    return f"({billed} AND ({named}))" if named else f"({billed})"


def candidate(
    book: RuleBook, service_id: str, service: str, billing_entity: str, dialect: Dialect
) -> str:
    """True for every line that can be AI; only equality and substring tests, no regular expression.

    The arguments are column expressions. A superset of the lines that ``classification`` calls AI.
    """
    columns = (("id", service_id), ("name", service), ("entity", billing_entity))
    folded = {key: f"LOWER(TRIM(COALESCE({text}, '')))" for key, text in columns}
    tests = (
        _service_test(rule, dialect, "line.id", "line.name", "line.entity")
        for rule in book.services
    )
    return dialect.test(folded, "\n  OR ".join(tests))


def _case(branches: Iterable[tuple[str, str]], other: str) -> str:
    lines = [f"    WHEN {test} THEN {value}" for test, value in branches]
    return "\n".join(["CASE", *lines, f"    ELSE {other} END"]) if lines else other


def _condition(condition: Condition, dialect: Dialect) -> str:
    column = _COLUMN[condition.subject]
    if condition.values:
        test = _in(column, condition.values, dialect)
    else:
        test = dialect.matches(column, condition.pattern)
    return f"NOT {test}" if condition.negated else test


def _first(rules: Sequence[Rule[Given]], dialect: Dialect) -> str:
    """The id of the first rule whose conditions are all met, else empty."""
    return _case(
        (
            (
                " AND ".join(_condition(c, dialect) for c in rule.conditions),
                dialect.literal(rule.id),
            )
            for rule in rules
        ),
        "''",
    )


def _given(
    column: str,
    rules: Sequence[Rule[Given]],
    dialect: Dialect,
    value: Callable[[Given], str],
    other: str,
) -> str:
    """What the rule whose id is in ``column`` gives; rules that give the same share a branch."""
    ids: dict[str, list[str]] = {}
    for rule in rules:
        ids.setdefault(value(rule.gives), []).append(rule.id)
    return _case(((_in(column, names, dialect), given) for given, names in ids.items()), other)


def _steps(column: str, steps: Sequence[Step], dialect: Dialect) -> str:
    for step in steps:
        column = dialect.replace_all(column, step.pattern, step.by)
    return column


def _join(fields: Sequence[Subject]) -> str:
    return " || '|' || ".join(_COLUMN[field] for field in fields)


def _service_rule(book: RuleBook, dialect: Dialect) -> str:
    columns = ("c_service_id", "c_service_name", "c_entity")
    return _case(
        (
            (_service_test(rule, dialect, *columns), dialect.literal(rule.id))
            for rule in book.services
        ),
        "''",
    )


def _is_ai(book: RuleBook, dialect: Dialect) -> str:
    unlisted = ["", *(rule.id for rule in book.services if not rule.all_lines)]
    other = f"NOT {_in('service_rule', unlisted, dialect)}"
    chosen = _given("line_rule", book.lines, dialect, lambda ai: str(ai).upper(), other)
    return f"service_rule <> '' AND {chosen}"


def _model(book: RuleBook, dialect: Dialect) -> str:
    """The name that the chosen rule gives, before canonical spelling."""
    branches: list[tuple[str, str]] = []
    for rule in book.models:
        name = dialect.literal(rule.gives.template)
        if rule.gives.source:
            # RE2 replaces the whole text by the template, which both engines do alike; how they
            # return a capture alone differs.
            whole = f"(?s)^.*?(?:{rule.gives.source.pattern}).*$"
            name = dialect.replace_all(
                _COLUMN[rule.gives.source.subject], whole, rule.gives.template
            )
        branches.append((f"model_rule = {dialect.literal(rule.id)}", name))
    return _case(branches, dialect.literal(UNKNOWN))


def _developer(book: RuleBook, dialect: Dialect) -> str:
    unknown = dialect.literal(UNKNOWN)
    by_name = _given("developer_rule", book.developers, dialect, dialect.literal, unknown)
    own = [rule for rule in book.models if rule.gives.developer]
    return _given("model_rule", own, dialect, lambda m: dialect.literal(m.developer), by_name)


def _unit_text(unit: Unit) -> str:
    return f"{unit.unit}:{unit.size}"


_Stage = tuple[str, dict[str, str]]
"""A step's name and the columns that it adds."""


def _text_stages(book: RuleBook, dialect: Dialect) -> list[_Stage]:
    """From the bill's texts to normalised ones."""
    fields = (Subject.SERVICE, Subject.SKU, Subject.DESCRIPTION)
    raw = " || '|' || ".join(
        f"REPLACE(COALESCE({column}, ''), '|', ' ')" for column in ("service", "sku", "description")
    )
    return [
        (
            "bill",
            {
                "c_service_id": "LOWER(TRIM(COALESCE(service_id, '')))",
                "c_service_name": "LOWER(TRIM(COALESCE(service, '')))",
                "c_entity": "LOWER(TRIM(COALESCE(billing_entity, '')))",
                "c_unit": "LOWER(TRIM(COALESCE(unit, '')))",
                "c_raw": raw,
            },
        ),
        ("split_words", {"c_lower": f"LOWER({_steps('c_raw', book.splits, dialect)})"}),
        ("normalised", {"c_text": _steps("c_lower", book.normalise, dialect)}),
        (
            "parts",
            {
                _COLUMN[field]: f"TRIM({dialect.part('c_text', n)})"
                for n, field in enumerate(fields, start=1)
            },
        ),
        (
            "texts",
            {
                "c_all": _join(fields),
                "c_kind": _join(book.kind_fields),
                "c_long_name": _join(book.name_fields),
                "service_rule": _service_rule(book, dialect),
            },
        ),
        ("named", {"c_name": f"TRIM({_steps('c_long_name', book.noise, dialect)})"}),
    ]


def _rule_stages(book: RuleBook, dialect: Dialect) -> list[_Stage]:
    """From normalised texts to what the rules give."""
    literal = dialect.literal
    unit = literal(f"{UsageUnit.UNITS}:1")
    return [
        ("lined", {"line_rule": _first(book.lines, dialect)}),
        ("told", {"is_ai": _is_ai(book, dialect), "model_rule": _first(book.models, dialect)}),
        ("spelled", {"c_spelled": _model(book, dialect)}),
        ("modelled", {"c_model": _steps("c_spelled", book.canonical, dialect)}),
        (
            "typed",
            {
                "developer_rule": _first(book.developers, dialect),
                "token_type_rule": _first(book.token_types, dialect),
            },
        ),
        (
            "told_type",
            {
                "c_developer": _developer(book, dialect),
                "c_token_type": _given(
                    "token_type_rule",
                    book.token_types,
                    dialect,
                    literal,
                    literal(TokenType.UNKNOWN),
                ),
            },
        ),
        (
            "measured",
            {
                "tier_rule": _first(book.tiers, dialect),
                "unit_rule": _first(book.units, dialect),
            },
        ),
        (
            "told_all",
            {
                "c_tier": _given(
                    "tier_rule", book.tiers, dialect, literal, literal(ServiceTier.STANDARD)
                ),
                "c_measure": _given(
                    "unit_rule", book.units, dialect, lambda u: literal(_unit_text(u)), unit
                ),
            },
        ),
    ]


def _chain(book: RuleBook, relation: str, dialect: Dialect) -> str:
    stages = [*_text_stages(book, dialect), *_rule_stages(book, dialect)]
    source, taken = relation, ", ".join(INPUT_COLUMNS)
    parts: list[str] = []
    for name, columns in stages:
        added = ",\n  ".join(f"{expression} AS {column}" for column, expression in columns.items())
        parts.append(f"{name} AS (\n  SELECT {taken},\n  {added}\n  FROM {source}\n)")
        source, taken = name, "*"
    return "WITH " + ",\n".join(parts)


def classification(book: RuleBook, relation: str, dialect: Dialect) -> str:
    """A SELECT that adds ``OUTPUT_COLUMNS`` to the rows of ``relation`` (``INPUT_COLUMNS``, text).

    All added columns but ``is_ai`` are NULL where a line is not AI; ``rule_id`` is NULL too where
    no model rule fits.
    """
    values = {
        "model": "c_model",
        "token_type": "c_token_type",
        "model_developer": "c_developer",
        "service_tier": "c_tier",
        "usage_unit": dialect.replace_all("c_measure", ":.*$", ""),
        "unit_size": f"CAST({dialect.replace_all('c_measure', '^.*:', '')} AS {dialect.size_type})",
        "rule_id": "NULLIF(model_rule, '')",
    }
    given = ",\n".join(
        f"  CASE WHEN is_ai THEN {value} END AS {name}" for name, value in values.items()
    )
    return (
        f"{_chain(book, relation, dialect)}\n"
        f"SELECT {', '.join(INPUT_COLUMNS)}, is_ai,\n{given}\nFROM told_all"
    )


def explanation(book: RuleBook, relation: str, dialect: Dialect) -> str:
    """A SELECT that adds ``RULE_COLUMNS`` to the rows of ``relation``: which rules decided."""
    return (
        f"{_chain(book, relation, dialect)}\n"
        f"SELECT {', '.join(INPUT_COLUMNS)}, {', '.join(RULE_COLUMNS)}\nFROM told_all"
    )
