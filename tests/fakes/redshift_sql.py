"""Redshift's SQL for PostgreSQL: what Redshift refuses is refused, what PostgreSQL lacks is put in.

sqlglot reads the statement as Redshift's and writes it as PostgreSQL's. What both engines take and
understand in the same way is left as it is.
"""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

_REFUSED_NODES: dict[type[exp.Expr], str] = {
    exp.OnConflict: "ON CONFLICT",
    exp.Returning: "RETURNING",
    exp.Filter: "FILTER",
    exp.Lateral: "LATERAL",
}

_REFUSED_FUNCTIONS = frozenset(
    {"AGE", "ARRAY_AGG", "CLOCK_TIMESTAMP", "GENERATE_SERIES", "GEN_RANDOM_UUID", "JSONB_AGG",
     "MAKE_DATE", "NOW", "REGEXP_MATCHES", "STRING_AGG", "TO_JSON", "UNNEST"}
)  # fmt: skip
"""PostgreSQL's, which Redshift has not, or on its leader node only:
https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-functions.html"""

_LOCK = re.compile(r"LOCK (TABLE )?[a-z_]+\.[a-z_]+", re.ASCII)
_S3 = r"'s3://(?P<bucket>[^/']+)/(?P<key>[^']+)'"
_ROLE = r"IAM_ROLE 'arn:aws:iam::\d{12}:role/[^']+'"
_COPY = re.compile(rf"COPY (?P<table>[a-z0-9_.]+) FROM {_S3} {_ROLE} FORMAT AS PARQUET")
_UNLOAD = re.compile(
    rf"UNLOAD \('(?P<query>(?:[^']|'')*)'\) TO {_S3} {_ROLE} FORMAT AS PARQUET PARALLEL OFF"
)
_LARGEST_VARCHAR = 65_535


class Refused(Exception):
    """Redshift does not take this statement."""


@dataclass(frozen=True)
class Copy:
    """COPY: into this table, what lies under the prefix."""

    table: str
    bucket: str
    prefix: str


@dataclass(frozen=True)
class Unload:
    """UNLOAD: what the query gives, under the prefix."""

    query: str
    bucket: str
    prefix: str


@dataclass(frozen=True)
class Plain:
    """A statement for PostgreSQL, values as ``%(name)s``."""

    sql: str


def read(statement: str) -> Copy | Unload | Plain:
    """What the statement is.

    Raises:
        Refused: Redshift refuses it.
    """
    text = statement.strip()
    if match := _COPY.fullmatch(text):
        return Copy(match["table"], match["bucket"], match["key"])
    if match := _UNLOAD.fullmatch(text):
        query = read(match["query"].replace("''", "'"))
        if not isinstance(query, Plain):
            raise Refused("UNLOAD takes a SELECT")
        return Unload(query.sql, match["bucket"], match["key"])
    if text.upper().startswith(("COPY ", "UNLOAD ")):
        raise Refused(f"syntax error in {text[:200]}")
    if _LOCK.fullmatch(text):
        return Plain(text)
    return Plain(_understood(text))


# Reading takes 50 milliseconds, and every test's warehouse is made by the same statements.
@lru_cache(maxsize=2000)
def _understood(text: str) -> str:
    return _translated(_parsed(text))


def _parsed(text: str) -> exp.Expr:
    try:
        statements = sqlglot.parse(text, read="redshift")
    except sqlglot.ParseError as error:
        raise Refused(f"syntax error: {error}") from None
    if len(statements) != 1 or statements[0] is None:
        raise Refused(f"{len(statements)} statements where one is allowed")
    tree = statements[0]
    if isinstance(tree, exp.Command):
        raise Refused(f"not known here: {text[:80]}")
    _refuse(tree, text)
    return tree


def _refuse(tree: exp.Expr, text: str) -> None:
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "INDEX":
        raise Refused("CREATE INDEX is not supported")
    for kind, name in _REFUSED_NODES.items():
        if tree.find(kind):
            raise Refused(f"{name} is not supported")
    if any(distinct.args.get("on") for distinct in tree.find_all(exp.Distinct)):
        raise Refused("DISTINCT ON is not supported")
    tokens = sqlglot.tokenize(text, read="redshift")
    for token, following in itertools.pairwise(tokens):
        if following.text == "(" and token.text.upper() in _REFUSED_FUNCTIONS:
            raise Refused(f"function {token.text.lower()} does not exist")
    for cast in tree.find_all(exp.Cast):
        if cast.to.is_type("varchar", "text") and not cast.to.expressions:
            raise Refused("a VARCHAR without a length cuts at 256 bytes: not what anyone means")
    if isinstance(tree, exp.Create) and tree.expression and tree.find(exp.Placeholder):
        raise Refused("CREATE TABLE AS binds nothing")


def _translated(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema):
        tree.set("properties", _kept(tree))
        for column in tree.this.find_all(exp.ColumnDef):
            _count_bytes(column)
    # PostgreSQL binds every view when it is made.
    tree.set("no_schema_binding", None)
    return tree.sql(dialect="postgres")


def _kept(tree: exp.Create) -> exp.Properties | None:
    """What PostgreSQL knows of how a table is to be: that it is temporary."""
    found: exp.Properties | None = tree.args.get("properties")
    listed: list[exp.Expr] = found.expressions if found else []
    kept = [each for each in listed if isinstance(each, exp.TemporaryProperty)]
    return exp.Properties(expressions=kept) if kept else None


def _count_bytes(column: exp.ColumnDef) -> None:
    """VARCHAR(n) holds n bytes in Redshift and n characters in PostgreSQL."""
    kind = column.args["kind"]
    if not kind.is_type("varchar"):
        return
    if not kind.expressions or int(kind.expressions[0].name) > _LARGEST_VARCHAR:
        raise Refused("a VARCHAR of this length is not supported")
    check = sqlglot.parse_one(
        f'octet_length("{column.name}") <= {kind.expressions[0].name}', read="postgres"
    )
    column.append("constraints", exp.ColumnConstraint(kind=exp.CheckColumnConstraint(this=check)))
