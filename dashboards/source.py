"""The data source that all panels of the hub ask, by the uid it is always made with."""

from collections.abc import Mapping
from enum import StrEnum

from grafana_foundation_sdk.builders import bigquery
from grafana_foundation_sdk.models import bigquery as model
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.queries.sql import Query
from handlers.alerts import Hub

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
