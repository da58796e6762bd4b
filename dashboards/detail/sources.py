"""The data sources of the native warehouses, and questions to them as their plug-ins take them.

The SDK knows neither plug-in. Fields of a question: Redshift's
https://github.com/grafana/redshift-datasource/blob/main/src/types.ts, SQL Server's
https://github.com/grafana/grafana/blob/main/packages/grafana-sql/src/types.ts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from grafana_foundation_sdk.builders import bigquery
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import bigquery as model
from grafana_foundation_sdk.models.common import DataSourceRef

from dashboards.detail.dialects import Dialect
from dashboards.source import SOURCE, question
from handlers.alerts import Hub

REDSHIFT_UID = "ai-cost-redshift"
REDSHIFT_PLUGIN = "grafana-redshift-datasource"
SQL_UID = "ai-cost-azuresql"
SQL_PLUGIN = "mssql"

MIXED = DataSourceRef(uid="-- Mixed --")
"""Each question of the panel names its own source. Without a type: the SDK's reader would take that
for the type of every question, and lose their SQL."""

SOURCES: Mapping[Dialect, DataSourceRef] = {
    Dialect.BIGQUERY: SOURCE,
    Dialect.REDSHIFT: DataSourceRef(type_val=REDSHIFT_PLUGIN, uid=REDSHIFT_UID),
    Dialect.TSQL: DataSourceRef(type_val=SQL_PLUGIN, uid=SQL_UID),
}
"""The source of each dialect; every dialect is spoken by one."""


class RedshiftFormat(IntEnum):
    """How the plug-in reads what the database answers."""

    SERIES = 0
    TABLE = 1


@dataclass(frozen=True)
class NativeQuery(Dataquery):
    """A question with the fields of its plug-in."""

    fields: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """See ``Dataquery``."""
        return dict(self.fields)


@dataclass(frozen=True)
class NativeQuestion(cogbuilder.Builder[NativeQuery]):
    """A question to be built, as the SDK's panels take them."""

    fields: Mapping[str, object]

    def build(self) -> NativeQuery:
        """See ``Builder``."""
        return NativeQuery(self.fields)


def ask(
    dialect: Dialect, sql: str, hub: Hub, *, ref_id: str, is_series: bool
) -> NativeQuestion | bigquery.Dataquery:
    """``sql`` for the plug-in that speaks ``dialect``."""
    said: dict[str, object] = {"refId": ref_id, "datasource": SOURCES[dialect]}
    match dialect:
        case Dialect.BIGQUERY:
            form = model.QueryFormat.TIMESERIES if is_series else model.QueryFormat.TABLE
            return question(sql, hub, ref_id=ref_id, form=form)
        case Dialect.REDSHIFT:
            form = RedshiftFormat.SERIES if is_series else RedshiftFormat.TABLE
            return NativeQuestion({**said, "rawSQL": sql, "format": int(form)})
        case Dialect.TSQL:
            form = "time_series" if is_series else "table"
            named = {"rawSql": sql, "format": form, "rawQuery": True, "editorMode": "code"}
            return NativeQuestion({**said, **named})
