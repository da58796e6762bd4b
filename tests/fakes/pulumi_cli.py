"""A ``pulumi`` that answers the calls of a doctor as the real one does, and refuses every other."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

PLUGINS = {"aws": "7.51.1", "azure-native": "3.29.0", "gcp": "10.2.0", "grafana": "2.44.0"}


def put_pulumi(
    programs: Path,
    *,
    version: str = "v3.272.0",
    plugins: Mapping[str, str] = PLUGINS,
    url: str | None = "https://app.pulumi.com/ada",
    token: str | None = None,
) -> None:
    """Put it where the operator's PATH looks. ``url`` None: logged in nowhere."""
    listed = [
        {"name": name, "kind": "resource", "version": number} for name, number in plugins.items()
    ]
    nowhere = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions"
    answers = {
        "version --non-interactive": _say(version),
        "plugin ls --json --non-interactive": _say(json.dumps(listed)),
        "whoami --json --non-interactive": (
            _say(json.dumps({"user": "ada", "url": url})) if url else _fail(nowhere)
        ),
        "config get grafana_token --stack prod --config-file *": (
            _say(token) if token else _fail("error: incorrect passphrase")
        ),
    }
    cases = "".join(
        f"  {'*'.join(map(shlex.quote, call.split('*'))) + ('*' if call.endswith('*') else '')}) "
        f"{answer} ;;\n".replace("''*", "*").replace("**", "*")
        for call, answer in answers.items()
    )
    file = programs / "pulumi"
    file.write_text(
        f'#!/bin/sh\ncase "$*" in\n{cases}'
        '  *) echo "error: unknown command: $*" >&2; exit 255 ;;\nesac\n',
        encoding="utf-8",
    )
    file.chmod(0o755)


def _say(text: str) -> str:
    return f"echo {shlex.quote(text)}"


def _fail(text: str) -> str:
    return f"echo {shlex.quote(text)} >&2; exit 255"
