"""``python -m infra request``: what the clouds' administrators must grant before the first up."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import click

from handlers.record import Cloud
from infra.doctor.needs import concerns
from infra.native_settings import CollectorRuntime
from infra.scopes import AwsScope
from infra.settings import AwsSettings, Settings
from infra.stack_file import ROOT, read_stack

CLOUDS: Mapping[Cloud, str] = {
    Cloud.GCP: "Google Cloud",
    Cloud.AWS: "AWS",
    Cloud.AZURE: "Azure",
}
TEXTS = ROOT / "infra" / "requests.toml"


@dataclass(frozen=True)
class Request:
    """One thing to ask of one person; commands may be empty where only a click does it."""

    cloud: Cloud
    who: str
    title: str
    why: str
    click: str
    commands: str
    source: str

    def lines(self) -> Iterator[str]:
        """The request as text to send on."""
        yield f"{CLOUDS[self.cloud]}: {self.title}"
        yield f"  Who:   {self.who}"
        yield f"  Why:   {self.why}"
        yield f"  Click: {self.click}"
        if self.commands:
            yield "  Commands:"
            yield from (f"    {line}" for line in self.commands.strip().splitlines())
        yield f"  See {self.source}"


@click.command()
@click.option(
    "--stack",
    "file",
    type=click.Path(path_type=Path),
    default=ROOT / "Pulumi.phase1.yaml",
    help="A stack's file. [default: the shipped Pulumi.phase1.yaml]",
)
@click.option(
    "--cloud",
    "clouds",
    multiple=True,
    type=click.Choice([cloud.name.lower() for cloud in CLOUDS]),
    help="Only this cloud's; may be given more than once.",
)
def request(file: Path, clouds: tuple[str, ...]) -> None:
    """Print what the administrators must grant or click, as text and as commands."""
    config = read_stack(file)
    settings = Settings.read(config.stack, config.values, None)
    if config.examples:
        click.echo(f"Examples stand in for what is not set: {', '.join(config.examples)}.\n")
    for one in requests(settings):
        if not clouds or one.cloud.name.lower() in clouds:
            click.echo("\n".join(one.lines()) + "\n")


def requests(settings: Settings) -> Iterator[Request]:
    """Everything that must be granted for these settings, the hub first."""
    for text in tomllib.loads(TEXTS.read_text(encoding="utf-8"))["request"]:
        cloud = Cloud[text["cloud"].upper()]
        runtime = _runtime(settings, cloud)
        if not concerns(text, settings.phase, runtime, settings.grafana.login):
            continue
        for names in _names(settings, cloud, text["each"]):
            filled = {
                key: Template(text[key]).substitute(names)
                for key in ("who", "title", "why", "click", "commands", "source")
            }
            yield Request(cloud=cloud, **filled)


def _runtime(settings: Settings, cloud: Cloud) -> CollectorRuntime:
    """What the daily runs in a cloud are."""
    match cloud:
        case Cloud.GCP:
            return settings.gcp.runtime
        case Cloud.AWS if settings.aws:
            return settings.aws.redshift.runtime
        case _:
            return CollectorRuntime.FUNCTION


def _names(settings: Settings, cloud: Cloud, each: str) -> Iterator[Mapping[str, str]]:
    """The values of a text's names, once for each thing it is printed for."""
    match cloud:
        case Cloud.GCP:
            yield from _gcp_names(settings, each)
        case Cloud.AWS:
            if settings.aws:
                yield from _aws_scopes(settings.aws, each)
        case Cloud.AZURE:
            yield from _azure_names(settings, each)


def _gcp_names(settings: Settings, each: str) -> Iterator[Mapping[str, str]]:
    hub = {
        "project": settings.gcp.project,
        "bigquery_location": settings.gcp.bigquery_location,
        "image": settings.gcp.image,
    }
    if each == "hub":
        yield hub
    elif Cloud.GCP in settings.clouds:
        for number, scope in enumerate(settings.gcp.scopes):
            # A scope whose table is configured has its export already.
            if scope.table is None:
                yield {
                    **hub,
                    "scope": scope.id,
                    "scope_table": scope.id.replace("-", "_"),
                    "number": str(number),
                }


def _aws_scopes(aws: AwsSettings, each: str) -> Iterator[Mapping[str, str]]:
    """Every payer account, or the one of the warehouse alone."""
    for scope in aws.scopes:
        if each == "scope" or scope.id == aws.redshift.account:
            yield _aws_names(aws, scope)


def _aws_names(aws: AwsSettings, scope: AwsScope) -> Mapping[str, str]:
    return {
        "scope": scope.id,
        "bucket": aws.bucket_name(scope),
        "export": scope.adopt.export or aws.export_name,
        "region": aws.region,
        "task": aws.redshift.job.name,
        "image": aws.redshift.image,
        "role_name": scope.role.rpartition("/")[2] if scope.role else "DEPLOYER_ROLE",
    }


def _azure_names(settings: Settings, each: str) -> Iterator[Mapping[str, str]]:
    azure = settings.azure
    if azure is None:
        return
    names = {
        "subscription": azure.subscription,
        "tenant": azure.tenant,
        "resource_group": azure.resource_group,
    }
    if each == "hub":
        yield names
    for scope in azure.scopes:
        kind = "subscription" if scope.id.lower().startswith("/subscriptions/") else "billing"
        if each == kind:
            yield {**names, "scope": scope.id}
        adopt = scope.adopt
        if each == "adopted" and adopt.export and adopt.storage_account != azure.storage_account:
            yield {
                **names,
                "export": adopt.export,
                "account": adopt.storage_account or "",
                "container": adopt.container or "",
            }
