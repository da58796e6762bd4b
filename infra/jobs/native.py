"""The clouds' own collectors as commands reach them: messages sent, and what their logs say.

The Lambda's log is CloudWatch's, which names each attempt by the id of the call; the Function App's
is in Application Insights, which names it by the message's id and shows it some minutes later.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

from handlers.record import Cloud
from infra.apis.addresses import Addresses
from infra.apis.aws import Aws
from infra.apis.azure import AzureLogin
from infra.apis.hub import Hub
from infra.jobs.log import ENDS, Line, line_of
from infra.jobs.targets import Target
from infra.promotion.collectors import CloudCollectors
from infra.settings import Settings

INSIGHTS = "2018-04-20"
"""https://learn.microsoft.com/rest/api/application-insights/query/execute"""
_ID = re.compile(r"[A-Za-z0-9-]{1,80}", re.ASCII)
"""What an id of a call or message is made of, so that it can stand in a question to a log."""


@dataclass(frozen=True)
class Natives:
    """The collectors of one environment, as whoever is logged in to each cloud.

    A cloud's login is looked for when its collector is reached. ``queues`` stands for the address
    of Azure's queues where it is not the public one.
    """

    settings: Settings
    addresses: Addresses
    hub: Hub
    queues: str = ""

    def send(self, target: Target, message: Mapping[str, object]) -> str:
        """Send a message; the id by which the log names it.

        Raises:
            LoginError: nobody is logged in to the cloud.
            CostError: it was not taken.
        """
        aws = self._aws if target.cloud is Cloud.AWS else None
        azure = self._azure if target.cloud is Cloud.AZURE else None
        collectors = CloudCollectors(self.settings, self.hub, aws, azure, self.queues)
        return collectors.ask_native(cast("Cloud", target.cloud), message)

    def lines(self, target: Target, message_id: str, since: str) -> list[Line]:
        """What the log says of a message since that time (UTC, as Google writes it), newest first.

        Raises:
            LoginError: nobody is logged in to the cloud.
            Refused: the log may not be read, or is not there.
        """
        if not _ID.fullmatch(message_id):
            return []
        if target.cloud is Cloud.AWS:
            return self._in_cloudwatch(target, f'{{ $.request_id = "{message_id}" }}', since)
        return self._in_insights(f'message has "{message_id}"', since)

    def ends(self, target: Target, since: str) -> list[Line]:
        """How attempts ended since that time, newest first; raises as ``lines``."""
        if target.cloud is Cloud.AWS:
            wanted = " || ".join(f'($.step = "{step}")' for step in ENDS)
            return self._in_cloudwatch(target, f"{{ {wanted} }}", since)
        steps = ", ".join(f"'{step}'" for step in ENDS)
        return self._in_insights(f"tostring(parse_json(message).step) in ({steps})", since)

    def _in_cloudwatch(self, target: Target, pattern: str, since: str) -> list[Line]:
        """The log group's events, oldest first as they come, page by page.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
        """
        asked: dict[str, object] = {
            "logGroupName": f"/aws/lambda/{target.job.name}",
            "startTime": int(datetime.fromisoformat(since).timestamp() * 1000),
            "filterPattern": pattern,
        }
        found: list[Line] = []
        while True:
            said = self._aws.call("logs", "filter_log_events", **asked)
            for event in cast("Sequence[Mapping[str, Any]]", said.get("events", ())):
                at = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC)
                found += _read(str(event["message"]), str(event["eventId"]), at)
            if not said.get("nextToken"):
                return found[::-1]
            asked["nextToken"] = said["nextToken"]

    def _in_insights(self, condition: str, since: str) -> list[Line]:
        azure = self.settings.azure
        if azure is None:
            return []
        component = (
            f"/subscriptions/{azure.subscription}/resourceGroups/{azure.resource_group}"
            f"/providers/Microsoft.Insights/components/{azure.sql.app}"
        )
        asked = (
            f"traces | where timestamp >= datetime({since}) | where {condition}"
            " | project timestamp, itemId, message | order by timestamp desc | take 1000"
        )
        said = self._azure.api().post(
            f"{component}/query", {"query": asked}, {"api-version": INSIGHTS}
        )
        return list(_rows(said))

    @cached_property
    def _aws(self) -> Aws:
        aws = self.settings.aws
        if aws is None:
            return Aws.find("us-east-1")
        role = next(scope.role for scope in aws.scopes if scope.id == aws.redshift.account)
        return Aws.find(aws.region).through(role)

    @cached_property
    def _azure(self) -> AzureLogin:
        azure = self.settings.azure
        return AzureLogin.find(self.addresses, azure.tenant if azure else "")


def _rows(said: Mapping[str, Any]) -> Iterable[Line]:
    for table in cast("Sequence[Mapping[str, Any]]", said.get("tables", ())):
        for at, key, message in cast("Sequence[Sequence[str]]", table["rows"]):
            yield from _read(message, key, datetime.fromisoformat(at))


def _read(text: str, key: str, at: datetime) -> Iterable[Line]:
    """A line of ours; what else a runtime writes is none."""
    try:
        said: object = json.loads(text)
    except ValueError:
        return
    if isinstance(said, dict) and "step" in said:
        yield line_of(cast("Mapping[str, Any]", said), key, f"{at:%Y-%m-%dT%H:%M:%SZ}")
