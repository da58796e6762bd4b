"""What the roles of the native path may do: IAM documents, each with exactly its actions."""

from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

_VERSION = "2012-10-17"


def trusts_service(service: str, account: str | None = None) -> Document:
    """Who may take a role: a service of AWS, for a resource of ``account`` where it says whose."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if account is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return {"Version": _VERSION, "Statement": [statement]}


def trusts_services(services: Sequence[str]) -> Document:
    """Who may take a role: several services of AWS."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": sorted(services)},
        "Action": "sts:AssumeRole",
    }
    return {"Version": _VERSION, "Statement": [statement]}


def trusts_principal(arn: str) -> Document:
    """Who may take a role: one role or user, by its ARN."""
    return {
        "Version": _VERSION,
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}],
    }


def collects(known: Mapping[str, Any]) -> Document:
    """What the Lambda may do; ``known`` has the ARNs of what it works on.

    A statement of the Data API has no ARN, so that what comes after its start is granted for the
    statements that the caller has started itself:
    https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html
    """
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "WriteLog",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{known['log_group']}:*",
            },
            {
                "Sid": "SetAside",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": known["dead_letter"],
            },
            *_asks_redshift(known["workgroup"]),
            *_stages(known["staging"], remove="s3:DeleteObject"),
            {
                # Of what is not there S3 says so only to whoever may list.
                "Sid": "FindArchived",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": known["archive"],
            },
            {
                "Sid": "Archive",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": f"{known['archive']}/*",
            },
            {
                "Sid": "TakeReadingRoles",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": _sorted(known["reading_roles"]),
            },
        ],
    }


def copies(known: Mapping[str, Any]) -> Document:
    """What Redshift may do for COPY and UNLOAD: read and write the staging bucket."""
    return {
        "Version": _VERSION,
        "Statement": _stages(known["staging"], locate="s3:GetBucketLocation"),
    }


def starts(known: Mapping[str, Any]) -> Document:
    """What the schedule may do: start the Lambda, and set aside what could not be started."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "Start",
                "Effect": "Allow",
                "Action": "lambda:InvokeFunction",
                "Resource": known["function"],
            },
            {
                "Sid": "SetAside",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": known["dead_letter"],
            },
        ],
    }


def runs_task(known: Mapping[str, Any]) -> Document:
    """What the task's schedule may do: start any version of it in its cluster, as its two roles."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "Start",
                "Effect": "Allow",
                "Action": "ecs:RunTask",
                "Resource": f"{known['family']}:*",
                "Condition": {"ArnEquals": {"ecs:cluster": known["cluster"]}},
            },
            {
                "Sid": "HandRoles",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": _sorted(known["roles"]),
                "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            },
            {
                "Sid": "SetAside",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": known["dead_letter"],
            },
        ],
    }


def pulls(known: Mapping[str, Any]) -> Document:
    """What Fargate may do to start the task: fetch its image, and write its log.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "SignIn",
                "Effect": "Allow",
                "Action": "ecr:GetAuthorizationToken",
                "Resource": "*",
            },
            {
                "Sid": "FetchImage",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": known["repository"],
            },
            {
                "Sid": "WriteLog",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{known['log_group']}:*",
            },
        ],
    }


def shows(known: Mapping[str, Any]) -> Document:
    """What Grafana's role may do: ask the warehouse, as the data source's documentation lists it.

    https://grafana.com/docs/plugins/grafana-redshift-datasource/latest/configure/
    """
    statements = _asks_redshift(known["workgroup"], "redshift-data:CancelStatement")
    return {"Version": _VERSION, "Statement": statements}


def takes(role: str) -> Document:
    """What Grafana's user may do: take that one role."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "TakeReader",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": role,
            }
        ],
    }


def receives_from(queue: str, rule: str) -> Document:
    """The policy of a dead letter: EventBridge may set aside what ``rule`` could not deliver."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "SetAside",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ],
    }


def _asks_redshift(workgroup: str, *also: str) -> list[dict[str, Any]]:
    return [
        {
            "Sid": "Ask",
            "Effect": "Allow",
            "Action": [
                "redshift-data:BatchExecuteStatement",
                "redshift-data:ExecuteStatement",
                "redshift-serverless:GetCredentials",
            ],
            "Resource": workgroup,
        },
        {
            "Sid": "HearOfOwnStatements",
            "Effect": "Allow",
            "Action": [
                *also,
                "redshift-data:DescribeStatement",
                "redshift-data:GetStatementResult",
                "redshift-data:ListStatements",
            ],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
            },
        },
    ]


def _stages(bucket: str, *, locate: str = "", remove: str = "") -> list[dict[str, Any]]:
    """What works with staged files; ``locate`` and ``remove`` are what one of them does beside."""
    objects = ["s3:GetObject", "s3:PutObject", *filter(None, [remove])]
    return [
        {
            "Sid": "FindStaged",
            "Effect": "Allow",
            "Action": [*filter(None, [locate]), "s3:ListBucket"],
            "Resource": bucket,
        },
        {"Sid": "Stage", "Effect": "Allow", "Action": objects, "Resource": f"{bucket}/*"},
    ]


def _sorted(arns: Sequence[Any]) -> list[str]:
    return sorted(str(arn) for arn in arns)
