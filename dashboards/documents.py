"""Every dashboard as the JSON that Grafana takes, the same text for the same hub."""

from collections.abc import Callable, Mapping

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.overview import overview
from dashboards.plan import plan
from handlers.alerts import Hub

DASHBOARDS: Mapping[str, Callable[[Hub], Dashboard]] = {"overview": overview}
"""Each by the name of its plan."""


def documents(hub: Hub) -> dict[str, str]:
    """The JSON of every dashboard by its uid.

    Raises:
        WarehouseError: the hub's project or dataset is not a name that BigQuery takes.
    """
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {plan(name).uid: encoder.encode(make(hub)) + "\n" for name, make in DASHBOARDS.items()}


def panel_id(dashboard: str, panel: str) -> int:
    """The id of a panel by the dashboard's uid and the panel's name.

    Raises:
        KeyError: there is none; a defect of whoever names it.
    """
    plans = {plan(name).uid: plan(name) for name in DASHBOARDS}
    return plans[dashboard].spots[panel].id
