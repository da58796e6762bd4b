"""Reads rule files (TOML) into a rule book and says everything that is wrong with them at once."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar, cast

import duckdb

from handlers.catalog.rules import (
    Condition,
    Given,
    ModelName,
    Rule,
    RuleBook,
    ServiceRule,
    Step,
    Subject,
    Unit,
)
from handlers.errors import SiteError
from handlers.record import Cloud, ServiceTier, TokenType, UsageUnit

ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
"""Ids go into a column of 60 characters."""

NOT_RE2 = re.compile(r"\(\?(?:=|!|<=|<!|>|\()|\\[1-9]|[*+?}]\+")
"""Look-around, back-references, atomic groups and possessive quantifiers."""

CONDITIONS = ("match", "not", "on", *(subject.value for subject in Subject))
LISTS = (
    "service",
    "split",
    "normalise",
    "noise",
    "canonical",
    "line",
    "model",
    "model_last",
    "developer",
    "token_type",
    "tier",
    "unit",
)
VALUE_SUBJECTS = (Subject.TOKEN_TYPE, Subject.SERVICE_RULE)
"""Subjects with few possible values: a condition lists them, no regular expression."""

BILL = (
    Subject.ALL,
    Subject.NAME,
    Subject.KIND,
    Subject.SERVICE,
    Subject.SKU,
    Subject.DESCRIPTION,
    Subject.UNIT,
    Subject.SERVICE_RULE,
)
SUBJECTS: Mapping[str, tuple[Subject, ...]] = {
    "line": BILL,
    "model": BILL,
    "model_last": BILL,
    "developer": (Subject.MODEL,),
    "token_type": (*BILL, Subject.MODEL),
    "tier": (*BILL, Subject.MODEL, Subject.TOKEN_TYPE),
    "unit": (*BILL, Subject.MODEL, Subject.TOKEN_TYPE),
}
"""What a condition of each list may be about: only what is known when the list is tried."""

DEFAULT_SUBJECT: Mapping[str, Subject] = {
    "line": Subject.ALL,
    "model": Subject.NAME,
    "model_last": Subject.NAME,
    "developer": Subject.MODEL,
    "token_type": Subject.KIND,
    "tier": Subject.KIND,
    "unit": Subject.KIND,
}

FIELDS = (Subject.SERVICE, Subject.SKU, Subject.DESCRIPTION)
"""The fields of a bill line that hold text about what was bought."""

Table = Mapping[str, object]
Value = TypeVar("Value", bound=str)


@dataclass(frozen=True)
class Source:
    """A rule file: its name for messages, and its text."""

    name: str
    text: str


@dataclass
class _Problems:
    """Collects what is wrong, so that a reader mends a file in one go."""

    found: list[str] = field(default_factory=list[str])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    patterns: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Where, under which key, and the regular expression: what is still to be shown to RE2."""

    def add(self, where: str, what: str) -> None:
        self.found.append(f"{where}: {what}")

    def identify(self, where: str, rule_id: str) -> None:
        if not ID.fullmatch(rule_id):
            self.add(
                where,
                f"id '{rule_id}' is not allowed. Use at most 60 of a-z, 0-9, '-' and '.'.",
            )
        elif rule_id in self.ids:
            self.add(
                where,
                f"id '{rule_id}' is already taken in {self.ids[rule_id]}. Choose another; site"
                " rules are tried first anyway.",
            )
        self.ids.setdefault(rule_id, where)

    def groups(self, where: str, key: str, pattern: str) -> int:
        """Number of capture groups; a pattern that RE2 refuses is noted and has none."""
        if banned := NOT_RE2.search(pattern):
            self.add(
                where,
                f"{key} = '{pattern}' uses '{banned.group()}', which RE2 does not have (no"
                " look-around, back-reference or possessive repetition). Use 'not' for an"
                " exception, or a rule of its own placed before this one.",
            )
            return 0
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            self._refuse(where, key, pattern, error)
            return 0
        self.patterns.append((where, key, pattern))
        return groups

    def compile_patterns(self) -> None:
        """Note the patterns that RE2 refuses: all at once, and one by one only if one is."""
        with duckdb.connect() as engine:
            try:
                self._compile(engine, [pattern for _, _, pattern in self.patterns])
            except duckdb.Error:
                for where, key, pattern in self.patterns:
                    try:
                        self._compile(engine, [pattern])
                    except duckdb.Error as error:
                        self._refuse(where, key, pattern, error)

    @staticmethod
    def _compile(engine: duckdb.DuckDBPyConnection, patterns: Sequence[str]) -> None:
        engine.execute(
            "SELECT count(regexp_matches('', pattern)) FROM (SELECT UNNEST(?) AS pattern)",
            [patterns],
        ).fetchall()

    def _refuse(self, where: str, key: str, pattern: str, error: Exception) -> None:
        self.add(
            where,
            f"{key} = '{pattern}' is not a regular expression: {str(error).splitlines()[0]}."
            " See https://github.com/google/re2/wiki/Syntax.",
        )


class _Entry:
    """One table of a list, e.g. the third ``[[model]]`` of a file, read key by key."""

    def __init__(self, problems: _Problems, file: str, kind: str, number: int, raw: Table) -> None:
        self.raw = raw
        self.kind = kind
        self.problems = problems
        name = raw.get("id", f"number {number}")
        self.where = f"{file}, [[{kind}]] {name}"
        self.used: set[str] = {"id"}
        self.id = self.text("id")
        problems.identify(self.where, self.id)
        self.text("evidence")

    def add(self, what: str) -> None:
        self.problems.add(self.where, what)

    def text(self, key: str, default: str | None = None) -> str:
        self.used.add(key)
        value = self.raw.get(key, default)
        if isinstance(value, str) and (value or default is not None or key == "by"):
            return value
        self.add(f"'{key}' is missing or not a text. Write {key} = '...'.")
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        self.used.add(key)
        value = self.raw.get(key, [])
        items: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
        if all(isinstance(item, str) for item in items):
            return tuple(str(item).lower() for item in items)
        self.add(f"'{key}' is not a list of texts. Write {key} = ['...', '...'].")
        return ()

    def choice(self, key: str, allowed: Sequence[Value]) -> Value:
        value = self.text(key)
        for candidate in allowed:
            if candidate == value:
                return candidate
        self.add(f"{key} = '{value}' is not known. Allowed: {', '.join(allowed)}.")
        return allowed[0]

    def truth(self, key: str) -> bool:
        self.used.add(key)
        value = self.raw.get(key)
        if isinstance(value, bool):
            return value
        self.add(f"'{key}' is missing. Write {key} = true or {key} = false.")
        return False

    def pattern(self, key: str) -> tuple[str, int]:
        pattern = self.text(key)
        return pattern, self.problems.groups(self.where, key, pattern)

    def conditions(self) -> tuple[Condition, ...]:
        """All tests of this rule, the one on the list's own subject first."""
        allowed = SUBJECTS[self.kind]
        own = DEFAULT_SUBJECT[self.kind]
        if "on" in self.raw:
            own = self.choice("on", [s for s in allowed if s not in VALUE_SUBJECTS])
        found: list[Condition] = []
        for key, negated in (("match", False), ("not", True)):
            if key in self.raw:
                found.append(Condition(own, self.pattern(key)[0], negated=negated))
        for subject in allowed:
            if subject.value in self.raw:
                found.append(self.condition(subject))
        if not found:
            self.add(
                f"it has no condition. Give one of: match, not, {', '.join(map(str, allowed))}."
            )
        return tuple(found)

    def condition(self, subject: Subject) -> Condition:
        if subject not in VALUE_SUBJECTS:
            return Condition(subject, self.pattern(subject.value)[0])
        values = self.texts(subject.value)
        if subject is Subject.TOKEN_TYPE:
            for value in values:
                if value not in set(TokenType):
                    self.add(f"token_type '{value}' is not known. Allowed: {', '.join(TokenType)}.")
        return Condition(subject, values=values)

    def replacement(self, key: str, groups: int) -> str:
        """A text with ``{1}`` for the first capture, written as RE2 takes it."""
        text = self.text(key, "")
        for number in re.findall(r"\{(\d+)\}", text):
            if not 1 <= int(number) <= groups:
                self.add(
                    f"{key} = '{text}' uses {{{number}}}, but the pattern captures {groups}"
                    " group(s). Put the part to capture in (...)."
                )
        return re.sub(r"\{(\d+)\}", r"\\\1", text.replace("\\", ""))

    def finish(self) -> None:
        if unknown := sorted(set(self.raw) - self.used):
            self.add(
                f"unknown key(s) {', '.join(unknown)}. Allowed: {', '.join(sorted(self.used))}."
            )


def _service(entry: _Entry) -> ServiceRule:
    rule = ServiceRule(
        id=entry.id,
        service_ids=entry.texts("service_ids"),
        names=entry.texts("names"),
        contains=entry.texts("contains"),
        billing_entities=entry.texts("billing_entities"),
        all_lines=entry.choice("lines", ("all", "listed")) == "all",
    )
    if not (rule.service_ids or rule.names or rule.contains or rule.billing_entities):
        entry.add("it has no condition. Give service_ids, names, contains or billing_entities.")
    return rule


def _step(entry: _Entry) -> Step:
    pattern, groups = entry.pattern("match")
    return Step(entry.id, pattern, entry.replacement("by", groups))


def _model(entry: _Entry) -> ModelName:
    source = DEFAULT_SUBJECT["model"]
    if "on" in entry.raw:
        source = Subject(entry.text("on")) if entry.raw["on"] in set(Subject) else source
    pattern = str(entry.raw.get("match", ""))
    try:
        groups = re.compile(pattern).groups
    except re.error:
        groups = 9
    template = entry.replacement("gives", groups)
    if not template:
        entry.add("'gives' is missing. Write the model's canonical name, {1} for what is captured.")
    return ModelName(
        template=template,
        source=Condition(source, pattern) if "\\" in template else None,
        developer=entry.text("developer", "") if "developer" in entry.raw else "",
    )


def _unit(entry: _Entry) -> Unit:
    unit = entry.choice("usage_unit", list(UsageUnit))
    entry.used.add("size")
    size = entry.raw.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        entry.add("'size' is missing or not a whole number of at least 1. Write size = 1000.")
        size = 1
    return Unit(unit, Decimal(size))


def _rule(entry: _Entry, gives: Given) -> Rule[Given]:
    entry.used.update(CONDITIONS)
    allowed = {"match", "not", "on", *SUBJECTS[entry.kind], "id", "evidence"}
    for key in sorted((set(entry.raw) & set(CONDITIONS)) - allowed):
        entry.add(f"a rule of [[{entry.kind}]] can't look at '{key}'. Remove it.")
    return Rule(entry.id, entry.conditions(), gives)


def _tables(problems: _Problems, source: Source, top: Table) -> Iterator[tuple[str, _Entry]]:
    for kind, tables in top.items():
        if kind == "subject":
            continue
        rules = cast("list[object]", tables) if isinstance(tables, list) else []
        if kind not in LISTS or not all(isinstance(raw, dict) for raw in rules) or not rules:
            problems.add(
                source.name,
                f"'{kind}' is not a list of rules. Allowed: [[{']], [['.join(LISTS)}]].",
            )
            continue
        for number, raw in enumerate(rules, start=1):
            yield kind, _Entry(problems, source.name, kind, number, cast("Table", raw))


def _subjects(problems: _Problems, source: Source, top: Table) -> dict[str, tuple[Subject, ...]]:
    """The fields that ``name`` and ``kind`` are made of, where the file says so."""
    allowed = {field.value: field for field in FIELDS}
    found: dict[str, tuple[Subject, ...]] = {}
    settings = top.get("subject", {})
    if not isinstance(settings, dict):
        problems.add(source.name, "'subject' is not a table. Write [subject].")
        return found
    for key, fields in cast("Mapping[str, object]", settings).items():
        names = cast("list[object]", fields) if isinstance(fields, list) else [fields]
        if key not in ("name", "kind") or not all(name in allowed for name in map(str, names)):
            problems.add(
                f"{source.name}, [subject]",
                f"{key} = {fields} is not allowed. Write name or kind = a list of"
                f" {', '.join(allowed)}.",
            )
            continue
        found[key] = tuple(allowed[str(name)] for name in names)
    return found


def _read(problems: _Problems, source: Source) -> Table:
    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        problems.add(source.name, f"is not TOML: {error}. See https://toml.io.")
        return {}


_READERS: Mapping[str, Callable[[_Entry], object]] = {
    "service": _service,
    "split": _step,
    "normalise": _step,
    "noise": _step,
    "canonical": _step,
    "line": lambda entry: _rule(entry, entry.truth("ai")),
    "model": lambda entry: _rule(entry, _model(entry)),
    "model_last": lambda entry: _rule(entry, _model(entry)),
    "developer": lambda entry: _rule(entry, entry.text("gives")),
    "token_type": lambda entry: _rule(entry, entry.choice("gives", list(TokenType))),
    "tier": lambda entry: _rule(entry, entry.choice("gives", list(ServiceTier))),
    "unit": lambda entry: _rule(entry, _unit(entry)),
}


def parse_rules(cloud: Cloud, sources: Sequence[Source]) -> RuleBook:
    """The rule book of ``sources``, whose rules are tried in the order of the files.

    Raises:
        SiteError: one message with everything that is wrong: file, rule, what was found, what is
            allowed and how to mend it.
    """
    problems = _Problems()
    lists: dict[str, list[object]] = {kind: [] for kind in LISTS}
    subject: dict[str, tuple[Subject, ...]] = {}
    for source in sources:
        top = _read(problems, source)
        subject = {**_subjects(problems, source, top), **subject}
        for kind, entry in _tables(problems, source, top):
            lists[kind].append(_READERS[kind](entry))
            entry.finish()
    problems.compile_patterns()
    if problems.found:
        raise SiteError("The catalog's rules are not valid.\n- " + "\n- ".join(problems.found))
    return RuleBook(
        cloud=cloud,
        name_fields=subject.get("name", FIELDS),
        kind_fields=subject.get("kind", FIELDS),
        services=tuple(cast("list[ServiceRule]", lists["service"])),
        splits=tuple(cast("list[Step]", lists["split"])),
        normalise=tuple(cast("list[Step]", lists["normalise"])),
        noise=tuple(cast("list[Step]", lists["noise"])),
        canonical=tuple(cast("list[Step]", lists["canonical"])),
        lines=tuple(cast("list[Rule[bool]]", lists["line"])),
        models=tuple(cast("list[Rule[ModelName]]", [*lists["model"], *lists["model_last"]])),
        developers=tuple(cast("list[Rule[str]]", lists["developer"])),
        token_types=tuple(cast("list[Rule[TokenType]]", lists["token_type"])),
        tiers=tuple(cast("list[Rule[ServiceTier]]", lists["tier"])),
        units=tuple(cast("list[Rule[Unit]]", lists["unit"])),
    )
