"""A stack's configuration from its file, without an engine: as texts, the way it hands them over.

What the file leaves out is the default of Pulumi.yaml; what must be set and has no default is an
example from examples.toml, and the caller says so.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from handlers.errors import UsageError
from infra.settings import PROJECT, SECRETS

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class StackConfig:
    """Values by key without the project's name, and the keys whose values are examples."""

    stack: str
    values: Mapping[str, str]
    examples: tuple[str, ...]


def read_stack(file: Path) -> StackConfig:
    """The configuration that ``file`` (``Pulumi.STACK.yaml``) describes.

    A secret in it is encrypted, and is not read: its example stands in.

    Raises:
        UsageError: The file is not there or is not a stack's file.
    """
    own = {
        key.removeprefix(f"{PROJECT}:"): as_text(value)
        for key, value in _config(file).items()
        if key.startswith(f"{PROJECT}:") and not _is_secret(value)
    }
    values = {**_defaults(), **own}
    examples = {
        key: value for key, value in _examples().items() if values.get(key, "") in {"", "[]"}
    }
    return StackConfig(
        stack=file.stem.removeprefix("Pulumi.") or "dev",
        values={**values, **examples},
        examples=tuple(sorted(examples)),
    )


def secret_keys() -> frozenset[str]:
    """The keys whose values are secret: to the program, or by what Pulumi.yaml says."""
    described = _config(ROOT / "Pulumi.yaml")
    return frozenset(SECRETS) | frozenset(
        key
        for key, entry in described.items()
        if isinstance(entry, dict) and cast(dict[str, object], entry).get("secret") is True
    )


def _defaults() -> dict[str, str]:
    described = _config(ROOT / "Pulumi.yaml")
    return {
        key: as_text(cast(dict[str, object], entry).get("default", ""))
        for key, entry in described.items()
        if ":" not in key
    }


def _examples() -> dict[str, str]:
    text = Path(__file__).with_name("examples.toml").read_text(encoding="utf-8")
    return {key: as_text(value) for key, value in tomllib.loads(text).items()}


def _config(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}. Name a stack's file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no YAML: {error}") from None
    config = cast(dict[str, Any], content).get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise UsageError(
            f"{file} has no 'config:' with keys below it, so it is no stack's file. "
            "Allowed: a file like Pulumi.phase1.yaml."
        )
    return cast(dict[str, Any], config)


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value


def as_text(value: object) -> str:
    """A value as the engine hands it to the program."""
    return value if isinstance(value, str) else json.dumps(value)
