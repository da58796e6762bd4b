"""What moto lacks of AWS: Data Exports, legacy reports, cost allocation tags, simulated rights.

One server for the three JSON APIs and for IAM's simulation and STS as far as a doctor asks them.
It refuses what AWS refuses: a request that is not signed, or not for us-east-1, an operation or
service that it does not know, a caller without the right.
"""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fakes.json_server import Answer, Fields, Request, json_server

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=\w+/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w-]+)/aws4_request, "
    r"SignedHeaders=[\w;-]+, Signature=[0-9a-f]{64}"
)


@dataclass
class AwsBilling:
    """A payer account. A test changes it as it likes."""

    exports: list[Fields] = field(default_factory=list[Fields])
    """As ListExports answers; CreatedAt in seconds since 1970."""
    reports: list[str] = field(default_factory=list[str])
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """The status of each key that AWS has seen."""
    is_payer: bool = True
    denied_actions: set[str] = field(default_factory=set[str])
    """What the login's policies do not allow, as the simulation says."""
    no_right: set[str] = field(default_factory=set[str])
    """Operations that the login may not call."""
    workgroups: list[str] = field(default_factory=list[str])
    """Of Redshift Serverless."""
    free_executions: int = 1000
    """Of Lambda's, at once."""
    code_bytes: int = 0
    """What Lambda keeps of code already, of 75 GiB."""
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Service and operation of each."""


@contextmanager
def aws_billing(aws: AwsBilling) -> Generator[str]:
    """The server; its address."""
    with json_server(lambda request: _answer(aws, request)) as address:
        yield address


def _answer(aws: AwsBilling, request: Request) -> Answer:
    signed = SIGNED.fullmatch(request.headers.get("authorization", ""))
    if signed is None:
        return _error(403, "MissingAuthenticationTokenException", "not signed")
    if signed["service"] == "lambda":
        return _lambda(aws, request)
    if request.method != "POST":
        return _error(403, "MissingAuthenticationTokenException", "not signed")
    if signed["region"] != "us-east-1":
        return _error(400, "UnrecognizedClientException", f"no such service in {signed['region']}")
    if signed["service"] == "iam":
        return _iam(aws, request)
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
    aws.requests.append((signed["service"], operation))
    reply = _OPERATIONS.get((signed["service"], operation))
    if reply is None:
        return _error(400, "UnknownOperationException", operation)
    if operation in aws.no_right:
        return _error(400, "AccessDeniedException", f"not authorized to perform {operation}")
    return reply(aws, request)


def _exports(aws: AwsBilling, request: Request) -> Answer:
    # Two to a page, so that a reader who stops after the first one is found out.
    begin = int(request.body.get("NextToken", "0"))
    more = {"NextToken": str(begin + 2)} if begin + 2 < len(aws.exports) else {}
    return Answer(200, {"Exports": aws.exports[begin : begin + 2], **more})


def _reports(aws: AwsBilling, request: Request) -> Answer:
    del request
    rest = {
        "TimeUnit": "HOURLY",
        "Format": "textORcsv",
        "Compression": "GZIP",
        "AdditionalSchemaElements": ["RESOURCES"],
        "S3Bucket": "reports",
        "S3Prefix": "",
        "S3Region": "us-east-1",
    }
    found = [{"ReportName": name, **rest} for name in aws.reports]
    return Answer(200, {"ReportDefinitions": found})


def _tags(aws: AwsBilling, request: Request) -> Answer:
    if not aws.is_payer:
        return _error(
            400,
            "AccessDeniedException",
            "Linked account doesn't have access to cost allocation tags.",
        )
    assert request.body == {"Type": "UserDefined"}
    known = [
        {"TagKey": key, "Status": status, "Type": "UserDefined"} for key, status in aws.tags.items()
    ]
    return Answer(200, {"CostAllocationTags": known})


def _workgroups(aws: AwsBilling, request: Request) -> Answer:
    """Two to a page, as exports."""
    begin = int(request.body.get("nextToken", "0"))
    more = {"nextToken": str(begin + 2)} if begin + 2 < len(aws.workgroups) else {}
    found = [{"workgroupName": name} for name in aws.workgroups[begin : begin + 2]]
    return Answer(200, {"workgroups": found, **more})


def _lambda(aws: AwsBilling, request: Request) -> Answer:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html"""
    if (request.method, request.path.rstrip("/")) != ("GET", "/2016-08-19/account-settings"):
        return _error(404, "ResourceNotFoundException", request.path)
    limit = {
        "TotalCodeSize": 75 * 1024**3,
        "UnreservedConcurrentExecutions": aws.free_executions,
    }
    return Answer(200, {"AccountLimit": limit, "AccountUsage": {"TotalCodeSize": aws.code_bytes}})


_OPERATIONS: Mapping[tuple[str, str], Callable[[AwsBilling, Request], Answer]] = {
    ("bcm-data-exports", "ListExports"): _exports,
    ("cur", "DescribeReportDefinitions"): _reports,
    ("ce", "ListCostAllocationTags"): _tags,
    ("redshift-serverless", "ListWorkgroups"): _workgroups,
}


def _iam(aws: AwsBilling, request: Request) -> Answer:
    form = request.form
    if form.get("Action") != "SimulatePrincipalPolicy":
        return _xml_error(400, "InvalidAction", str(form.get("Action")))
    aws.requests.append(("iam", "SimulatePrincipalPolicy"))
    if "SimulatePrincipalPolicy" in aws.no_right:
        return _xml_error(403, "AccessDenied", "not authorized to perform SimulatePrincipalPolicy")
    if not re.fullmatch(r"arn:aws:iam::\d{12}:(user|role)/[\w/-]+", form["PolicySourceArn"]):
        return _xml_error(400, "InvalidInput", f"Invalid Entity Arn: {form['PolicySourceArn']}")
    actions = [value for name, value in form.items() if name.startswith("ActionNames.member.")]
    results = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>"
        f"{'implicitDeny' if action in aws.denied_actions else 'allowed'}</EvalDecision></member>"
        for action in actions
    )
    return Answer(
        200,
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>{results}"
        "</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
    )


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"__type": code, "message": message})


def _xml_error(status: int, code: str, message: str) -> Answer:
    return Answer(
        status,
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        "</Error><RequestId>1</RequestId></ErrorResponse>",
    )


@contextmanager
def refusing_sts(code: str) -> Generator[str]:
    """An STS that takes no login, for the reason ``code``; its address."""
    with json_server(lambda _: _xml_error(403, code, "The security token is not valid")) as address:
        yield address


@contextmanager
def sts_of(arn: str) -> Generator[str]:
    """An STS that knows the login as ``arn``, and lets it take no role; its address."""
    account = arn.split(":")[4]

    def answer(request: Request) -> Answer:
        if request.form.get("Action") != "GetCallerIdentity":
            return _xml_error(403, "AccessDenied", f"{arn} is not authorized to take the role")
        return Answer(
            200,
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>A</UserId>"
            f"<Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        )

    with json_server(answer) as address:
        yield address
