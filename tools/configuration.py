"""Writes docs/configuration.md, the reference of every configuration key, from Pulumi.yaml.

``python -m tools.configuration`` after a change of ``Pulumi.yaml``; a test compares.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "Pulumi.yaml"
TARGET = ROOT / "docs" / "configuration.md"

_HEAD = """\
# Configuration

Made by `python -m tools.configuration` from `Pulumi.yaml`, which describes and defaults every key.
A stack's own values stand in its `Pulumi.STACK.yaml`; `Pulumi.phase1.yaml` and `Pulumi.phase2.yaml`
are two to begin with. Set one with `pulumi config set KEY VALUE`, a list or an object part by part:
`pulumi config set --path 'notify[0]' mailto:finops@example.com`, `--path 'labels.team' platform`;
given as one text, Pulumi says that it is none. `pulumi config rm KEY` brings a default back. Every
mistake is told at once and before anything is registered, with the key, what was found, what is
allowed and the commands that mend it.

| key | type | default | meaning |
|---|---|---|---|
"""


def reference() -> str:
    """The page's text."""
    return _HEAD + "".join(_rows(yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["config"]))


def _rows(config: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for key, said in config.items():
        if ":" in key:
            continue
        meaning = str(said["description"]).replace("|", "\\|")
        yield f"| `{key}` | {_type(said)} | {_default(said)} | {meaning} |\n"


def _type(said: Mapping[str, Any]) -> str:
    """The type in words; a secret is encrypted in the stack's file."""
    name = str(said["type"])
    items = cast("Mapping[str, Any]", said.get("items") or {})
    listed = f"{name} of {items['type']}" if items else name
    return f"{listed}, secret" if said.get("secret") else listed


def _default(said: Mapping[str, Any]) -> str:
    if "default" not in said:
        return "must be set"
    default = said["default"]
    if default in ("", [], {}):
        return ""
    if isinstance(default, list):
        return ", ".join(f"`{one}`" for one in cast("list[object]", default))
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
