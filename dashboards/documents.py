"""Every dashboard as the JSON that Grafana takes, the same text for the same hub."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardLinkType

from dashboards.panels import KINDS, Asked
from dashboards.plan import TAG, Plan, plans
from dashboards.source import AskedHub
from dashboards.variables import Variable, variables
from handlers.alerts import Hub


def documents(hub: Hub) -> dict[str, str]:
    """The JSON of every dashboard by its uid, in the order of the plans.

    Raises:
        WarehouseError: the hub's project or dataset is not a name that BigQuery takes.
    """
    return {of.uid: encoded(dashboard(of, AskedHub(hub), variables(hub))) for of in plans()}


def encoded(made: Dashboard) -> str:
    """The dashboard's JSON, always in the same order."""
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(made) + "\n"


def dashboard(
    of: Plan, asked: Asked, filters: Sequence[Variable], tags: Sequence[str] = (TAG,)
) -> Dashboard:
    """A dashboard with its filters, its links to the others, and its panels."""
    made = (
        build.Dashboard(of.title)
        .uid(of.uid)
        .description(of.description)
        .tags([*tags])
        .timezone("utc")
        .time("now-30d/d", "now")
        .refresh("")
        .readonly()
        .links(
            [
                build.DashboardLink("")
                .type(DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .include_vars(True)
                .keep_time(True)
            ]
        )
        .variables([*filters])
    )
    for spot in of.spots.values():
        made = made.with_panel(KINDS[spot.draw](spot, asked))
    return made.build()


def panel_id(dashboard: str, panel: str) -> int:
    """The id of a panel by the dashboard's uid and the panel's name.

    Raises:
        KeyError: there is none; a defect of whoever names it.
    """
    return {of.uid: of for of in plans()}[dashboard].spots[panel].id
