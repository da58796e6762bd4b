"""GoogleSQL's own analyzer and evaluator, with a catalog of what has been created so far."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

import wasmtime

from handlers.warehouses.bigquery import BigQueryTable

Kinds = Mapping[str, str | Sequence[str]]
"""Values bound by name: texts and lists of texts."""

Node: TypeAlias = Any
"""What the package gives, untyped."""


class _CachedConfig(wasmtime.Config):
    """Compiling the analyzer takes ten seconds, once for each machine."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = True


@cache
def _library() -> tuple[Any, Any]:
    """The package's calls and types; it has no types of its own that a checker could read."""
    client: Any = import_module("zetasql.core.wasm_client")
    client.Config = _CachedConfig
    return import_module("zetasql.api"), import_module("zetasql.types")


class GoogleSql:
    """An empty project."""

    def __init__(self) -> None:
        self._api, self._types = _library()
        self._language = self._types.LanguageOptions.maximum_features()
        # What BigQuery shows: no DOUBLE, no INT32.
        self._language.product_mode = self._types.ProductMode.PRODUCT_EXTERNAL
        self._tables: dict[str, Any] = {}
        self._functions: dict[str, Any] = {}

    def create(self, statement: str, bound: Kinds | None = None) -> dict[str, str]:
        """Analyze a CREATE of a table, view or function and keep what it makes.

        Gives the columns of a table or view and their types. Raises what the analyzer raises.
        """
        made = self.analyze(statement, bound or {})
        kind = type(made).__name__
        if kind == "ResolvedCreateFunctionStmt":
            name = made.name_path[0]
            signature = self._api.SignatureBuilder().set_return_type(made.return_type)
            for argument in made.signature.argument:
                signature = signature.add_argument(argument.type)
            signature = signature.build()
            for argument in signature.argument:
                argument.num_occurrences = 1
            function = self._api.FunctionBuilder(name).add_signature(signature)
            self._functions[name] = function.build()
            return {}
        if kind == "ResolvedCreateViewStmt":
            columns = [(each.name, each.column.type) for each in made.output_column_list]
        else:
            columns = [(each.name, each.type) for each in made.column_definition_list]
        self._keep(".".join(made.name_path), columns)
        return {name: str(kind) for name, kind in columns}

    def add_column(self, table: str, name: str, kind: str) -> None:
        """Add a column that no statement creates, as BigQuery has on its own."""
        one = self.analyze(f"CREATE TABLE x (c {kind})", {}).column_definition_list[0]
        self._tables[table].column.append(
            self._api.TableBuilder("x").add_column(name, one.type).build().column[0]
        )

    def analyze(self, statement: str, bound: Kinds) -> Node:
        """The resolved statement. Raises what the analyzer raises."""
        options = self._types.AnalyzerOptions(
            language_options=self._language,
            query_parameters=[
                self._types.AnalyzerOptions.QueryParameter(name=name, type=self._kind(value))
                for name, value in bound.items()
            ],
        )
        return self._api.Analyzer(options, self._catalog()).analyze_statement(statement)

    def evaluate(self, query: str) -> list[str]:
        """The texts of the one column of ``query``, computed by GoogleSQL's reference evaluator."""
        prepared = (
            self._api.PreparedQuery.builder()
            .set_sql(query)
            .set_analyzer_options(self._types.AnalyzerOptions(language_options=self._language))
            .set_catalog(self._catalog())
            .prepare()
        )
        with prepared:
            rows = prepared.execute().content.table_data.row
        return [row.cell[0].string_value for row in rows]

    def _keep(self, name: str, columns: Sequence[tuple[str, Any]]) -> None:
        builder = self._api.TableBuilder(name)
        for column, kind in columns:
            builder = builder.add_column(column, kind)
        self._tables[name] = builder.build()

    def _catalog(self) -> Node:
        builder = self._api.CatalogBuilder("project").with_builtin_functions(
            self._types.ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        )
        for table in self._tables.values():
            builder = builder.add_table(table)
        for function in self._functions.values():
            builder = builder.add_function(function)
        return builder.build()

    def _kind(self, value: str | Sequence[str]) -> Node:
        text = self._api.TypeFactory.create_simple_type(self._types.TypeKind.TYPE_STRING)
        return text if isinstance(value, str) else self._api.TypeFactory.create_array_type(text)


_CELLS = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


def create_table(name: str, table: BigQueryTable) -> str:
    """The DDL of ``table``, as the API would make it."""
    columns = ", ".join(_column(field) for field in json.loads(table.schema_json))
    field = table.partition_field
    partition = f" PARTITION BY DATE_TRUNC({field}, {table.partition_type})" if field else ""
    cluster = f" CLUSTER BY {', '.join(table.cluster)}" if table.cluster else ""
    return f"CREATE TABLE `{name}` ({columns}){partition}{cluster}"


def create_from_schema(name: str, schema_json: str) -> str:
    """The DDL of a table of that schema, nested as it is."""
    columns = ", ".join(_column(field) for field in json.loads(schema_json))
    return f"CREATE TABLE `{name}` ({columns})"


def _column(field: Mapping[str, Any]) -> str:
    required = " NOT NULL" if field["mode"] == "REQUIRED" else ""
    return f"`{field['name']}` {_kind_of(field)}{required}"


def _kind_of(field: Mapping[str, Any]) -> str:
    kind = str(field["type"])
    if kind == "RECORD":
        kind = f"STRUCT<{', '.join(_column(each) for each in field['fields'])}>"
    else:
        kind = _CELLS.get(kind, kind)
    if "maxLength" in field:
        kind += f"({field['maxLength']})"
    return f"ARRAY<{kind}>" if field["mode"] == "REPEATED" else kind
