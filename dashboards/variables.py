"""What a reader chooses by: clouds, customers, models."""

from collections.abc import Iterable
from typing import TypeAlias

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.queries.sql import ALL, FILTERS, queries
from dashboards.source import SOURCE, table_query
from handlers.alerts import Hub

LABELS = {"cloud_filter": "Cloud", "customer_filter": "Customer", "model_filter": "Model"}
QUERIES = {"customer_filter": "customer_options", "model_filter": "model_options"}
EVERYTHING = model.VariableOption(selected=True, text=["All"], value=["$__all"])


Variable: TypeAlias = build.CustomVariable | build.QueryVariable


def variables(hub: Hub, names: Iterable[str] = tuple(FILTERS)) -> list[Variable]:
    """The filters of these names, by default all, in the order they are shown.

    A value that is not offered is not accepted, and a customer travels as the key of its name: what
    reaches the SQL has no quote in it.
    """
    return [_offered(name, hub) if name in QUERIES else _clouds(name, hub) for name in names]


def _clouds(name: str, hub: Hub) -> build.CustomVariable:
    return (
        build.CustomVariable(name)
        .label(LABELS[name])
        .values(",".join(cloud for cloud in hub.clouds))
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .allow_custom_value(False)
        .current(EVERYTHING)
    )


def _offered(name: str, hub: Hub) -> build.QueryVariable:
    query = table_query(queries()[QUERIES[name]], hub, ref_id=name)
    return (
        build.QueryVariable(name)
        .label(LABELS[name])
        .datasource(SOURCE)
        .query(query.build().to_json())
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .allow_custom_value(False)
        .current(EVERYTHING)
    )
