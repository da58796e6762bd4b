"""Messages to the jobs of an environment, in the hub and in each cloud.

A message that is taken is answered at once; what became of it shows in the hub, where each path
writes down what it has loaded.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

import requests

from handlers.errors import CostError, UsageError
from handlers.record import Cloud
from infra.apis.aws import Aws
from infra.apis.azure import AzureLogin
from infra.apis.hub import Hub
from infra.apis.web import SECONDS, Refused, Unreachable
from infra.azure.staging import COMMANDS
from infra.settings import Settings

_MESSAGE_ID = re.compile(r"<MessageId>([\w-]{1,80})</MessageId>", re.ASCII)
QUEUE_VERSION = "2024-11-04"
"""Of the queue service: https://learn.microsoft.com/rest/api/storageservices/put-message"""


class NotTaken(CostError):
    """A collector that did not take its message."""


@dataclass(frozen=True)
class CloudCollectors:
    """The jobs of ``settings``; ``aws`` and ``azure`` are the logins of who asks.

    ``queues`` stands for the address of Azure's queues where it is not the public one.
    """

    settings: Settings
    hub: Hub
    aws: Aws | None
    azure: AzureLogin | None
    queues: str = ""

    def ask_hub(self, cloud: Cloud | None, message: Mapping[str, object]) -> None:
        """See ``environment.Collectors``."""
        self.hub.publish(self._job(cloud), message)

    def ask_native(self, cloud: Cloud, message: Mapping[str, object]) -> str:
        """See ``environment.Collectors``; the id by which the collector's log names the message."""
        if cloud is Cloud.AWS and self.settings.aws and self.aws:
            name = self.settings.aws.redshift.job.name
            answer = self.aws.call(
                "lambda",
                "invoke",
                FunctionName=name,
                InvocationType="Event",
                Payload=json.dumps(message).encode(),
            )
            if answer.get("StatusCode") != 202:
                raise NotTaken(f"The Lambda {name} answered {answer.get('StatusCode')}, not 202.")
            return str(answer["ResponseMetadata"].get("RequestId", ""))
        if cloud is Cloud.AZURE and self.settings.azure and self.azure:
            account = self.settings.azure.sql.staging_account
            address = self.queues or f"https://{account}.queue.core.windows.net"
            return _put(address, self.azure.storage_token(), message)
        raise UsageError(f"{cloud} has no collector of its own in this environment.")

    def _job(self, cloud: Cloud | None) -> str:
        settings = self.settings
        jobs = {
            Cloud.AWS: settings.aws.job.name if settings.aws else None,
            Cloud.AZURE: settings.azure.job.name if settings.azure else None,
            Cloud.GCP: settings.gcp.collect_job.name,
        }
        job = settings.gcp.hub_job.name if cloud is None else jobs[cloud]
        if job is None:
            raise UsageError(f"This environment does not read {cloud}'s bills.")
        return job


def _put(address: str, token: str, message: Mapping[str, object]) -> str:
    """Put a message into the queue of commands; its id.

    The Function App's trigger reads plain texts (``messageEncoding`` in azure_host.json).
    """
    text = json.dumps(message)
    try:
        answer = requests.post(
            f"{address}/{COMMANDS}/messages",
            data=f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/xml",
                "x-ms-version": QUEUE_VERSION,
            },
            timeout=SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise Unreachable(f"{address} does not answer: {type(error).__name__}.") from None
    if answer.status_code != 201:
        raise Refused(
            answer.status_code,
            f"{address} answered {answer.status_code}: does who is logged in have the role Storage"
            f" Queue Data Message Sender on the queue {COMMANDS}, and is this address let in?",
        )
    found = _MESSAGE_ID.search(answer.text)
    return found[1] if found else ""
