"""The data source that all panels of the hub ask, by the uid it is always made with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grafana_foundation_sdk.builders import bigquery
from grafana_foundation_sdk.models import bigquery as model
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.plan import Spot
from dashboards.queries.sql import Query, queries
from handlers.alerts import Hub
from handlers.record import Cloud

PLUGIN = "grafana-bigquery-datasource"
UID = "ai-cost-hub"
NAME = "AI costs"
SOURCE = DataSourceRef(type_val=PLUGIN, uid=UID)


def table_query(
    query: Query, hub: Hub, *, ref_id: str = "A", words: Mapping[str, str] | None = None
) -> bigquery.Dataquery:
    """``query`` as a panel's or a variable's question; ``words`` as in ``Query.sql``."""
    return question(
        query.sql(hub, words),
        hub,
        ref_id=ref_id,
        form=model.QueryFormat.TIMESERIES if query.is_series else model.QueryFormat.TABLE,
    )


def question(sql: str, hub: Hub, *, ref_id: str, form: model.QueryFormat) -> bigquery.Dataquery:
    """``sql`` for the plug-in; it runs where the dataset is."""
    return (
        bigquery.Dataquery()
        .datasource(SOURCE)
        .ref_id(ref_id)
        .project(hub.project)
        .dataset(hub.dataset)
        .location(hub.location)
        .editor_mode(model.EditorMode.CODE)
        .raw_query(True)
        .raw_sql(sql)
        .format(form)
    )


@dataclass(frozen=True)
class AskedHub:
    """See ``panels.Asked``: every panel asks the hub one question."""

    hub: Hub

    @property
    def clouds(self) -> Collection[Cloud]:
        """See ``panels.Asked``."""
        return self.hub.clouds

    @property
    def chosen(self) -> Mapping[str, str]:
        """None: every filter is offered."""
        return {}

    def source(self, spot: Spot) -> DataSourceRef:
        """See ``panels.Asked``."""
        del spot
        return SOURCE

    def questions(self, spot: Spot) -> Sequence[bigquery.Dataquery]:
        """See ``panels.Asked``."""
        return [table_query(queries()[spot.query.name], self.hub, words=spot.words)]


MOST_BYTES = 10 * 1024**3
"""What one query may read at most; a dashboard's read some megabytes. Six US cents."""


class Access(StrEnum):
    """How Grafana proves to Google who it is, in the plug-in's words.

    The plug-in knows two more. Forwarding a user's login and Grafana Cloud's workload identity both
    leave alert rules without a login, so neither is used
    (https://grafana.com/docs/plugins/grafana-bigquery-datasource/latest/configure/).
    """

    KEY = "jwt"
    """By the key of a service account: where Grafana runs outside Google Cloud."""
    METADATA = "gce"
    """As the account that it runs as: where Grafana runs in Google Cloud. No secret."""


def settings(hub: Hub, access: Access) -> dict[str, object]:
    """The data source's settings, without what belongs to a login."""
    return {
        "authenticationType": access.value,
        "defaultProject": hub.project,
        "processingLocation": hub.location,
        "MaxBytesBilled": MOST_BYTES,
    }
