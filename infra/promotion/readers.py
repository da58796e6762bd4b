"""Who reads what promotion takes out of service, from the hub's job history."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from handlers.catalog.dialect import BIGQUERY
from infra.apis.hub import Hub


@dataclass(frozen=True)
class JobHistory:
    """The queries of the last month in the hub's project."""

    hub: Hub

    def of_union(self) -> Sequence[str]:
        """See ``environment.Readers``; needs bigquery.jobs.listAll on the project."""
        settings = self.hub.settings
        text = files("infra.promotion").joinpath("sql", "union_readers.sql").read_text("utf-8")
        # The location was checked against a pattern when the settings were read.
        sql = text.format(
            region=settings.bigquery_location.lower(), dataset=BIGQUERY.literal(settings.dataset)
        )
        return [str(row["user_email"]) for row in self.hub.ask(sql, {})]
