"""Whose bills an environment reads: payer accounts, subscriptions and billing accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.reading import Allowed, Fields, Reader

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

ACCOUNT = Allowed(r"\d{12}", "an AWS account's 12 digits", "111122223333")
ROLE = Allowed(
    r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    "a role's ARN",
    "arn:aws:iam::111122223333:role/deploy",
)
BUCKET = Allowed(
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name, 3 to 63 small letters", "our-exports"
)
AWS_REGION = Allowed(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region", "us-east-1")
EXPORT = Allowed(r"[A-Za-z0-9_-]{1,64}", "letters, digits, - and _, at most 64", "llm-cost-export")
PREFIX = Allowed(
    r"[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*/?", "a folder in the bucket", "cost-reports"
)
AZURE_SCOPE = Allowed(
    rf"(?i:/subscriptions/{GUID}"
    r"|/providers/Microsoft\.Billing/billingAccounts/[\w:.-]+(/billingProfiles/[\w-]+)?)",
    "/subscriptions/GUID or /providers/Microsoft.Billing/billingAccounts/ID[/billingProfiles/ID]",
    "/subscriptions/00000000-0000-0000-0000-000000000000",
)
STORAGE_ACCOUNT = Allowed(
    r"[a-z0-9]{3,24}", "3 to 24 small letters and digits, unique in all of Azure", "acmecosts"
)
CONTAINER = Allowed(r"[a-z0-9](-?[a-z0-9]){2,62}", "a container's name", "exports")
BILLING_ACCOUNT = Allowed(
    r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}", "a billing account's id", "01E214-63C8A3-9E57E3"
)
EXPORT_TABLE = Allowed(
    r"[a-z][a-z0-9:.-]{4,62}\.\w+\.gcp_billing_export_(resource_)?v1_[0-9A-F_]+",
    "the whole name of the table: PROJECT.DATASET.gcp_billing_export_v1_ID or "
    "gcp_billing_export_resource_v1_ID",
    "acme-billing.billing.gcp_billing_export_resource_v1_01E214_63C8A3_9E57E3",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsAdoption:
    """What exists in a payer account and is used instead of being made; None is made."""

    bucket: str | None = None
    bucket_region: str | None = None
    export: str | None = None
    export_prefix: str | None = None
    report: str | None = None
    """The name of a legacy Cost and Usage Report."""
    collector_role: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsScope:
    """A payer account."""

    id: str
    role: str | None = None
    """The role through which the program works in that account; None: the login's own."""
    adopt: AwsAdoption = AwsAdoption()


@dataclass(frozen=True, kw_only=True, slots=True)
class AzureAdoption:
    """An export that exists and is read instead of being made."""

    export: str | None = None
    storage_account: str | None = None
    container: str | None = None
    export_prefix: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AzureScope:
    """A subscription, a billing account or a billing profile."""

    id: str
    adopt: AzureAdoption = AzureAdoption()


@dataclass(frozen=True, kw_only=True, slots=True)
class GcpScope:
    """A billing account, and its export's table once Google has made it."""

    id: str
    table: str | None = None


def aws_scopes(reader: Reader) -> tuple[AwsScope, ...]:
    """``aws_scopes`` of the configuration."""
    scopes: list[AwsScope] = []
    for fields in reader.objects("aws_scopes", '[{"id": "111122223333"}]'):
        fields.refuse_others(("id", "role", "adopt"))
        adopted = fields.fields("adopt")
        adopted.refuse_others(tuple(AwsAdoption.__dataclass_fields__))
        scopes.append(
            AwsScope(
                id=fields.text("id", ACCOUNT),
                role=fields.optional("role", ROLE),
                adopt=AwsAdoption(
                    bucket=adopted.optional("bucket", BUCKET),
                    bucket_region=adopted.optional("bucket_region", AWS_REGION),
                    export=adopted.optional("export", EXPORT),
                    export_prefix=adopted.optional("export_prefix", PREFIX),
                    report=adopted.optional("report", EXPORT),
                    collector_role=adopted.optional("collector_role", ROLE),
                ),
            )
        )
        _needs_bucket(reader, adopted, scopes[-1].adopt)
    _refuse_doubles(reader, "aws_scopes", [scope.id for scope in scopes])
    return tuple(scopes)


def azure_scopes(reader: Reader) -> tuple[AzureScope, ...]:
    """``azure_scopes`` of the configuration."""
    scopes: list[AzureScope] = []
    for fields in reader.objects("azure_scopes", '[{"id": "/subscriptions/GUID"}]'):
        fields.refuse_others(("id", "adopt"))
        adopted = fields.fields("adopt")
        adopted.refuse_others(tuple(AzureAdoption.__dataclass_fields__))
        scope = AzureScope(
            id=fields.text("id", AZURE_SCOPE),
            adopt=AzureAdoption(
                export=adopted.optional("export", EXPORT),
                storage_account=adopted.optional("storage_account", STORAGE_ACCOUNT),
                container=adopted.optional("container", CONTAINER),
                export_prefix=adopted.optional("export_prefix", PREFIX),
            ),
        )
        if scope.adopt.export:
            _needs(adopted, {"storage_account": STORAGE_ACCOUNT, "container": CONTAINER})
        scopes.append(scope)
    ids = [scope.id.lower() for scope in scopes]
    _refuse_doubles(reader, "azure_scopes", ids)
    _refuse_overlaps(reader, ids)
    return tuple(scopes)


def gcp_scopes(reader: Reader) -> tuple[GcpScope, ...]:
    """``gcp_scopes`` of the configuration."""
    scopes: list[GcpScope] = []
    for fields in reader.objects("gcp_scopes", '[{"id": "01E214-63C8A3-9E57E3"}]'):
        fields.refuse_others(("id", "table"))
        scope = GcpScope(
            id=fields.text("id", BILLING_ACCOUNT), table=fields.optional("table", EXPORT_TABLE)
        )
        if scope.table and not scope.table.endswith(scope.id.replace("-", "_")):
            reader.note(
                f"{fields.key}.table",
                f"'{scope.table}' is not the export of {scope.id}.",
                "the table whose name ends with the billing account's id",
                EXPORT_TABLE.example,
            )
        scopes.append(scope)
    _refuse_doubles(reader, "gcp_scopes", [scope.id for scope in scopes])
    return tuple(scopes)


def _needs_bucket(reader: Reader, adopted: Fields, adopt: AwsAdoption) -> None:
    if adopt.export or adopt.report:
        _needs(adopted, {"bucket": BUCKET, "bucket_region": AWS_REGION})
    if adopt.export and adopt.report:
        reader.surplus(
            f"{adopted.key}.report",
            "is set beside an export: their bills would count twice.",
            "one of them",
        )


def _needs(adopted: Fields, places: Mapping[str, Allowed]) -> None:
    """An export that exists is named with where it is written."""
    for name, allowed in places.items():
        adopted.text(name, allowed)


def _refuse_doubles(reader: Reader, key: str, ids: Sequence[str]) -> None:
    for number, one in _from_the_end(ids):
        if one and one in ids[:number]:
            reader.surplus(f"{key}[{number}]", f"is {one} once more.", "each scope once")


def _refuse_overlaps(reader: Reader, ids: Sequence[str]) -> None:
    """A billing account beside one of its profiles counts money twice.

    That a subscription belongs to a billing account shows only in the bill: the load refuses it.
    """
    for number, inner in _from_the_end(ids):
        for outer in ids:
            if inner.startswith(f"{outer}/"):
                reader.surplus(
                    f"azure_scopes[{number}]",
                    f"is {inner}, which {outer} holds: money would count twice.",
                    "scopes that do not overlap",
                )


def _from_the_end(ids: Sequence[str]) -> Sequence[tuple[int, str]]:
    """With their numbers: what is taken out of a list moves what comes after it."""
    return tuple(reversed(tuple(enumerate(ids))))
