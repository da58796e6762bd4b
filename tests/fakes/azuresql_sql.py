"""T-SQL for the fake: what the server refuses is refused, the rest becomes DuckDB's SQL.

Read by sqlglot, which takes nearly everything for T-SQL; so what DuckDB understands and the server
does not is looked for here, by tokens and by the parsed statement.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.tokenizer_core import Token, TokenType

Columns = Mapping[str, frozenset[str]]
"""The columns of each table, by ``schema.table``."""
Tables = frozenset[tuple[str, frozenset[str]]]
"""The same, so that what was read once need not be read again."""

Tree: TypeAlias = Any
"""A part of a statement as sqlglot has it, whose types do not say all that is asked of it."""

NOW = "the time now"

MOST_VALUES = 2100
"""https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server"""

NOT_TSQL = {
    "LIMIT", "USING", "QUALIFY", "ILIKE", "TRUE", "FALSE", "INTERVAL", "NULLS", "EXCLUDE",
    "RETURNING", "BOOLEAN", "IF",
}  # fmt: skip
"""Words of other dialects, where they are not names."""
NOT_SIGNS = {TokenType.DCOLON: "::", TokenType.DPIPE: "||", TokenType.ARROW: "->"}
RESERVED = {
    "KEY", "RULE", "USER", "PLAN", "PERCENT", "FILE", "INDEX", "NATIONAL", "OPTION", "PUBLIC",
    "READ", "SCHEMA", "STATISTICS", "TABLE", "TOP", "VIEW", "CURRENT", "DATABASE", "DESC",
}  # fmt: skip
"""Of the reserved words those that could be names here:
https://learn.microsoft.com/sql/t-sql/language-elements/reserved-keywords-transact-sql"""
FUNCTIONS = {
    "CASE", "CAST", "COALESCE", "CONCAT", "COUNT", "MAX", "MIN", "NULLIF", "ROW_NUMBER", "SUM",
    "SYSUTCDATETIME", "DATEADD", "DATEDIFF", "AND", "OR", "NOT", "IF",
}  # fmt: skip
"""What statements of ours may call; others are looked up when they are needed."""
NAMES = {"DATE_ADD": "DATEADD", "DATE_DIFF": "DATEDIFF", "TIME_STR_TO_TIME": "DATEDIFF"}
"""What sqlglot makes of some of them. Under its own names the server does not know them."""


class Refused(Exception):
    """The server's answer to a statement that it does not take: its number and text."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"{text}")
        self.number = number


@dataclass(frozen=True)
class Translated:
    """A statement in DuckDB's words, what it changes and what it reads."""

    sql: str
    writes: tuple[str, str, frozenset[str]] | None
    """The right, the table and, of an UPDATE, the columns."""
    reads: frozenset[str]
    holes: int
    """How many values it binds."""


@cache
def translate(sql: str, tables: Tables) -> Translated:
    """A SELECT, INSERT, DELETE or UPDATE; ``NOW`` stands for the server's time.

    Raises:
        Refused: the server would not take it.
    """
    columns = dict(tables)
    _refuse_words(sql)
    parsed = sqlglot.parse(sql, read="tsql")
    if len(parsed) != 1 or not isinstance(
        parsed[0], exp.Select | exp.Insert | exp.Delete | exp.Update
    ):
        raise Refused(102, f"Incorrect syntax near '{sql[:20]}'.")
    tree: Tree = parsed[0]
    _refuse_names(tree, columns)
    for select in tree.find_all(exp.Select):
        _refuse_select(select, columns)
    writes = _written(tree)
    reads = frozenset(_name(table) for table in tree.find_all(exp.Table) if table.db)
    if writes is not None and not isinstance(tree, exp.Delete | exp.Update):
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        reads = frozenset(_name(table) for table in tree.find_all(exp.Table) if table is not target)
    # A whole number by a whole number is one, without what is left over.
    for division in list(tree.find_all(exp.Div)):
        if division.this.is_int and division.expression.is_int:
            division.replace(exp.IntDiv(this=division.this, expression=division.expression))
    # In place of the catalog's views, which DuckDB has with other columns.
    for table in tree.find_all(exp.Table):
        if table.db.upper() == "INFORMATION_SCHEMA":
            table.set("db", exp.to_identifier("catalog_views"))
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.upper() == "SYSUTCDATETIME":
            call.replace(exp.cast(exp.Literal.string(NOW), "TIMESTAMP"))
    return Translated(tree.sql(dialect="duckdb"), writes, reads, _holes(sql))


def _holes(sql: str) -> int:
    return sum(token.token_type is TokenType.PLACEHOLDER for token in _tokens(sql))


def _tokens(sql: str) -> list[Token]:
    return TSQL().tokenize(sql)


def _refuse_words(sql: str) -> None:
    for token in _tokens(sql):
        quoted = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
        if token.token_type in NOT_SIGNS:
            raise Refused(102, f"Incorrect syntax near '{NOT_SIGNS[token.token_type]}'.")
        if not quoted and token.text.upper() in NOT_TSQL:
            raise Refused(102, f"Incorrect syntax near '{token.text}'.")
        if token.text.upper() in NAMES and not quoted:
            raise Refused(195, f"'{token.text}' is not a recognized built-in function name.")
        if token.token_type is TokenType.STRING and not token.text.isascii():
            raise Refused(102, "A literal of the database's code page loses characters: write N''.")


def _refuse_names(tree: Tree, columns: Columns) -> None:
    for identifier in tree.find_all(exp.Identifier):
        if not identifier.quoted and identifier.name.upper() in RESERVED:
            raise Refused(156, f"Incorrect syntax near the keyword '{identifier.name}'.")
    common = {each.alias for each in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        name = _name(table)
        if not table.db and table.name in common:
            continue
        if not name.startswith(("information_schema.", "sys.")) and name not in columns:
            raise Refused(208, f"Invalid object name '{name}'.")
    for call in tree.find_all(exp.Func):
        name = call.name if isinstance(call, exp.Anonymous) else call.sql_name()
        if NAMES.get(name.upper(), name.upper()) not in FUNCTIONS:
            raise Refused(195, f"'{name}' is not a recognized built-in function name.")


def _refuse_select(select: Tree, columns: Columns) -> None:
    for projected in select.expressions:
        inner = projected.this if isinstance(projected, exp.Alias) else projected
        if isinstance(inner, exp.Predicate | exp.Connector | exp.Not):
            raise Refused(102, "Incorrect syntax near '='.")
    inside = isinstance(select.parent, exp.Subquery)
    if inside and not select.parent.alias and isinstance(select.parent.parent, exp.From | exp.Join):
        raise Refused(102, "Incorrect syntax near ')'.")
    if inside and select.args.get("order") and not select.args.get("limit"):
        raise Refused(1033, "The ORDER BY clause is invalid in derived tables.")
    common = {
        f".{each.alias}".lower(): frozenset(one.alias_or_name for one in each.this.expressions)
        for each in select.root().find_all(exp.CTE)
    }
    known = frozenset[str]().union(*_sources(select, {**columns, **common}))
    aliases = {each.alias for each in select.expressions if isinstance(each, exp.Alias)}
    for clause in ("where", "group", "having"):
        part = select.args.get(clause)
        for column in part.find_all(exp.Column) if part else ():
            if column.name in aliases and column.name not in known:
                raise Refused(207, f"Invalid column name '{column.name}'.")


def _sources(select: Tree, columns: Columns) -> Iterator[frozenset[str]]:
    clauses = [select.args.get("from_") or select.args.get("from"), *select.args.get("joins", ())]
    for clause in filter(None, clauses):
        source = clause.this
        if isinstance(source, exp.Table):
            yield columns.get(_name(source), frozenset())
        elif isinstance(source, exp.Subquery):
            yield frozenset(each.alias_or_name for each in source.this.expressions)


def _written(tree: Tree) -> tuple[str, str, frozenset[str]] | None:
    match tree:
        case exp.Insert():
            target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
            return ("INSERT", _name(target), frozenset())
        case exp.Delete():
            return ("DELETE", _name(tree.this), frozenset())
        case exp.Update():
            return ("UPDATE", _name(tree.this), frozenset(e.this.name for e in tree.expressions))
        case _:
            return None


def _name(table: Tree) -> str:
    return f"{table.db}.{table.name}".lower()


_COLUMN = re.compile(
    r"\[(?P<name>\w+)\] (?P<type>DATE|BIGINT|INT|SMALLINT|DECIMAL|DATETIME2|VARCHAR|NVARCHAR)"
    r"(\((?P<size>\d+|MAX)(, (?P<scale>\d+))?\))?(?P<collate> COLLATE (?P<collation>\w+))?"
    r" (?P<null>NOT NULL|NULL)"
)
_INDEX = re.compile(r"INDEX \[\w+\] CLUSTERED \((?P<key>.+?)\)( WITH \(DATA_COMPRESSION = PAGE\))?")
LONGEST = {"VARCHAR": 8000, "NVARCHAR": 4000}
LONGEST_KEY = 900


@dataclass(frozen=True)
class ColumnType:
    """A column as DDL declares it."""

    name: str
    kind: str
    size: str | None
    scale: str | None
    collation: str | None
    required: bool

    @property
    def duckdb(self) -> str:
        """The column in DuckDB's words, with the server's limit on its length."""
        null = " NOT NULL" if self.required else ""
        if self.kind in LONGEST:
            limit = ""
            if self.size != "MAX":
                length = "strlen" if self.kind == "VARCHAR" else "length"
                limit = f' CHECK ({length}("{self.name}") <= {self.size})'
            return f'"{self.name}" VARCHAR{null}{limit}'
        kind = {"DATETIME2": "TIMESTAMP", "INT": "INTEGER"}.get(self.kind, self.kind)
        size = f"({self.size}, {self.scale})" if self.kind == "DECIMAL" else ""
        return f'"{self.name}" {kind}{size}{null}'

    def described(self) -> list[object]:
        """What INFORMATION_SCHEMA.COLUMNS says after the names."""
        text, number = self.kind in LONGEST, self.kind == "DECIMAL"
        size = -1 if self.size == "MAX" else int(self.size or 0)
        return [
            self.kind.lower(),
            size if text else None,
            size if number else None,
            int(self.scale or 0) if number else None,
            size if self.kind == "DATETIME2" else None,
            (self.collation or "SQL_Latin1_General_CP1_CI_AS") if text else None,
            "NO" if self.required else "YES",
        ]


def declared(text: str) -> ColumnType:
    """A column's declaration.

    Raises:
        Refused: it is not one.
    """
    found = _COLUMN.fullmatch(text)
    if found is None:
        raise Refused(102, f"Incorrect syntax near '{text[:40]}'.")
    kind, size = found["type"], found["size"]
    if kind in LONGEST and size != "MAX" and not 1 <= int(size or 0) <= LONGEST[kind]:
        raise Refused(131, f"The size ({size}) given to the column '{found['name']}' exceeds.")
    if (kind == "DECIMAL") != (found["scale"] is not None):
        raise Refused(102, f"Incorrect syntax near '{text[:40]}'.")
    required = found["null"] == "NOT NULL"
    return ColumnType(found["name"], kind, size, found["scale"], found["collation"], required)


def declared_columns(body: str) -> list[ColumnType]:
    """The columns of a table's declaration, whose index is looked at.

    Raises:
        Refused: a column or the index is not as the server takes it.
    """
    parts = _split(body)
    columns = [declared(part) for part in parts if not part.startswith("INDEX ")]
    types = {column.name: column for column in columns}
    for part in parts:
        if not part.startswith("INDEX "):
            continue
        found = _INDEX.fullmatch(part)
        if found is None:
            raise Refused(102, f"Incorrect syntax near '{part[:40]}'.")
        for name in found["key"].replace("[", "").replace("]", "").split(", "):
            if name not in types:
                raise Refused(1911, f"Column name '{name}' does not exist.")
            if types[name].size == "MAX":
                raise Refused(1919, f"Column '{name}' is invalid for use as a key column.")
    return columns


def _split(body: str) -> list[str]:
    """The parts of a list, at the commas that stand in no parentheses."""
    parts: list[str] = []
    depth = start = 0
    for place, letter in enumerate(body):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(body[start:place].strip())
            start = place + 1
    return [*parts, body[start:].strip()]
