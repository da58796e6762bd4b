"""Google Cloud as one login sees it: a project's rights, datasets, buckets, accounts, topics, log.

Each API refuses what the real one refuses: a token that is not the login's (401), a path or method
that is not the API's (404), a field that a request does not have (400), a thing that is not there
(404), a right that the login lacks (403).
"""

import base64
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from re import Match, fullmatch
from typing import Any, cast

from handlers.messages import parse
from tests.fakes.json_server import Answer, Fields, Request, json_server

TOKEN = "ya29.fake-access-token"
REFRESH_TOKEN = "fake-refresh-token"
CLIENT_SECRET = "fake-client-secret"

Rows = Sequence[Mapping[str, str | None]]
Asked = Callable[[str, Mapping[str, str]], Rows]


@dataclass
class Dataset:
    location: str
    tables: dict[str, Fields] = field(default_factory=dict[str, Fields])
    """By name: what the API says of each beyond its name, like lastModifiedTime."""


@dataclass
class Google:
    """What there is, and what the login may do. A test changes it as it likes."""

    project: str = "acme-costs"
    email: str = "ada@example.com"
    expired: bool = False
    permissions: set[str] | None = None
    """What the login has on the project; None: everything."""
    datasets: dict[str, Dataset] = field(default_factory=dict[str, Dataset])
    """By ``project.dataset``."""
    buckets: dict[str, Fields] = field(default_factory=dict[str, Fields])
    accounts: dict[str, list[Fields]] = field(default_factory=dict[str, list[Fields]])
    """A service account's user-managed keys, by its e-mail."""
    topics: set[str] = field(default_factory=set[str])
    log: list[Fields] = field(default_factory=list[Fields])
    refused: set[str] = field(default_factory=set[str])
    """Names of APIs that the login may not use."""
    asked: Asked | None = None
    """What BigQuery answers to a question and its values."""
    published: Callable[[str, Mapping[str, object], str], None] | None = None
    """Called for each message: its topic, what it says, its id."""
    requests: list[Request] = field(default_factory=list[Request])
    messages: list[tuple[str, Mapping[str, object]]] = field(
        default_factory=list[tuple[str, Mapping[str, object]]]
    )


def login_file(folder: Path, sts: str) -> Path:
    """A login as gcloud writes it for a person of a workforce, whose tokens come from ``sts``."""
    file = folder / "application_default_credentials.json"
    content = {
        "type": "external_account_authorized_user",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/p/providers/p",
        "client_id": "fake-client",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_url": f"{sts}/v1/oauthtoken",
        "token_info_url": f"{sts}/v1/introspect",
    }
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@contextmanager
def google_apis(google: Google) -> Generator[str]:
    """One server that is every API of Google's; its address."""
    with json_server(lambda request: _answer(google, request)) as address:
        yield address


def _answer(google: Google, request: Request) -> Answer:
    google.requests.append(request)
    if request.path == "/v1/oauthtoken":
        return _token(google, request)
    if request.path == "/token":
        return _token_for_key(request)
    if request.bearer != TOKEN:
        return _error(401, "Request had invalid authentication credentials.")
    for api, method, pattern, reply in _ROUTES:
        found = fullmatch(pattern, request.path)
        if found and method == request.method:
            if api in google.refused:
                return _error(403, f"Permission denied on {api}.")
            return reply(google, request, found)
    return _error(404, f"Method not found: {request.method} {request.path}")


def _token(google: Google, request: Request) -> Answer:
    said = base64.b64encode(f"fake-client:{CLIENT_SECRET}".encode()).decode()
    known = (
        request.headers.get("authorization") == f"Basic {said}"
        and request.form.get("refresh_token") == REFRESH_TOKEN
        and request.form.get("grant_type") == "refresh_token"
    )
    if not known or google.expired:
        return Answer(400, {"error": "invalid_grant", "error_description": "Token expired."})
    return Answer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})


def _token_for_key(request: Request) -> Answer:
    """Whose key signed the assertion is not looked at."""
    if request.form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
        return Answer(400, {"error": "unsupported_grant_type"})
    return Answer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})


def _userinfo(google: Google, request: Request, found: Match[str]) -> Answer:
    del request, found
    return Answer(200, {"sub": "1", "email": google.email, "email_verified": True})


def _rights(google: Google, request: Request, found: Match[str]) -> Answer:
    if found["project"] != google.project:
        return _error(403, "The caller does not have permission")
    asked = cast("list[str]", request.body.get("permissions", []))
    if unknown := _unknown(request, {"permissions"}):
        return unknown
    if len(asked) > 100:
        return _error(400, "At most 100 permissions can be tested at once.")
    held = [one for one in asked if google.permissions is None or one in google.permissions]
    return Answer(200, {"permissions": held} if held else {})


def _datasets(google: Google, request: Request, found: Match[str]) -> Answer:
    if wrong := _wrong_query(request, {"all", "maxResults", "pageToken"}):
        return wrong
    mine = [name.split(".")[1] for name in google.datasets if name.startswith(found["project"])]
    listed = [
        {
            "datasetReference": {"projectId": found["project"], "datasetId": name},
            "location": google.datasets[f"{found['project']}.{name}"].location,
        }
        for name in mine
    ]
    # An empty list is left out, as Google does.
    return Answer(200, {"kind": "bigquery#datasetList", **({"datasets": listed} if listed else {})})


def _tables(google: Google, request: Request, found: Match[str]) -> Answer:
    if wrong := _wrong_query(request, {"maxResults", "pageToken"}):
        return wrong
    dataset = google.datasets.get(f"{found['project']}.{found['dataset']}")
    if dataset is None:
        return _error(404, f"Not found: Dataset {found['project']}:{found['dataset']}")
    listed = [{"tableReference": {"tableId": name}} for name in sorted(dataset.tables)]
    size = int(request.query.get("maxResults", "50"))
    begin = int(request.query.get("pageToken", "0"))
    more = {"nextPageToken": str(begin + size)} if begin + size < len(listed) else {}
    return Answer(200, {"tables": listed[begin : begin + size], **more})


def _table(google: Google, request: Request, found: Match[str]) -> Answer:
    del request
    dataset = google.datasets.get(f"{found['project']}.{found['dataset']}")
    if dataset is None or found["table"] not in dataset.tables:
        return _error(404, f"Not found: Table {found['dataset']}.{found['table']}")
    return Answer(200, {"location": dataset.location, **dataset.tables[found["table"]]})


_QUERY_FIELDS = {
    "query", "useLegacySql", "location", "timeoutMs", "defaultDataset", "parameterMode",
    "queryParameters",
}  # fmt: skip


def _query(google: Google, request: Request, found: Match[str]) -> Answer:
    said = request.body
    if unknown := _unknown(request, _QUERY_FIELDS):
        return unknown
    if said.get("useLegacySql") is not False:
        return _error(400, "Syntax error: legacy SQL is the default.")
    name = f"{found['project']}.{said['defaultDataset']['datasetId']}"
    dataset = google.datasets.get(name)
    if dataset is None or dataset.location != said.get("location"):
        return _error(404, f"Not found: Dataset {name} in location {said.get('location')}")
    values: dict[str, str] = {
        one["name"]: one["parameterValue"]["value"] for one in said.get("queryParameters", [])
    }
    rows: Rows = google.asked(str(said["query"]), values) if google.asked else ()
    names = list(rows[0]) if rows else ["none"]
    return Answer(
        200,
        {
            "jobComplete": True,
            "jobReference": {"jobId": "job_1", "location": dataset.location},
            "schema": {"fields": [{"name": name, "type": "STRING"} for name in names]},
            "totalRows": str(len(rows)),
            **({"rows": [{"f": [{"v": row[n]} for n in names]} for row in rows]} if rows else {}),
        },
    )


def _publish(google: Google, request: Request, found: Match[str]) -> Answer:
    if unknown := _unknown(request, {"messages"}):
        return unknown
    if found["topic"] not in google.topics:
        return _error(404, f"Resource not found (resource={found['topic']}).")
    ids: list[str] = []
    for message in request.body["messages"]:
        if set(message) - {"data", "attributes", "orderingKey"}:
            return _error(400, "Invalid JSON payload received.")
        text = base64.b64decode(message["data"], validate=True)
        parse(text)  # what the function would refuse must not be sent
        said = cast("Mapping[str, object]", json.loads(text))
        google.messages.append((found["topic"], said))
        ids.append(str(9000 + len(google.messages)))
        if google.published:
            google.published(found["topic"], said, ids[-1])
    return Answer(200, {"messageIds": ids})


def _entries(google: Google, request: Request, found: Match[str]) -> Answer:
    del found
    if unknown := _unknown(request, {"resourceNames", "filter", "orderBy", "pageSize"}):
        return unknown
    if request.body["resourceNames"] != [f"projects/{google.project}"]:
        return _error(403, "The caller does not have permission")
    kept = [entry for entry in google.log if _matches(entry, str(request.body["filter"]))]
    newest = sorted(kept, key=lambda entry: str(entry["timestamp"]), reverse=True)
    return Answer(200, {"entries": newest} if newest else {})


def _matches(entry: Fields, text: str) -> bool:
    """The part of the log's query language that is used: ``a=("x" OR "y") AND timestamp>="t"``."""
    for term in text.split(" AND "):
        if at := fullmatch(r'timestamp>="([^"]+)"', term):
            if str(entry["timestamp"]) < at[1]:
                return False
            continue
        one = fullmatch(r'jsonPayload\.(\w+)=\(("[^"]*"(?: OR "[^"]*")*)\)', term)
        assert one, f"the log would refuse: {term}"
        allowed = [value.strip('"') for value in one[2].split(" OR ")]
        if entry["jsonPayload"].get(one[1]) not in allowed:
            return False
    return True


def _bucket(google: Google, request: Request, found: Match[str]) -> Answer:
    del request
    bucket = google.buckets.get(found["bucket"])
    return Answer(200, bucket) if bucket else _error(404, "The specified bucket does not exist.")


def _keys(google: Google, request: Request, found: Match[str]) -> Answer:
    if wrong := _wrong_query(request, {"keyTypes"}):
        return wrong
    keys = google.accounts.get(found["email"])
    if keys is None:
        return _error(404, f"Unknown service account {found['email']}")
    return Answer(200, {"keys": keys} if keys else {})


Reply = Callable[[Google, Request, Match[str]], Answer]
_PROJECT = r"/projects/(?P<project>[a-z0-9-]+)"
_ROUTES: Sequence[tuple[str, str, str, Reply]] = (
    ("userinfo", "GET", "/v1/userinfo", _userinfo),
    ("projects", "POST", rf"/v1{_PROJECT}:testIamPermissions", _rights),
    ("bigquery", "GET", rf"/bigquery/v2{_PROJECT}/datasets", _datasets),
    ("bigquery", "GET", rf"/bigquery/v2{_PROJECT}/datasets/(?P<dataset>\w+)/tables", _tables),
    (
        "bigquery",
        "GET",
        rf"/bigquery/v2{_PROJECT}/datasets/(?P<dataset>\w+)/tables/(?P<table>\w+)",
        _table,
    ),
    ("bigquery", "POST", rf"/bigquery/v2{_PROJECT}/queries", _query),
    ("pubsub", "POST", rf"/v1{_PROJECT}/topics/(?P<topic>[\w-]+):publish", _publish),
    ("logging", "POST", "/v2/entries:list", _entries),
    ("storage", "GET", r"/storage/v1/b/(?P<bucket>[\w.-]+)", _bucket),
    ("iam", "GET", rf"/v1{_PROJECT}/serviceAccounts/(?P<email>[\w@.-]+)/keys", _keys),
)


def _unknown(request: Request, known: set[str]) -> Answer | None:
    extra = set(request.body) - known
    if not extra:
        return None
    return _error(400, f'Invalid JSON payload received. Unknown name "{min(extra)}"')


def _wrong_query(request: Request, known: set[str]) -> Answer | None:
    extra = set(request.query) - known
    return _error(400, f'Unknown query parameter "{min(extra)}"') if extra else None


def _error(status: int, message: str) -> Answer:
    error: dict[str, Any] = {"code": status, "message": message, "status": "FAILED"}
    return Answer(status, {"error": error})
