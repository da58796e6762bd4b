"""The only place where the SQL of one engine differs from that of another.

Both engines match with RE2, so a rule means the same in each; see
https://github.com/google/re2/wiki/Syntax for what a regular expression may hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handlers.quoting import literal


@dataclass(frozen=True)
class Dialect:
    """How an engine writes the few things that the rules need.

    ``replace_all`` replaces every occurrence and writes a captured group in the replacement
    as a backslash and its number;
    ``matches`` is true when the pattern is found anywhere; ``part`` takes the n-th field (from 1)
    of a text separated by ``|``; ``test`` is a condition on ``line.<name>`` for texts by name, each
    of which is computed once.
    """

    name: str
    literal: Callable[[str], str]
    matches: Callable[[str, str], str]
    replace_all: Callable[[str, str, str], str]
    part: Callable[[str, int], str]
    test: Callable[[Mapping[str, str], str], str]
    text_type: str
    size_type: str


def _bigquery_literal(text: str) -> str:
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}
    return "'" + text.translate(str.maketrans(escapes)) + "'"


def _duckdb_test(texts: Mapping[str, str], condition: str) -> str:
    # The list of one holds the texts: the engine does not share what it computes for one part of
    # the condition with the next.
    held = ", ".join(f"'{name}': {text}" for name, text in texts.items())
    return f"list_transform([{{{held}}}], lambda line: {condition})[1]"


def _bigquery_test(texts: Mapping[str, str], condition: str) -> str:
    held = ", ".join(f"{text} AS {name}" for name, text in texts.items())
    return f"(SELECT {condition} FROM UNNEST([STRUCT({held})]) AS line)"


DUCKDB = Dialect(
    name="duckdb",
    literal=literal,
    matches=lambda text, pattern: f"regexp_matches({text}, {literal(pattern)})",
    replace_all=lambda text, pattern, by: (
        f"regexp_replace({text}, {literal(pattern)}, {literal(by)}, 'g')"
    ),
    part=lambda text, n: f"split_part({text}, '|', {n})",
    test=_duckdb_test,
    text_type="VARCHAR",
    size_type="DECIMAL(38, 9)",
)

BIGQUERY = Dialect(
    name="bigquery",
    literal=_bigquery_literal,
    matches=lambda text, pattern: f"REGEXP_CONTAINS({text}, {_bigquery_literal(pattern)})",
    replace_all=lambda text, pattern, by: (
        f"REGEXP_REPLACE({text}, {_bigquery_literal(pattern)}, {_bigquery_literal(by)})"
    ),
    part=lambda text, n: f"SPLIT({text}, '|')[SAFE_ORDINAL({n})]",
    test=_bigquery_test,
    text_type="STRING",
    size_type="NUMERIC",
)
