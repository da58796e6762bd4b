"""AWS: who is logged in, and in each payer account rights, export, first bill and tags."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import Template
from typing import Any, cast

from infra.apis.aws import Aws
from infra.apis.login import LoginExpired, LoginMissing
from infra.apis.web import Refused
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.doctor.needs import needs
from infra.scopes import AwsScope
from infra.settings import AwsSettings


@dataclass(frozen=True)
class Payer:
    """A payer account, and who works in it."""

    settings: AwsSettings
    scope: AwsScope
    number: int
    """Its place in the configuration's list, from 0."""
    place: Place

    @cached_property
    def aws(self) -> Aws:
        """The login, having taken the scope's role.

        Raises:
            LoginMissing, LoginExpired, Refused: it can't.
        """
        return Aws.find(self.settings.region).through(self.scope.role)

    @property
    def holds_warehouse(self) -> bool:
        """Whether AWS's own warehouse is, or would be, in this account."""
        return self.scope.id == self.settings.redshift.account

    def finding(self, name: str, **names: object) -> Finding:
        """A finding about this account."""
        return finding(name, scope=self.scope.id, number=self.number, **names)


def payers(place: Place) -> Sequence[Payer]:
    """The payer accounts of the configuration."""
    settings = place.environment.settings.aws
    if settings is None:
        return []
    return [Payer(settings, scope, number, place) for number, scope in enumerate(settings.scopes)]


def login(place: Place) -> Iterator[Finding]:
    """Which login there is and whose; whether it is, or can become, one of each payer account."""
    known = "aws_scopes" not in place.environment.examples
    everyone: Sequence[Payer] = payers(place) if known else ()
    region = everyone[0].settings.region if everyone else "us-east-1"
    try:
        said = Aws.find(region).call("sts", "get_caller_identity")
    except LoginMissing as error:
        yield finding("aws-login.missing", error=error.reason)
        return
    except LoginExpired as error:
        yield finding("aws-login.expired", error=error.reason)
        return
    who, account = str(said["Arn"]), str(said["Account"])
    # The key of a user has no end; an assumed role's session has.
    yield finding(f"aws-login.{'key' if ':user/' in who else 'ok'}", who=who)
    for payer in everyone:
        yield _in_account(payer, account)


def _in_account(payer: Payer, account: str) -> Finding:
    role = payer.scope.role
    if role is None:
        state = "ok" if account == payer.scope.id else "other"
        return payer.finding(f"aws-account.{state}", account=account)
    try:
        said = payer.aws.call("sts", "get_caller_identity")
    except Refused as error:
        return payer.finding("aws-account.role-refused", role=role, error=error)
    state = "role" if str(said["Account"]) == payer.scope.id else "other-role"
    return payer.finding(f"aws-account.{state}", role=role, account=said["Account"])


def payer_account(payer: Payer) -> Iterator[Finding]:
    """Is it a payer account at all? A member account's export holds its own costs alone."""
    try:
        said = payer.aws.call("organizations", "describe_organization")
    except Refused as error:
        if "AWSOrganizationsNotInUseException" not in str(error):
            raise
        yield payer.finding("aws-payer.alone")
        return
    master = str(said["Organization"]["MasterAccountId"])
    state = "ok" if master == payer.scope.id else "member"
    yield payer.finding(f"aws-payer.{state}", master=master)


def rights(payer: Payer) -> Iterator[Finding]:
    """What the login's policies allow, as IAM itself simulates them.

    Organisation-wide rules and boundaries count too; a policy of the resource does not.
    """
    aws = payer.aws
    arn = str(aws.call("sts", "get_caller_identity")["Arn"])
    if arn.endswith(":root"):
        yield payer.finding("aws-rights.root")
        return
    principal = principal_of(arn)
    own = payer.settings.redshift
    names = {
        "scope": payer.scope.id,
        "bucket": payer.settings.bucket_name(payer.scope),
        "task": own.job.name,
    }
    allowed = True
    for need in needs("aws", payer.place.environment.settings.phase, own.runtime):
        if need.get("in") == "warehouse" and not payer.holds_warehouse:
            continue
        denied = _denied(aws, principal, need["actions"], Template(need["on"]).substitute(names))
        if denied:
            allowed = False
            yield payer.finding(
                "aws-rights.missing", why=need["why"], missing=", ".join(denied), who=principal
            )
    if allowed:
        yield payer.finding("aws-rights.ok", who=principal)


def principal_of(arn: str) -> str:
    """Whose policies count: of a session, the role's.

    A role's path is not in its sessions' names, so that a role with one can't be found so.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    """
    head, slash, rest = arn.partition(":assumed-role/")
    if not slash:
        return arn
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}"


def _denied(aws: Aws, principal: str, actions: Sequence[str], resource: str) -> list[str]:
    said = aws.call(
        "iam",
        "simulate_principal_policy",
        PolicySourceArn=principal,
        ActionNames=list(actions),
        ResourceArns=[resource],
    )
    results = cast("list[dict[str, Any]]", said["EvaluationResults"])
    return [
        str(result["EvalActionName"]) for result in results if result["EvalDecision"] != "allowed"
    ]
