"""Panels and answers as tests write them, for whatever a test is about."""

from collections.abc import Mapping

from dashboards.duckdb_source import Answer
from dashboards.viewer.frames import Field, fields
from dashboards.viewer.model import Json, Panel, read_panel


def panel(
    kind: str = "table",
    *,
    defaults: Json | None = None,
    overrides: Mapping[str, Json] | None = None,
    matcher: str = "byName",
    options: Json | None = None,
) -> Panel:
    """A panel of ``kind`` as the JSON has it; ``overrides`` are properties by what they match."""
    written = [
        {
            "matcher": {"id": matcher, "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()],
        }
        for name, properties in (overrides or {}).items()
    ]
    common = {"unit": "currencyUSD", "noValue": "no data"}
    return read_panel(
        {
            "id": 7,
            "type": kind,
            "title": "Cost",
            "description": "What it costs.",
            "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
            "targets": [{"rawSql": "SELECT 1"}],
            "options": options or {},
            "fieldConfig": {"defaults": {**common, **(defaults or {})}, "overrides": written},
        }
    )


def shown(of: Panel, columns: str, *rows: tuple[object, ...]) -> tuple[Field, ...]:
    """The fields of an answer with these columns (words) and rows."""
    return fields(of, Answer(tuple(columns.split()), rows))
