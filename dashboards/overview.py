"""The Multi-Cloud Overview: what is spent, where, on which models, by whom, and how sure it is."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.panels import bars_by_day, bars_by_name, bars_of_clouds, number, rows
from dashboards.plan import dashboard, plan
from dashboards.style import WARNING
from handlers.alerts import Hub

NAME = "overview"
TOKEN_COSTS = ("input_cost", "output_cost", "cache_cost", "other_cost")


def overview(hub: Hub) -> Dashboard:
    """The dashboard over ``hub``."""
    of = plan(NAME)
    at = of.spots
    panels = (
        number(spot=at["total_cost"], hub=hub, column="cost"),
        number(spot=at["month_to_date"], hub=hub, column="cost"),
        number(spot=at["change"], hub=hub, column="change"),
        number(spot=at["untagged"], hub=hub, column="untagged_cost", colour=WARNING),
        number(spot=at["unnamed"], hub=hub, column="unnamed_cost", colour=WARNING),
        rows(spot=at["freshness"], hub=hub, uid=of.uid),
        bars_by_day(spot=at["daily_cost"], hub=hub),
        bars_of_clouds(spot=at["cost_by_cloud"], hub=hub),
        rows(spot=at["top_models"], hub=hub, uid=of.uid),
        rows(spot=at["top_customers"], hub=hub, uid=of.uid),
        bars_by_name(spot=at["cost_by_token_type"], hub=hub, drawn=TOKEN_COSTS),
        rows(spot=at["tokens_by_token_type"], hub=hub, uid=of.uid),
    )
    made = dashboard(of, hub)
    for panel in panels:
        made = made.with_panel(panel)
    return made.build()
