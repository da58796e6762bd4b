"""The pages as the JSON that Grafana takes: one for each cloud, and the clouds side by side."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import cast

from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.detail.dialects import own_store
from dashboards.detail.metrics import ABOUT_ONE, SIDE, metrics
from dashboards.detail.sources import MIXED, SOURCES, ask
from dashboards.documents import dashboard, encoded
from dashboards.plan import DETAIL_TAG, TAG, Plan, Spot, spot_from
from dashboards.queries.sql import FILTERS, queries
from dashboards.source import AskedHub
from dashboards.style import columns
from dashboards.variables import variables
from handlers.alerts import Hub
from handlers.record import Cloud


@dataclass(frozen=True)
class AskedStores:
    """See ``panels.Asked``: each panel asks every cloud's own warehouse; a hub's metric the hub."""

    hub: Hub
    clouds: Collection[Cloud]
    filters: Sequence[str]
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])

    def source(self, spot: Spot) -> DataSourceRef:
        """See ``panels.Asked``."""
        if spot.query.name not in metrics():
            return AskedHub(self.hub).source(spot)
        if spot.query.name.startswith(SIDE):
            return MIXED
        (cloud,) = self.clouds
        return SOURCES[own_store(self.hub, cloud).dialect]

    def questions(self, spot: Spot) -> Sequence[cogbuilder.Builder[Dataquery]]:
        """See ``panels.Asked``: one question to each source, named by its cloud."""
        metric = metrics().get(spot.query.name)
        if metric is None:
            return AskedHub(self.hub).questions(spot)
        stores = {cloud: own_store(self.hub, cloud) for cloud in Cloud if cloud in self.clouds}
        return [
            ask(
                store.dialect,
                metric.sql(store, self.filters, spot.words),
                self.hub,
                ref_id=cloud.value,
                is_series=metric.is_series,
            )
            for cloud, store in stores.items()
        ]


def detail_documents(hub: Hub, clouds: Collection[Cloud]) -> dict[str, str]:
    """The JSON of each page by its uid.

    ``clouds`` are those whose own warehouse Grafana has a source for: each has a page, and where
    there are several they stand side by side.

    Raises:
        WarehouseError: the hub's project or dataset is not a name that BigQuery takes.
    """
    made: dict[str, str] = {}
    for cloud in Cloud:
        if cloud in clouds:
            of = plan_of(cloud)
            asked = AskedStores(hub, (cloud,), ABOUT_ONE, {"cloud_filter": cloud.value})
            page = dashboard(of, asked, variables(hub, ABOUT_ONE), (TAG, DETAIL_TAG))
            made[of.uid] = encoded(page)
    if len(clouds) > 1:
        of = side_by_side()
        asked = AskedStores(hub, tuple(clouds), tuple(FILTERS))
        made[of.uid] = encoded(dashboard(of, asked, variables(hub), (TAG, DETAIL_TAG)))
    return made


@cache
def plan_of(cloud: Cloud) -> Plan:
    """The page about ``cloud``."""
    title = columns()[cloud.value.lower()].title
    return _plan("cloud", {"cloud": cloud.value.lower(), "title": title})


@cache
def side_by_side() -> Plan:
    """The page of the clouds side by side."""
    return _plan("side_by_side", {})


def detail_plans() -> tuple[Plan, ...]:
    """Every page's plan."""
    return (*map(plan_of, Cloud), side_by_side())


def _plan(name: str, words: Mapping[str, str]) -> Plan:
    text = files("dashboards.detail.plans").joinpath(f"{name}.toml").read_text("utf-8")
    said = tomllib.loads(text)
    known = {**queries(), **metrics()}
    spots = {
        panel: spot_from(cast("Mapping[str, object]", each), known)
        for panel, each in said["panels"].items()
    }
    uid, title, description = (
        str(said[key]).format(**words) for key in ("uid", "title", "description")
    )
    return Plan(uid, title, description, spots)
