"""Rules proposed for SKUs that have no name, each tried before it is shown.

A proposal is TOML in the format of the site's catalog (handlers/catalog/README.md). It is written
from the SKU's own text as the catalog normalises it, and only shown when the catalog with it names
that SKU by it. What it gives is a guess for a person to mend.
"""

import json
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import duckdb

from handlers.catalog import DUCKDB, Catalog, Classified, Sku, load_catalog
from handlers.catalog.render import INPUT_COLUMNS
from handlers.catalog.rules import Step, Subject
from handlers.queries.nameless import Kind, Nameless
from handlers.record import Cloud, TokenType

_FIELDS = (Subject.SERVICE, Subject.SKU, Subject.DESCRIPTION)
_ID_LENGTH = 48
_TOKEN_TYPES = textwrap.wrap(
    f"The type is one of: {', '.join(TokenType)}.", 96, initial_indent="# ", subsequent_indent="# "
)


@dataclass(frozen=True)
class Proposal:
    """A nameless SKU, the rules for it (TOML; none where none helps) and why there are none."""

    nameless: Nameless
    rules: Sequence[str]
    note: str


@dataclass(frozen=True)
class _Texts:
    """A SKU's fields as rules see them, and its SKU text without noise."""

    service: str
    sku: str
    description: str
    name: str
    service_rule: str
    line_rule: str


def propose(nameless: Sequence[Nameless], site_rules: Mapping[Cloud, str]) -> Sequence[Proposal]:
    """A proposal for each; ``site_rules`` are the site's own catalog files as they are now.

    Raises:
        SiteError: the site's rules are not valid.
    """
    found: dict[Nameless, Proposal] = {}
    for cloud in Cloud:
        own = [each for each in nameless if each.cloud is cloud]
        if own:
            found |= _of_cloud(cloud, own, site_rules.get(cloud))
    return [found[each] for each in nameless]


def _of_cloud(
    cloud: Cloud, nameless: Sequence[Nameless], rules: str | None
) -> dict[Nameless, Proposal]:
    catalog = load_catalog(cloud, rules)
    skus = [each.sku for each in nameless]
    today = dict(zip(skus, catalog.classify(skus), strict=True))
    drafts = _Drafts(catalog, _texts(catalog, skus), today)
    open_ones = [each for each in nameless if drafts.wanted(each)]
    texts = {each: drafts.rules(each) for each in open_ones}
    tried = "\n".join([rules or "", *dict.fromkeys(chain.from_iterable(texts.values()))])
    then = dict(zip(skus, load_catalog(cloud, tried).classify(skus), strict=True))
    return {
        each: Proposal(each, texts[each], "")
        if each in texts and _is_named(each, then[each.sku])
        else drafts.without_rule(each)
        for each in nameless
    }


def _is_named(nameless: Nameless, classified: Classified) -> bool:
    """Whether rules name it; of a whole service no more is known than that it has a model."""
    if not classified.is_ai or classified.rule_id is None:
        return False
    return nameless.kind is Kind.LEFT_OUT or classified.token_type is not TokenType.UNKNOWN


class _Drafts:
    """Writes rules for the SKUs of one cloud; every id is given once."""

    def __init__(
        self, catalog: Catalog, texts: Mapping[Sku, _Texts], today: Mapping[Sku, Classified]
    ) -> None:
        self._texts = texts
        self._today = today
        self._taken = {rule.id for rule in (*catalog.book.models, *catalog.book.token_types)}
        self._taken |= {rule.id for rule in (*catalog.book.services, *catalog.book.lines)}
        self._made: dict[tuple[str, str], str] = {}

    def wanted(self, nameless: Nameless) -> bool:
        """Whether a rule could name it that is not there yet."""
        if nameless.kind is Kind.NOT_STATED or _is_named(nameless, self._today[nameless.sku]):
            return False
        return nameless.kind is not Kind.LEFT_OUT or not self._texts[nameless.sku].line_rule

    def without_rule(self, nameless: Nameless) -> Proposal:
        """Why there is no proposal."""
        line_rule = self._texts[nameless.sku].line_rule
        if nameless.kind is Kind.NOT_STATED:
            return Proposal(nameless, (), "the bill does not say which model")
        if _is_named(nameless, self._today[nameless.sku]):
            return Proposal(nameless, (), "rules now in force name it: collect FOLDER --reclassify")
        if nameless.kind is Kind.LEFT_OUT and line_rule:
            not_ai = replace(nameless, kind=Kind.NOT_AI, rule_id=line_rule)
            return Proposal(not_ai, (), "a rule says that it is not AI")
        return Proposal(nameless, (), "no rule could be derived: write one by hand")

    def rules(self, nameless: Nameless) -> Sequence[str]:
        """Rules as TOML; SKUs whose text is the same but for its noise share theirs."""
        if nameless.kind is Kind.LEFT_OUT:
            return tuple(self._left_out(nameless))
        kinds: list[str] = []
        if self._today[nameless.sku].rule_id is None:
            kinds.append("model")
        if self._today[nameless.sku].token_type is TokenType.UNKNOWN:
            kinds.append("token_type")
        text = self._texts[nameless.sku]
        return [self._rule(kind, nameless, text.name, _condition(text)) for kind in kinds]

    def _left_out(self, nameless: Nameless) -> Iterator[str]:
        """The service as AI, or the one line of a service whose lines are listed; and a model."""
        text, sku = self._texts[nameless.sku], nameless.sku
        if text.service_rule and sku.sku:
            where = {"services": [text.service_rule], **_condition(text)}
            yield self._rule("line", nameless, text.name, where)
            yield self._rule("model_last", nameless, text.name, where)
            return
        named = (
            {"names": [sku.service.strip().lower()]}
            if sku.service.strip()
            else {"service_ids": [sku.service_id.strip().lower()]}
        )
        name = text.service or sku.service_id.lower()
        service = self._rule("service", nameless, name, named)
        yield service
        where = {"services": [tomllib.loads(service)["service"][0]["id"]]}
        yield self._rule("model_last", nameless, name, where)

    def _rule(self, kind: str, nameless: Nameless, name: str, where: Mapping[str, object]) -> str:
        """One rule; the same for the same kind and conditions."""
        key = (kind, repr(where))
        if key not in self._made:
            gives: Mapping[str, Mapping[str, object]] = {
                "model": {"gives": _slug(name)},
                "model_last": {"gives": _slug(name)},
                "token_type": {"gives": TokenType.OTHER},
                "service": {"lines": "all"},
                "line": {"ai": True},
            }
            rule = {"id": self._id(kind, name), "evidence": _evidence(nameless), **where}
            self._made[key] = _toml(kind, {**rule, **gives[kind]})
        return self._made[key]

    def _id(self, kind: str, name: str) -> str:
        """An id that no other rule has."""
        ending = {"model": "", "model_last": "-model"}.get(kind, f"-{kind.replace('_', '-')}")
        wanted = f"site-{_slug(name)}"[:_ID_LENGTH].rstrip("-.") + ending
        chosen, number = wanted, 1
        while chosen in self._taken:
            number += 1
            chosen = f"{wanted}-{number}"
        self._taken.add(chosen)
        return chosen


def _evidence(nameless: Nameless) -> str:
    sku = nameless.sku
    text = "; ".join(filter(None, (sku.service, sku.sku, sku.description)))
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _condition(text: _Texts) -> dict[str, object]:
    """The SKU's text without noise where it stands in one piece, else all of its text.

    Never an empty text: every line without one would fit.
    """
    piece = rf"\b{_quoted(text.name)}\b"
    if text.name and re.search(piece, text.sku):
        return {"sku": piece}
    for field, whole in (("sku", text.sku), ("description", text.description)):
        if whole:
            return {field: f"^{_quoted(whole)}$"}
    return {"service": f"^{_quoted(text.service)}$"}


def _quoted(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text).strip("-.") or "unnamed"


def _toml(kind: str, keys: Mapping[str, object]) -> str:
    """A rule; regular expressions as literals, so that a backslash is a backslash."""
    lines = [f"[[{kind}]]"]
    for key, value in keys.items():
        literal = key in set(_FIELDS) and "'" not in str(value)
        text = f"'{value}'" if literal else json.dumps(value, ensure_ascii=False)
        lines += [*(_TOKEN_TYPES if value is TokenType.OTHER else ()), f"{key} = {text}"]
    return "\n".join(lines) + "\n"


def _texts(catalog: Catalog, skus: Sequence[Sku]) -> dict[Sku, _Texts]:
    """Each SKU's fields, normalised by the catalog's own steps."""
    book = catalog.book
    raw = " || '|' || ".join(f"replace({name}, '|', ' ')" for name in _FIELDS)
    normal = _stepped(f"lower({_stepped(raw, book.splits)})", book.normalise)
    parts = {field: f"trim({DUCKDB.part('normal', n)})" for n, field in enumerate(_FIELDS, 1)}
    name = f"trim({_stepped(parts[Subject.SKU], book.noise)})"
    distinct = list(dict.fromkeys(skus))
    columns = [[getattr(sku, column) for sku in distinct] for column in INPUT_COLUMNS]
    unnest = ", ".join(
        f"UNNEST(${n}::VARCHAR[]) AS {column}" for n, column in enumerate(INPUT_COLUMNS, start=1)
    )
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE skus AS SELECT {unnest}", columns)
        rows = connection.execute(
            f"SELECT {', '.join(INPUT_COLUMNS)}, {', '.join(parts.values())}, {name},"
            " service_rule, line_rule"
            f" FROM (SELECT *, {normal} AS normal FROM ({catalog.explain_sql('skus')}))"
        ).fetchall()
    width = len(INPUT_COLUMNS)
    return {Sku(*row[:width]): _Texts(*row[width:]) for row in rows}


def _stepped(expression: str, steps: Sequence[Step]) -> str:
    for step in steps:
        expression = DUCKDB.replace_all(expression, step.pattern, step.by)
    return expression
