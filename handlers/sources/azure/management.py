"""Cost Management's REST interface, as far as a bill needs it.

A pipeline of azure-core rather than azure-mgmt-costmanagement, since that client

- reads every number of an answer as a float, and money is decimal here;
- does not follow ``nextLink``, and gives up on a 429 whose wait stands in Cost Management's own
  headers;
- waits for a report in ``time.sleep`` for as long as it takes, and a run has a deadline;
- does not tell a report that failed from one without data.

What is sent and understood is the same: the tests let that client and this one speak to one fake.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import NoReturn, Self, cast
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HeadersPolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse

from handlers.sources.azure.faults import AzureRefused, AzureUnavailable
from handlers.sources.azure.throttle import Patience, PatientPolicy
from handlers.sources.manifests import text_at

ENDPOINT = "https://management.azure.com"
API_VERSION = "2025-03-01"
CLIENT_TYPE = "ai-cost-monitoring"
"""Clients that don't say what they are share one quota:
https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation"""

_CONNECT_SECONDS = 15
_READ_SECONDS = 120

_ROLES = (
    "Grant the collector's identity 'Cost Management Reader' on the subscription, or 'Enrollment"
    " reader' or 'Billing account reader' on the billing account."
)

Json = dict[str, object]


@dataclass(frozen=True)
class Answer:
    """What came back: numbers with a point are Decimal."""

    status: int
    headers: Mapping[str, str]
    content: Json


class CostManagement:
    """A client of one tenant; closes its connections at the end of a ``with``.

    ``credential`` gives tokens, ``patience`` says how long a run may wait; ``policies`` are put
    before all others.
    """

    def __init__(
        self,
        credential: TokenCredential,
        patience: Patience,
        endpoint: str = ENDPOINT,
        policies: Sequence[SansIOHTTPPolicy[HttpRequest, HttpResponse]] = (),
    ) -> None:
        self.patience = patience
        self._endpoint = endpoint.rstrip("/")
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            self._endpoint,
            policies=[
                *policies,
                RequestIdPolicy(),
                HeadersPolicy({"Accept": "application/json", "ClientType": CLIENT_TYPE}),
                UserAgentPolicy(base_user_agent=CLIENT_TYPE),
                PatientPolicy(patience),
                BearerTokenCredentialPolicy(credential, f"{ENDPOINT}/.default"),
            ],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def post(self, scope: str, operation: str, body: Json) -> Answer:
        """Ask for an ``operation`` on a scope (a resource id).

        Raises:
            AzureRefused: Azure does not let this identity, or does not understand.
            AzureUnavailable: there is no answer, or not in time.
        """
        path = f"/{scope.strip('/')}/providers/Microsoft.CostManagement/{operation}"
        url = f"{self._endpoint}{path}?api-version={API_VERSION}"
        return self._send(HttpRequest("POST", url, json=body))

    def post_to(self, url: str, body: Json) -> Answer:
        """Ask again at an address that Azure gave; raises as ``post``."""
        return self._send(HttpRequest("POST", self._own(url), json=body))

    def get(self, url: str) -> Answer:
        """Ask at an address that Azure gave; raises as ``post``."""
        return self._send(HttpRequest("GET", self._own(url)))

    def _own(self, url: str) -> str:
        """``url``, which the token may be sent to: the endpoint's host, or one below it."""
        ours, theirs = urlsplit(self._endpoint), urlsplit(url)
        host, below = theirs.hostname or "", f".{ours.hostname}"
        same_port = theirs.port == ours.port
        same_host = host == ours.hostname or host.endswith(below)
        if theirs.scheme != ours.scheme or not same_host or not same_port:
            raise AzureRefused(
                f"Azure's answer leads to {theirs.scheme}://{host}, which is not below"
                f" {ours.hostname}: no token is sent there, and nothing was changed."
            )
        return url

    def _send(self, request: HttpRequest) -> Answer:
        try:
            response = self._client.send_request(
                request, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
            )
        except ClientAuthenticationError as error:
            raise AzureRefused(
                f"No token for Azure: {_first_line(error)} Check COST_AZURE_TENANT,"
                " COST_AZURE_CLIENT_ID and the federated credential of that identity."
            ) from None
        except HttpResponseError as error:
            raise AzureUnavailable(f"Azure's answer can't be read: {_first_line(error)}") from None
        if response.status_code >= 400:
            _refuse(request, response)
        return Answer(response.status_code, response.headers, _content(response))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]


def _content(response: HttpResponse) -> Json:
    text = response.text()
    if not text.strip():
        return {}
    try:
        said: object = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise AzureUnavailable(
            f"Azure answered {response.status_code} with something that is not JSON. Nothing was"
            " changed; the next run tries again."
        ) from None
    return cast("Json", said) if isinstance(said, dict) else {}


def _refuse(request: HttpRequest, response: HttpResponse) -> NoReturn:
    """Say what Azure says, and what may help."""
    where = urlsplit(request.url).path
    code, message = _fault(response)
    remedy = {
        401: "The token was refused twice: check the identity's tenant.",
        403: _ROLES,
        404: "Check the scope's id; " + _ROLES[0].lower() + _ROLES[1:],
    }.get(response.status_code, "Check the scope's id and what was asked.")
    raise AzureRefused(
        f"Azure answered {response.status_code} {code} for {where}: {message} {remedy}"
    )


def _fault(response: HttpResponse) -> tuple[str, str]:
    """The code and message of an error, as Azure Resource Manager writes it."""
    try:
        said: object = json.loads(response.text())
    except (ValueError, RecursionError):
        return "", ""
    fields = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    return text_at(fields, "error", "code")[:80], text_at(fields, "error", "message")[:300]
