"""Redshift Serverless and Azure SQL as the last copies see them: two servers on this machine.

They refuse what the real ones refuse: a namespace or database that is not there, a name that is
taken, a request without a token or a version.
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fakes.json_server import Answer, Request, json_server

CREATED, ACCEPTED, MISSING, TAKEN = 201, 202, 404, 409


@dataclass
class Clouds:
    """What there is; ``polls`` is how often a copy is asked after before it is ready."""

    namespaces: set[str] = field(default_factory=lambda: {"ai-cost"})
    snapshots: dict[str, int] = field(default_factory=dict[str, int])
    databases: dict[str, int] = field(default_factory=dict[str, int])
    polls: int = 2
    ends_as: str = "AVAILABLE"
    token: str = "fake-token"

    def redshift(self, request: Request) -> Answer:
        """https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/"""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        name = str(request.body.get("snapshotName"))
        match operation:
            case "CreateSnapshot":
                if request.body.get("namespaceName") not in self.namespaces:
                    return _no(MISSING, "ResourceNotFoundException")
                if name in self.snapshots:
                    return _no(TAKEN, "ConflictException")
                self.snapshots[name] = 0
            case "GetSnapshot" if name in self.snapshots:
                self.snapshots[name] += 1
            case _:
                return _no(MISSING, "ResourceNotFoundException")
        ready = self.snapshots[name] >= self.polls
        status = self.ends_as if ready else "CREATING"
        return Answer(200, {"snapshot": {"snapshotName": name, "status": status}})

    def azure(self, request: Request) -> Answer:
        """https://learn.microsoft.com/rest/api/sql/databases/create-or-update"""
        if request.bearer != self.token:
            return Answer(401, {"error": {"code": "InvalidAuthenticationToken"}})
        if "api-version" not in request.query:
            return Answer(400, {"error": {"code": "MissingApiVersionParameter"}})
        name = request.path.rpartition("/")[2]
        if request.method == "PUT":
            source = str(request.body["properties"]["sourceDatabaseId"])
            if not source.endswith("/costs") or request.body["properties"]["createMode"] != "Copy":
                return Answer(400, {"error": {"code": "InvalidParameterValue"}})
            self.databases[name] = 0
            return Answer(ACCEPTED, {"operation": "CreateLogicalDatabase"})
        if name not in self.databases:
            return Answer(MISSING, {"error": {"code": "ResourceNotFound"}})
        self.databases[name] += 1
        if self.databases[name] < self.polls:
            return Answer(MISSING, {"error": {"code": "ResourceNotFound"}})
        return Answer(200, {"name": name, "properties": {"status": "Online"}})


@contextmanager
def served(clouds: Clouds) -> Generator[tuple[str, str]]:
    """The addresses of Redshift Serverless and of Azure's resource manager."""
    with json_server(clouds.redshift) as redshift, json_server(clouds.azure) as azure:
        yield redshift, azure


def _no(status: int, code: str) -> Answer:
    said = {"__type": code, "message": f"{code} by the fake"}
    return Answer(status, json.dumps(said), {"x-amzn-errortype": code})
