"""``python -m infra guard``: a preview judged, and told to the reviewer of a request."""

import sys
from pathlib import Path

import click

from handlers.errors import CostError
from infra.cost import read_prices
from infra.guard.comment import comment
from infra.guard.judge import judge
from infra.guard.preview import read_preview
from infra.stack_file import secret_keys


class ChangeRefused(CostError):
    """A change that no environment may make."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--comment",
    "written",
    type=click.Path(path_type=Path),
    help="Write the comment for the request here. [default: standard output]",
)
def guard(file: Path, written: Path | None) -> None:
    """Judge what `pulumi preview --json --show-sames` wrote into FILE, or - for standard input.

    Refused (exit code 1) are the deletion or replacement of what is protected or holds data, a
    secret in plain text, a breach of a policy, and a preview that failed. What would change, what
    it would cost and which dashboards it touches is written as a comment in Markdown.
    """
    preview = read_preview(_text(file))
    verdict = judge(preview, secret_keys())
    text = comment(preview, verdict, read_prices())
    if written is None:
        click.echo(text, nl=False)
    else:
        written.write_text(text, encoding="utf-8")
    if verdict.refusals:
        lines = "\n".join(f"  {refusal}" for refusal in verdict.refusals)
        raise ChangeRefused(f"This change of '{preview.stack}' is refused:\n{lines}")


def _text(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} can't be read: {error}.") from None
