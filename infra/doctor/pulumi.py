"""Pulumi itself: the CLI, its plug-ins, where it keeps state, and by what key it keeps secrets."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

from handlers.errors import CostError
from handlers.record import Cloud
from infra.apis.aws import Aws
from infra.apis.web import Refused
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.grafana_settings import Hosting
from infra.stack_file import ROOT

LEAST = (3, 259, 0)
"""The version that tests/engine runs the program with."""
SECONDS = 30
NO_CLI = "There is no pulumi on the PATH."

PLUGINS: Mapping[str, str] = {
    "aws": "pulumi-aws",
    "azure-native": "pulumi-azure-native",
    "gcp": "pulumi-gcp",
    "grafana": "pulumiverse-grafana",
}
"""The Python package that a plug-in must have the version of."""


class PulumiFailed(CostError):
    """The CLI ended with an error, whose first line this is."""


def cli() -> Iterator[Finding]:
    """Is it there, and new enough?"""
    least = ".".join(map(str, LEAST))
    path = shutil.which("pulumi")
    if path is None:
        yield finding("pulumi-cli.missing", least=least)
        return
    answer = call("version")
    number = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer)
    if number is None:
        yield finding("pulumi-cli.unknown", path=path, answer=answer[:80], least=least)
        return
    state = "ok" if tuple(map(int, number.groups())) >= LEAST else "old"
    yield finding(f"pulumi-cli.{state}", version=answer, path=path, least=least)


def plugins(place: Place) -> Iterator[Finding]:
    """The plug-ins of the clouds in use, in the SDKs' versions."""
    settings = place.environment.settings
    used = {
        "aws": Cloud.AWS in settings.clouds,
        "azure-native": Cloud.AZURE in settings.clouds,
        "gcp": True,
        "grafana": settings.grafana.hosting is Hosting.EXTERNAL,
    }
    try:
        listed = cast("list[dict[str, Any]]", json.loads(call("plugin", "ls", "--json")))
    except (PulumiFailed, ValueError) as error:
        yield finding("pulumi-plugin.unknown", error=error)
        return
    there = {(one["name"], one.get("version")) for one in listed if one["kind"] == "resource"}
    for plugin in [name for name, is_used in used.items() if is_used]:
        wanted = version(PLUGINS[plugin])
        state = "ok" if (plugin, wanted) in there else "missing"
        yield finding(f"pulumi-plugin.{state}", plugin=plugin, version=wanted)


def state(place: Place) -> Iterator[Finding]:
    """Where state is kept: reachable, with versions, closed."""
    project = place.environment.settings.gcp.project
    if shutil.which("pulumi") is None:
        raise PulumiFailed(NO_CLI)
    try:
        url = str(json.loads(call("whoami", "--json"))["url"])
    except (PulumiFailed, ValueError, KeyError) as error:
        yield finding("state.none", project=project, error=error)
        return
    match urlsplit(url).scheme:
        case "gs":
            yield _google_bucket(place, url)
        case "s3":
            yield _aws_bucket(url)
        case "file":
            yield finding("state.file", url=url, project=project)
        case "https":
            yield finding("state.service", url=url)
        case _:
            yield finding("state.other", url=url.partition("?")[0])


def secrets(place: Place) -> Iterator[Finding]:
    """By what the stack's secrets are encrypted, which its file says."""
    file = place.environment.file
    content = cast("dict[str, Any]", yaml.safe_load(file.read_text(encoding="utf-8")))
    provider = str(content.get("secretsprovider", ""))
    project = place.environment.settings.gcp.project
    if provider and provider != "passphrase":
        yield finding("secrets.managed", provider=provider.partition("?")[0])
    elif "encryptionsalt" in content:
        yield finding("secrets.passphrase", project=project)
    else:
        yield finding("secrets.no-stack", file=file.name)


def _google_bucket(place: Place, url: str) -> Finding:
    name = urlsplit(url).netloc
    project = place.environment.settings.gcp.project
    try:
        said = place.google.api("storage").get(f"/storage/v1/b/{name}")
    except Refused as error:
        if error.status != 404:
            raise
        return finding("state.gone", url=url, project=project)
    bucket = f"gs://{name}"
    if not said.get("versioning", {}).get("enabled"):
        command = f"gcloud storage buckets update {bucket} --versioning"
        return finding("state.unversioned", url=bucket, command=command)
    if said.get("iamConfiguration", {}).get("publicAccessPrevention") != "enforced":
        return finding("state.public", url=bucket)
    return finding("state.bucket", url=bucket)


def _aws_bucket(url: str) -> Finding:
    name = urlsplit(url).netloc
    said = Aws.find("us-east-1").call("s3", "get_bucket_versioning", Bucket=name)
    if said.get("Status") == "Enabled":
        return finding("state.bucket", url=f"s3://{name}")
    command = (
        f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
    )
    return finding("state.unversioned", url=f"s3://{name}", command=command)


def call(*arguments: str) -> str:
    """What the CLI writes, run in the repository's folder, where its project is.

    Raises:
        PulumiFailed: it ended with an error, or not within half a minute.
    """
    program = shutil.which("pulumi")
    if program is None:
        raise PulumiFailed(NO_CLI)
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
            [program, *arguments, "--non-interactive"],
            cwd=ROOT,
            timeout=SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PulumiFailed(f"pulumi {arguments[0]} does not end.") from None
    if done.returncode != 0:
        told = done.stderr.strip() or f"exit code {done.returncode}"
        raise PulumiFailed(told.splitlines()[0].removeprefix("error: ")[:200])
    return done.stdout.strip()
