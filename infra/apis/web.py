"""One call of an HTTPS API: JSON in, JSON out, never longer than a few seconds.

No redirect is followed, because the login must not reach another host, and nothing is tried again:
who asks decides what a failure means.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import requests

from handlers.errors import CostError

SECONDS = 10.0
"""How long to wait for a connection, and for each answer."""
LONGEST_MESSAGE = 300

Json = Mapping[str, Any]
Query = Mapping[str, str]


class Unreachable(CostError):
    """No answer came: no network, a wrong address, or too slow."""


class Refused(CostError):
    """The API answered, and not with what was asked for. ``status`` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Api:
    """An API at an address. ``token`` gives what shows who asks; it is fetched for each call."""

    address: str
    token: Callable[[], str] | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, path: str, query: Query = MappingProxyType({})) -> Json:
        """The object that the API says ``path`` is; see ``_call`` for errors."""
        found = self._call("GET", path, query, None)
        if not isinstance(found, dict):
            raise Refused(200, f"{self.address}{path} answers with something that is no object.")
        return cast("Json", found)

    def get_list(self, path: str, query: Query = MappingProxyType({})) -> Sequence[Json]:
        """The list of objects that the API says ``path`` is; see ``_call`` for errors."""
        found = self._call("GET", path, query, None)
        if not isinstance(found, list):
            raise Refused(200, f"{self.address}{path} answers with something that is no list.")
        return cast("list[Json]", found)

    def post(self, path: str, body: Json, query: Query = MappingProxyType({})) -> Json:
        """The object that the API answers to ``body``; see ``_call`` for errors."""
        found = self._call("POST", path, query, body)
        if not isinstance(found, dict):
            raise Refused(200, f"{self.address}{path} answers with something that is no object.")
        return cast("Json", found)

    def put(self, path: str, body: Json, query: Query = MappingProxyType({})) -> Json:
        """The object that the API has made of ``path``; see ``_call`` for errors."""
        found = self._call("PUT", path, query, body)
        if not isinstance(found, dict):
            raise Refused(200, f"{self.address}{path} answers with something that is no object.")
        return cast("Json", found)

    def _call(self, method: str, path: str, query: Query, body: Json | None) -> object:
        """The answer's JSON.

        Raises:
            Unreachable: no answer came.
            Refused: it was no success, or no JSON.
        """
        headers = {"Accept": "application/json", **self.headers}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token()}"
        try:
            answer = requests.request(
                method,
                f"{self.address}{path}",
                params=dict(query),
                json=body,
                headers=headers,
                timeout=SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(
                f"{self.address} does not answer: {type(error).__name__}. Is there a network, and "
                "the proxy that it needs (HTTPS_PROXY)?"
            ) from None
        if not 200 <= answer.status_code < 300:
            raise Refused(answer.status_code, f"{self.address}{path}: {_why(answer)}")
        try:
            return cast("object", answer.json())
        except ValueError:
            where = f"{self.address}{path}"
            raise Refused(answer.status_code, f"{where} answers with no JSON.") from None


def _why(answer: requests.Response) -> str:
    """The status and what Google, Azure and Grafana each write as the reason, on one line."""
    if answer.is_redirect:
        return f"{answer.status_code}, sent on to another address"
    try:
        said: object = answer.json()
    except ValueError:
        said = None
    text = ""
    if isinstance(said, dict):
        fields = cast("dict[str, object]", said)
        inner = fields.get("error", fields)
        if isinstance(inner, dict):
            text = str(cast("dict[str, object]", inner).get("message", ""))
        else:
            text = str(fields.get("error_description", inner))
    short = " ".join(text.split())[:LONGEST_MESSAGE]
    return f"{answer.status_code} {short or answer.reason}"
