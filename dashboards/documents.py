"""Every dashboard as the JSON that Grafana takes, the same text for the same hub."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardLinkType

from dashboards.panels import KINDS
from dashboards.plan import TAG, Plan, plans
from dashboards.variables import variables
from handlers.alerts import Hub


def documents(hub: Hub) -> dict[str, str]:
    """The JSON of every dashboard by its uid, in the order of the plans.

    Raises:
        WarehouseError: the hub's project or dataset is not a name that BigQuery takes.
    """
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {of.uid: encoder.encode(dashboard(of, hub)) + "\n" for of in plans()}


def dashboard(of: Plan, hub: Hub) -> Dashboard:
    """A dashboard with its filters, its links to the others, and its panels."""
    made = (
        build.Dashboard(of.title)
        .uid(of.uid)
        .description(of.description)
        .tags([TAG])
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
        .variables([*variables(hub)])
    )
    for spot in of.spots.values():
        made = made.with_panel(KINDS[spot.draw](spot, hub))
    return made.build()


def panel_id(dashboard: str, panel: str) -> int:
    """The id of a panel by the dashboard's uid and the panel's name.

    Raises:
        KeyError: there is none; a defect of whoever names it.
    """
    return {of.uid: of for of in plans()}[dashboard].spots[panel].id
