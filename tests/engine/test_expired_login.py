"""The commands of docs/runbooks/expired-login.md do on the engine what the page says."""

import json
import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumiverse_grafana as grafana
import pytest
from pulumi import ResourceOptions

from tests.engine.conftest import NewStack
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

PAGE = "docs/runbooks/expired-login.md"
FILES = {"Pulumi.yaml": "name: small\nruntime: python\n", "Pulumi.phase1.yaml": "config: {}\n"}
PACKAGES = ("aws", "azure-native", "gcp", "grafana")
OWN = {
    "aws": {"role"},
    "azure-native": {"group"},
    "gcp": {"account", "bucket"},
    "grafana": {"folder"},
}
ALL = {name for names in OWN.values() for name in names}
# The role trusts the account, and the bucket is labelled with the role.
BUILT_ON = {"aws": {"bucket"}, "azure-native": set[str](), "gcp": {"role"}, "grafana": set[str]()}


def clouds(text: Callable[[], str]) -> None:
    """One thing or two in each cloud, each way dependent, all changed when the text changes."""
    google = ResourceOptions(provider=gcp.Provider("gcp", project="demo", region="us-central1"))
    amazon = ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
    microsoft = ResourceOptions(provider=azure.Provider("azure"))
    url = "https://grafana.example.com"
    viewer = ResourceOptions(provider=grafana.Provider("grafana", url=url, auth="token"))
    account = gcp.serviceaccount.Account(
        "account", account_id="collector", display_name=text(), opts=google
    )
    trust = pulumi.Output.json_dumps({"sub": account.unique_id})
    role = aws.iam.Role(
        "role", name="collector", description=text(), assume_role_policy=trust, opts=amazon
    )
    gcp.storage.Bucket(
        "bucket",
        name="lines-1",
        location="US",
        labels={"text": text(), "role": role.unique_id.apply(str.lower)},
        opts=google,
    )
    azure.resources.ResourceGroup("group", tags={"text": text()}, opts=microsoft)
    grafana.oss.Folder("folder", uid="costs", title=text(), opts=viewer)


@pytest.fixture
def text() -> list[str]:
    return ["first"]


@pytest.fixture
def stack(new_stack: NewStack, text: list[str]) -> Stack:
    stack = new_stack("clouds", partial(clouds, lambda: text[-1]))
    for api in ("storage", "iam"):
        stack.cloud.add("gcp:projects/service:Service", {"service": f"{api}.googleapis.com"})
    stack.init(FILES)
    return stack


def commands(root: Path, operation: str, package: str) -> list[str]:
    """The options that the page gives an operation, its example's cloud exchanged."""
    page = (root / PAGE).read_text(encoding="utf-8")
    [line] = re.findall(rf"^pulumi ({operation} --exclude .+)$", page, re.MULTILINE)
    assert f"'**{package}:**'" in page
    return [word.replace("**aws:", f"**{package}:") for word in shlex.split(line)[1:]]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_other_clouds_are_updated_while_one_login_is_expired(
    stack: Stack, text: list[str], root: Path, package: str
) -> None:
    stack.up()
    stack.cloud.expire_login(package)
    text.append("second")
    stack.failing("up")

    stack.preview(*commands(root, "preview", package))
    stack.up(*commands(root, "up", package))
    stack.refresh(*commands(root, "refresh", package))
    titles = json.dumps([thing.inputs for thing in stack.cloud.things.values()], default=repr)
    assert titles.count("second") == len(ALL - OWN[package] - BUILT_ON[package])

    stack.cloud.renew_login(package)
    assert stack.up().of("update") == OWN[package] | BUILT_ON[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_first_up_makes_the_other_clouds_while_one_login_is_expired(
    stack: Stack, root: Path, package: str
) -> None:
    stack.cloud.expire_login(package)
    first = stack.up(*commands(root, "up", package))
    assert first.of("create") & ALL == ALL - OWN[package] - BUILT_ON[package]

    stack.cloud.renew_login(package)
    assert stack.up().of("create") & ALL == OWN[package] | BUILT_ON[package]


def test_a_state_broken_by_leaving_out_less_is_repaired_as_the_page_says(
    stack: Stack, root: Path
) -> None:
    assert "pulumi state repair --yes" in (root / PAGE).read_text(encoding="utf-8")
    stack.cloud.expire_login("aws")
    broken = stack.failing("up", "--exclude", "**aws:**")
    assert "snapshot integrity" in broken.text

    stack.cloud.renew_login("aws")
    assert "snapshot integrity" in stack.failing("up").text
    stack.run("state", "repair", "--yes")
    assert stack.up().of("create") & ALL == {"role"}


@pytest.mark.parametrize(("package", "refused_in_preview"), [("aws", True), ("gcp", False)])
def test_only_the_provider_that_asks_who_it_is_fails_a_preview(
    stack: Stack, package: str, *, refused_in_preview: bool
) -> None:
    stack.up()
    stack.cloud.expire_login(package)
    outcome = stack.failing("preview") if refused_in_preview else stack.preview()
    assert outcome.succeeded is not refused_in_preview
