"""What the runtime is told by its environment: every name, what it means, what it may hold.

``VARIABLES`` is the single list. infra fills a function's environment through ``environment``, the
function reads it through ``RuntimeSettings.from_environment``, so a name that one side knows and
the other doesn't fails in a test or at start, never at three in the morning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from handlers.errors import CostError
from handlers.record import Cloud
from handlers.scopes import GUID, Allowed, Scope, read_scopes

V = TypeVar("V")

AWS_AUDIENCE = "ai-cost-monitoring"
"""What the identity token for AWS is asked for; the role's trust policy pins it as ``oaud``."""

AZURE_AUDIENCE = "api://AzureADTokenExchange"
"""What Microsoft Entra expects of a federated token:
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity"""


class PushSignature(StrEnum):
    """Who checks the signature of the token that comes with a message."""

    CLOUD_RUN = "cloud-run"
    """Cloud Run, which lets only the named invoker in and hands the token on without its signature:
    https://cloud.google.com/run/docs/troubleshooting#signature-removed. Only for a service on
    which nobody but that account has the invoker's role."""
    GOOGLE_CERTS = "google-certs"
    """The function, against Google's certificates: for a service that any caller reaches."""


class Name(StrEnum):
    """The environment's names."""

    JOB = "COST_JOB"
    CLOUD = "COST_CLOUD"
    PROJECT = "COST_PROJECT"
    LOCATION = "COST_LOCATION"
    DATASET = "COST_DATASET"
    STAGING_DATASET = "COST_STAGING_DATASET"
    ARCHIVE = "COST_ARCHIVE"
    SITE = "COST_SITE"
    SCOPES = "COST_SCOPES"
    SHRINK_HOLD_SHARE = "COST_SHRINK_HOLD_SHARE"
    PUSH_AUDIENCE = "COST_PUSH_AUDIENCE"
    PUSH_ACCOUNT = "COST_PUSH_ACCOUNT"
    PUSH_SIGNATURE = "COST_PUSH_SIGNATURE"
    AZURE_TENANT = "COST_AZURE_TENANT"
    AZURE_CLIENT_ID = "COST_AZURE_CLIENT_ID"
    GRAFANA_URL = "COST_GRAFANA_URL"


@dataclass(frozen=True)
class Variable:
    """A name of the environment; ``jobs`` are the clouds whose job has it, None being the hub's."""

    name: Name
    meaning: str
    allowed: Allowed
    jobs: frozenset[Cloud | None]


_CLOUDS: frozenset[Cloud | None] = frozenset(Cloud)
_EVERY = _CLOUDS | {None}
_AZURE: frozenset[Cloud | None] = frozenset({Cloud.AZURE})
_HUB: frozenset[Cloud | None] = frozenset({None})
_BUCKET = Allowed(
    r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/[\w./=-]*[\w=-])?",
    "gs://BUCKET or gs://BUCKET/PREFIX",
)
_DATASET = Allowed(r"\w{1,1024}", "a dataset's name: letters, digits and _")
_ONE_TO_ZERO = Allowed(r"0(\.\d{1,6})?|1(\.0{1,6})?", "a number from 0 to 1, like 0.2")

VARIABLES: tuple[Variable, ...] = (
    Variable(
        Name.JOB,
        "The job's name, in every log line and in the ledger.",
        Allowed(r"[a-z][a-z0-9-]{0,62}", "small letters, digits and -"),
        _EVERY,
    ),
    Variable(
        Name.CLOUD,
        "Whose bills the job collects; the hub's own job has none.",
        Allowed("|".join(Cloud), "one of " + ", ".join(Cloud)),
        _CLOUDS,
    ),
    Variable(
        Name.PROJECT,
        "The hub's Google project.",
        Allowed(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project id"),
        _EVERY,
    ),
    Variable(
        Name.LOCATION,
        "Where BigQuery keeps the datasets and runs the jobs.",
        Allowed(r"US|EU|[a-z]+-[a-z]+\d{1,2}", "US, EU or a region like europe-west3"),
        _EVERY,
    ),
    Variable(Name.DATASET, "The dataset of tables and views.", _DATASET, _EVERY),
    Variable(Name.STAGING_DATASET, "The dataset that load jobs fill; expires.", _DATASET, _EVERY),
    Variable(Name.ARCHIVE, "Where the archive of loaded lines lies.", _BUCKET, _EVERY),
    Variable(Name.SITE, "Where the site data lies.", _BUCKET, _EVERY),
    Variable(
        Name.SCOPES,
        "The scopes to collect: a JSON list, keys as in handlers/scopes.py; may be empty.",
        Allowed(r"(?s).{2,32000}", "a JSON list of objects"),
        _CLOUDS,
    ),
    Variable(
        Name.SHRINK_HOLD_SHARE,
        "A load that shrinks a period by more than this share is held.",
        _ONE_TO_ZERO,
        _CLOUDS,
    ),
    Variable(
        Name.PUSH_AUDIENCE,
        "The audience of the token that comes with a message.",
        Allowed(r"[!-~]{1,500}", "the audience of the push subscription"),
        _EVERY,
    ),
    Variable(
        Name.PUSH_ACCOUNT,
        "The service account in whose name messages are pushed.",
        Allowed(
            r"[a-z0-9-]{6,30}@[a-z0-9.-]+\.gserviceaccount\.com", "a service account's address"
        ),
        _EVERY,
    ),
    Variable(
        Name.PUSH_SIGNATURE,
        "Who checks the signature of that token.",
        Allowed("|".join(PushSignature), "one of " + ", ".join(PushSignature)),
        _EVERY,
    ),
    Variable(Name.AZURE_TENANT, "The tenant of the managed identity.", GUID, _AZURE),
    Variable(Name.AZURE_CLIENT_ID, "The managed identity that trusts this function.", GUID, _AZURE),
    Variable(
        Name.GRAFANA_URL,
        "Where the dashboards are: the links of alerts begin with it.",
        Allowed(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w./~-]*)?", "an https URL without a query"),
        _HUB,
    ),
)


@dataclass(frozen=True)
class Mistake:
    """One value that can't be used."""

    name: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} is {self.found}: allowed is {self.allowed}. {self.remedy}"


class SettingsError(CostError):
    """The environment can't be used; names every mistake at once."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        lines = "\n".join(f"  {mistake}" for mistake in mistakes)
        super().__init__(f"The environment has {len(mistakes)} mistakes:\n{lines}")
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class Azure:
    """How an Azure job proves who it is: by Google's token, traded for one of this identity."""

    tenant: str
    client_id: str


@dataclass(frozen=True)
class Hub:
    """The hub's datasets, and where they are."""

    project: str
    location: str
    dataset: str
    staging_dataset: str


@dataclass(frozen=True)
class Push:
    """Who may send messages."""

    audience: str
    account: str
    signature: PushSignature


@dataclass(frozen=True, kw_only=True)
class RuntimeSettings:
    """What one job runs with; ``cloud`` is None for the hub's own job, which has no scopes."""

    job: str
    cloud: Cloud | None
    project: str
    location: str
    dataset: str
    staging_dataset: str
    archive: str
    site: str
    scopes: tuple[Scope, ...]
    shrink_hold_share: Decimal | None
    push: Push
    azure: Azure | None
    grafana_url: str
    """Empty for all but the hub's own job."""

    @property
    def hub(self) -> Hub:
        """The hub that the job writes to."""
        return Hub(self.project, self.location, self.dataset, self.staging_dataset)

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "RuntimeSettings":
        """The settings in ``env``, of which only the names in ``VARIABLES`` are read.

        Raises:
            SettingsError: names every value that is missing or not allowed.
        """
        given = {name: env[name].strip() for name in Name if env.get(name, "").strip()}
        cloud = next((cloud for cloud in Cloud if cloud == given.get(Name.CLOUD)), None)
        mistakes = [
            mistake for v in _to_check(given, cloud) for mistake in _mistakes_of(v, given, cloud)
        ]
        scopes: tuple[Scope, ...] = ()
        if cloud is not None and Name.SCOPES in given:
            scopes, wrong = read_scopes(cloud, given[Name.SCOPES])
            mistakes += [
                Mistake(f"{Name.SCOPES} {m.where}".strip(), m.found, m.allowed, _REMEDY)
                for m in wrong
            ]
        if mistakes:
            raise SettingsError(mistakes)
        share = given.get(Name.SHRINK_HOLD_SHARE)
        azure = cloud is Cloud.AZURE
        return cls(
            job=given[Name.JOB],
            cloud=cloud,
            project=given[Name.PROJECT],
            location=given[Name.LOCATION],
            dataset=given[Name.DATASET],
            staging_dataset=given[Name.STAGING_DATASET],
            archive=given[Name.ARCHIVE],
            site=given[Name.SITE],
            scopes=scopes,
            shrink_hold_share=Decimal(share) if share is not None else None,
            push=Push(
                given[Name.PUSH_AUDIENCE],
                given[Name.PUSH_ACCOUNT],
                PushSignature(given[Name.PUSH_SIGNATURE]),
            ),
            azure=Azure(given[Name.AZURE_TENANT], given[Name.AZURE_CLIENT_ID]) if azure else None,
            grafana_url=given.get(Name.GRAFANA_URL, ""),
        )


def read_hub(env: Mapping[str, str]) -> Hub:
    """The hub that ``env`` names, for a person at the door or for CI.

    Raises:
        SettingsError: names every value that is missing or not allowed.
    """
    names = (Name.PROJECT, Name.LOCATION, Name.DATASET, Name.STAGING_DATASET)
    values = _read(env, names)
    return Hub(*(values[name] for name in names))


def read_place(env: Mapping[str, str], name: Name) -> str:
    """The value of one name, for a person at the door or for CI; raises SettingsError."""
    return _read(env, (name,))[name]


def read_scopes_of(cloud: Cloud, env: Mapping[str, str]) -> tuple[tuple[Scope, ...], Azure | None]:
    """The scopes of ``cloud`` that ``env`` names, and the identity in Azure if it names one.

    Raises:
        SettingsError: names every value that is missing or not allowed.
    """
    scopes, wrong = read_scopes(cloud, _read(env, (Name.SCOPES,))[Name.SCOPES])
    if wrong:
        raise SettingsError(
            [
                Mistake(f"{Name.SCOPES} {m.where}".strip(), m.found, m.allowed, DOOR_REMEDY)
                for m in wrong
            ]
        )
    identity = (Name.AZURE_TENANT, Name.AZURE_CLIENT_ID)
    if cloud is not Cloud.AZURE or not any(env.get(name) for name in identity):
        return scopes, None
    values = _read(env, identity)
    return scopes, Azure(*(values[name] for name in identity))


def _read(env: Mapping[str, str], names: Sequence[Name]) -> Mapping[Name, str]:
    """The values of ``names``, whatever job has them."""
    given = {name: env.get(name, "").strip() for name in names}
    rules = {variable.name: variable.allowed for variable in VARIABLES}
    mistakes = [
        Mistake(name, f"'{value[:80]}'" if value else "not set", rules[name].words, DOOR_REMEDY)
        for name, value in given.items()
        if re.fullmatch(rules[name].pattern, value, re.ASCII) is None
    ]
    if mistakes:
        raise SettingsError(mistakes)
    return given


DOOR_REMEDY = "Set it in the environment as the functions have it: 'pulumi stack output' names it."
"""What a person at the door does about a mistake."""
_REMEDY = "The program in infra/ sets it: run 'pulumi up', which replaces what was set by hand."


def _to_check(given: Mapping[Name, str], cloud: Cloud | None) -> Sequence[Variable]:
    """All; without those that depend on the cloud when its name is one that can't be read."""
    if cloud is None and Name.CLOUD in given:
        return [v for v in VARIABLES if v.jobs == _EVERY or v.name is Name.CLOUD]
    return VARIABLES


def _mistakes_of(
    variable: Variable, given: Mapping[Name, str], cloud: Cloud | None
) -> list[Mistake]:
    value = given.get(variable.name)
    words = variable.allowed.words
    if value is None:
        # Without a cloud it is the hub's job, so COST_CLOUD itself is never missing.
        missing = cloud in variable.jobs
        return [Mistake(variable.name, "not set", words, _REMEDY)] if missing else []
    if cloud not in variable.jobs and variable.name is not Name.CLOUD:
        whose = f"nothing, for the job of {cloud or 'the hub'}"
        return [Mistake(variable.name, f"'{value[:80]}'", whose, _REMEDY)]
    if re.fullmatch(variable.allowed.pattern, value, re.ASCII) is None:
        return [Mistake(variable.name, f"'{value[:80]}'", words, _REMEDY)]
    return []


def environment(cloud: Cloud | None, values: Mapping[Name, V]) -> dict[str, V]:
    """The environment of the job that collects ``cloud``, or of the hub's own job.

    ``values`` may be known later (an output of the program that provisions), so only the names
    are looked at: exactly those that such a job reads. ``names_for`` lists them.

    Raises:
        ValueError: names what is missing and what does not belong; a defect of the caller.
    """
    wanted = names_for(cloud)
    missing = [name for name in wanted if name not in values]
    extra = [name for name in values if name not in wanted]
    if missing or extra:
        raise ValueError(
            f"The job of {cloud or 'the hub'} reads {', '.join(wanted)}:"
            f" missing {', '.join(missing) or 'none'}, not read {', '.join(extra) or 'none'}."
        )
    return {name.value: values[name] for name in wanted}


def names_for(cloud: Cloud | None) -> tuple[Name, ...]:
    """The names that the job of ``cloud`` reads, in the list's order."""
    return tuple(variable.name for variable in VARIABLES if cloud in variable.jobs)
