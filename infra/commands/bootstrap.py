"""``python -m infra bootstrap``: where Pulumi keeps its state, and the key of its secrets.

Made by gcloud and not by Pulumi, because Pulumi needs both before it can keep anything.
"""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import click

from handlers.errors import CostError, UsageError

KEY_RING = "ai-cost-monitoring"
KEY = "pulumi-state"


class BootstrapError(CostError):
    """A command of gcloud failed; what was made before it stays and is found the next time."""


@dataclass(frozen=True)
class Step:
    """One thing of the state backend.

    ``look`` succeeds where it is there; None: ``make`` is harmless when repeated, and always run.
    """

    meaning: str
    look: Sequence[str] | None
    make: Sequence[str]


@click.command()
@click.option("--project", required=True, help="The hub's Google Cloud project.")
@click.option("--location", default="us-central1", show_default=True, help="Where both lie.")
@click.option(
    "--run", "mode", flag_value="run", help="Run the commands; without it they are only printed."
)
def bootstrap(project: str, location: str, mode: str | None) -> None:
    """Make the state's bucket and key where they are missing, and print how to log in."""
    for step in steps(project, location):
        click.echo(f"# {step.meaning}\n{shlex.join(step.make)}")
        if mode == "run":
            click.echo(f"# {apply(step)}")
    click.echo("# Then")
    for command in first_stack(project, location):
        click.echo(command)


def first_stack(project: str, location: str) -> Sequence[str]:
    """The commands that log in and make a stack from the shipped configuration.

    Copied by ``cp``: ``--copy-config-from`` wants a stack of that name in the state, and a new
    state has none.
    """
    key = f"projects/{project}/locations/{location}/keyRings/{KEY_RING}/cryptoKeys/{KEY}"
    return (
        f"pulumi login gs://{bucket_of(project)}",
        "cp Pulumi.phase1.yaml Pulumi.prod.yaml",
        f"pulumi stack init prod --secrets-provider gcpkms://{key}",
    )


def bucket_of(project: str) -> str:
    """The bucket of the state."""
    return f"{project}-pulumi-state"


def steps(project: str, location: str) -> list[Step]:
    """What the backend is made of, in the order in which it can be made."""
    owner = f"--project={project}"
    ring = (f"--location={location}", owner)
    key = (KEY, f"--keyring={KEY_RING}", *ring)
    bucket = f"gs://{bucket_of(project)}"
    return [
        Step(
            "The APIs of keys and buckets",
            None,
            ("gcloud", "services", "enable", "cloudkms.googleapis.com", "storage.googleapis.com",
             owner),
        ),
        Step(
            "The key ring",
            ("gcloud", "kms", "keyrings", "describe", KEY_RING, *ring),
            ("gcloud", "kms", "keyrings", "create", KEY_RING, *ring),
        ),
        Step(
            "The key of the secrets in the state",
            ("gcloud", "kms", "keys", "describe", *key),
            ("gcloud", "kms", "keys", "create", *key, "--purpose=encryption"),
        ),
        Step(
            "The bucket of the state, closed to the public",
            ("gcloud", "storage", "buckets", "describe", bucket, owner),
            ("gcloud", "storage", "buckets", "create", bucket, owner, f"--location={location}",
             "--uniform-bucket-level-access", "--public-access-prevention"),
        ),
        Step(
            "Every version of the state is kept",
            None,
            ("gcloud", "storage", "buckets", "update", bucket, "--versioning"),
        ),
    ]  # fmt: skip


def apply(step: Step) -> str:
    """Make the step's thing where it is missing; say which of the two it was.

    Raises:
        UsageError: There is no gcloud on the PATH.
        BootstrapError: gcloud refused, with what it said.
    """
    if step.look and _gcloud(step.look).returncode == 0:
        return "is there already"
    made = _gcloud(step.make)
    if made.returncode != 0:
        raise BootstrapError(
            f"{shlex.join(step.make)} failed: {made.stderr.strip()} "
            "Mend that and run the same command again: what is there is left as it is."
        )
    return "done"


def _gcloud(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    program = shutil.which(command[0])
    if program is None:
        raise UsageError(
            "No gcloud is on the PATH. Install it (https://cloud.google.com/sdk/docs/install), "
            "or run the printed commands in Cloud Shell."
        )
    return subprocess.run(  # noqa: S603 - the words are ours and the two options, and no shell reads them
        [program, *command[1:], "--quiet"], capture_output=True, text=True, check=False
    )
