"""The hub as an operator meets it: questions to BigQuery, messages to a job's topic.

https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query and
https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from handlers.errors import WarehouseError
from infra.apis.google import GoogleLogin
from infra.apis.web import Api, Json, Refused
from infra.settings import GcpSettings

WAIT_MS = 8000
"""How long one call waits for a question's answer; less than a call may take."""
MOST_CALLS = 8

Row = Mapping[str, str | None]
"""A row's cells by column, as BigQuery writes them: texts, and times in seconds since 1970."""


@dataclass(frozen=True)
class Hub:
    """The hub's dataset and topics, asked by whoever is logged in."""

    settings: GcpSettings
    login: GoogleLogin

    def ask(self, sql: str, values: Mapping[str, str]) -> list[Row]:
        """The rows that ``sql`` gives, with ``values`` bound as texts to its ``@names``.

        Raises:
            Refused: BigQuery refused the question: no dataset, no right, wrong location.
            WarehouseError: it takes too long.
        """
        return _rows(self._answer(sql, values))

    def rows(
        self, what: str, sql: str, parameters: Mapping[str, str | Sequence[str] | None]
    ) -> list[dict[str, Any]]:
        """As ``ask``, with cells of their own types; ``handlers.alerts.bigquery.Asks``.

        Raises:
            Refused, WarehouseError: see ``ask``.
        """
        del what
        answer = self._answer(sql, parameters)
        fields = cast("list[dict[str, str]]", answer.get("schema", {}).get("fields", []))
        kinds = {field["name"]: field["type"] for field in fields}
        return [
            {name: _typed(cell, kinds[name]) for name, cell in row.items()} for row in _rows(answer)
        ]

    def _answer(self, sql: str, values: Mapping[str, str | Sequence[str] | None]) -> Json:
        api = self.login.api("bigquery", self.settings.project)
        queries = f"/bigquery/v2/projects/{self.settings.project}/queries"
        answer = self._post(
            api,
            queries,
            {
                "query": sql,
                "useLegacySql": False,
                "location": self.settings.bigquery_location,
                "timeoutMs": WAIT_MS,
                "defaultDataset": {
                    "projectId": self.settings.project,
                    "datasetId": self.settings.dataset,
                },
                "parameterMode": "NAMED",
                "queryParameters": [
                    {"name": name, **_parameter(value)} for name, value in values.items()
                ],
            },
        )
        for _ in range(MOST_CALLS):
            if answer.get("jobComplete"):
                return answer
            job = cast("dict[str, str]", answer["jobReference"])
            answer = api.get(
                f"{queries}/{job['jobId']}",
                {"location": job["location"], "timeoutMs": str(WAIT_MS)},
            )
        raise WarehouseError("BigQuery has not answered within a minute. Try it again.")

    def publish(self, topic: str, message: Mapping[str, object]) -> str:
        """Send a message to a job's topic; the id that Pub/Sub gave it.

        Raises:
            Refused: Pub/Sub refused it: no topic, no right.
        """
        data = base64.b64encode(json.dumps(message).encode()).decode()
        answer = self._post(
            self.login.api("pubsub", self.settings.project),
            f"/v1/projects/{self.settings.project}/topics/{topic}:publish",
            {"messages": [{"data": data}]},
        )
        return str(cast("list[str]", answer["messageIds"])[0])

    def _post(self, api: Api, path: str, body: Json) -> Json:
        """The answer; what is not there is told with what would make it."""
        try:
            return api.post(path, body)
        except Refused as error:
            if error.status != 404:
                raise
            raise Refused(
                404,
                f"{error} Has the stack been built (pulumi up), in the project "
                f"{self.settings.project} and in {self.settings.bigquery_location}?",
            ) from None


def _parameter(value: str | Sequence[str] | None) -> Json:
    """A text or a list of texts, as a query is given it."""
    if value is None or isinstance(value, str):
        return {"parameterType": {"type": "STRING"}, "parameterValue": {"value": value}}
    return {
        "parameterType": {"type": "ARRAY", "arrayType": {"type": "STRING"}},
        "parameterValue": {"arrayValues": [{"value": each} for each in value]},
    }


def _typed(cell: str | None, kind: str) -> object:
    """A cell as its column's type; BigQuery writes moments as seconds since 1970."""
    match kind:
        case _ if cell is None:
            return None
        case "INTEGER" | "INT64":
            return int(cell)
        case "NUMERIC" | "BIGNUMERIC":
            return Decimal(cell)
        case "DATE":
            return date.fromisoformat(cell)
        case "TIMESTAMP":
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
                microseconds=int(Decimal(cell) * 1_000_000)
            )
        case "BOOLEAN" | "BOOL":
            return cell == "true"
        case _:
            return cell


def _rows(answer: Mapping[str, Any]) -> list[Row]:
    # A statement that changes rows answers none, and has no schema.
    fields = cast("list[dict[str, str]]", answer.get("schema", {}).get("fields", []))
    names = [field["name"] for field in fields]
    rows = cast("list[dict[str, list[dict[str, str | None]]]]", answer.get("rows", []))
    return [dict(zip(names, [cell["v"] for cell in row["f"]], strict=True)) for row in rows]
