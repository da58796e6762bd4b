"""The policy pack inside the real engine, as ``--policy-pack`` starts it.

Without a language host the engine starts ``pulumi-analyzer-policy-python`` from PATH; the one here
is what Pulumi ships under that name, with the pack's own packages.
"""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from tests.engine.conftest import ROOT, NewStack
from tests.engine.phase1 import new_environment
from tests.engine.phase2 import program
from tests.engine.stack import Stack

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

BREACH = re.compile(r"\[mandatory\] +(\S+) +\(\S+: (\S+)\)")
PACK = ("--policy-pack", str(ROOT / "policy"))


@dataclass
class Checked(Stack):
    """A stack whose engine finds the analyzer."""

    tools: Path = Path()

    def environment(self) -> dict[str, str]:
        environ = super().environment()
        return {**environ, "PATH": f"{self.tools}:{environ['PATH']}"}


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the analyzer."""
    built = subprocess.run(
        ["sh", str(ROOT / "tools" / "engines" / "build.sh"), "policy"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages, python = shlex.quote(built.stdout.strip()), shlex.quote(sys.executable)
    folder = tmp_path_factory.mktemp("analyzer")
    script = folder / "pulumi-analyzer-policy-python"
    # Without site-packages: the other packages' protobuf is a newer one.
    script.write_text(
        f'#!/bin/sh\nPYTHONPATH={packages} exec {python} -S -u -m pulumi.policy "$1" "$2"\n',
        "utf-8",
    )
    script.chmod(0o755)
    return folder


def checked(stack: Stack, analyzer: Path) -> Stack:
    fields = {name: getattr(stack, name) for name in Stack.__dataclass_fields__}
    return Checked(**fields, tools=analyzer)


def breaches(text: str) -> list[str]:
    """The policies and resources that the engine names."""
    return sorted(f"{policy} {name}" for policy, name in BREACH.findall(text))


def test_an_environment_passes_every_policy_of_the_pack(
    new_stack: NewStack, analyzer: Path
) -> None:
    stack = checked(new_environment(new_stack), analyzer)
    stack.program = program  # with a stand-in for the functions' code
    stack.seconds = 200
    answer = stack.preview(*PACK)
    assert breaches(answer.text) == []
    assert "ai-cost-monitoring@v" in answer.text.partition("Policies:")[2]


def test_the_pack_stops_an_update_and_says_why_and_what_to_do(
    new_stack: NewStack, analyzer: Path
) -> None:
    def careless() -> None:
        provider = aws.Provider("aws", region="us-east-1")
        bucket = aws.s3.Bucket("bills", opts=pulumi.ResourceOptions(provider=provider))
        aws.s3.BucketPolicy(
            "open",
            bucket=bucket.id,
            policy=json.dumps(
                {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}
            ),
            opts=pulumi.ResourceOptions(provider=provider),
        )

    stack = checked(new_environment(new_stack), analyzer)
    stack.program = careless
    said = stack.failing("preview", *PACK).text
    assert breaches(said) == [
        "encrypted bills",
        "labelled bills",
        "no-public-storage bills",
        "no-wildcard-action open",
        "no-wildcard-principal open",
        "protected-data bills",
        "tls-only bills",
    ]
    assert "It holds data and is not protected. Register it with protect=True." in said
    assert "A misspelt setting must not delete years of bills." in said
    stack.failing("up", *PACK)
    assert not stack.cloud.things
