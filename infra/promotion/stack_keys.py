"""Keys in a stack's own file, set without touching anything else in it.

``pulumi config set --path`` would store the digits of an account as a number, and ``PyYAML`` would
lose every comment. So lines are replaced, and the result is read again before it is written.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from handlers.errors import UsageError
from infra.settings import PROJECT


class FileUnwritable(UsageError):
    """The stack's file is written in a way that can't be edited line by line."""


def read_keys(file: Path, names: Mapping[str, object]) -> dict[str, object]:
    """The values of ``names`` in the stack's file; what it leaves out has the default given.

    Raises:
        UsageError: it can't be read or is no stack's file.
    """
    config = _config(_text(file), file)
    return {name: config.get(f"{PROJECT}:{name}", default) for name, default in names.items()}


def write_keys(file: Path, keys: Mapping[str, object]) -> None:
    """Set ``keys`` in the stack's file, wholly or not at all.

    Raises:
        UsageError: it can't be read or is no stack's file.
        FileUnwritable: it can't be edited line by line; it is as it was.
    """
    before = _text(file)
    text = before
    for name, value in keys.items():
        text = _set(text, f"{PROJECT}:{name}", value)
    wanted = {**_config(before, file), **{f"{PROJECT}:{name}": v for name, v in keys.items()}}
    try:
        found = _config(text, file)
    except UsageError:
        found = {}
    if found != wanted:
        raise FileUnwritable(
            f"{file} can't be edited by lines (an anchor, or a key that spans several?). Set by"
            f" hand: {', '.join(f'{key}: {json.dumps(value)}' for key, value in keys.items())}."
        )
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def _set(text: str, key: str, value: object) -> str:
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if re.match(r"config:\s*(#.*)?$", line)), None)
    if start is None:
        return text
    shown = json.dumps(value, ensure_ascii=False)
    pattern = re.compile(rf"""(\s+)["']?{re.escape(key)}["']?:(\s|$)""")
    for number in range(start + 1, len(lines)):
        found = pattern.match(lines[number])
        if found:
            end = number + 1
            while end < len(lines) and _belongs(lines[end], found[1]):
                end += 1
            return _joined([*lines[:number], f"{found[1]}{key}: {shown}", *lines[end:]])
    indent = next(
        (m[1] for line in lines[start + 1 :] if (m := re.match(r"(\s+)[^\s#]", line))), "  "
    )
    return _joined([*lines[: start + 1], f"{indent}{key}: {shown}", *lines[start + 1 :]])


def _belongs(line: str, indent: str) -> bool:
    """Whether it goes on with the value of the key that stands at ``indent``."""
    deeper = line.startswith(indent) and line[len(indent) :].startswith((" ", "\t"))
    return deeper or line.startswith(f"{indent}- ")


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} can't be read: {error}. Name a stack with --stack.") from None


def _config(text: str, file: Path) -> dict[str, Any]:
    try:
        content: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{file} is no YAML: {error}") from None
    config = cast("dict[str, Any]", content).get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise UsageError(f"{file} has no 'config:' with keys below it: it is no stack's file.")
    return cast("dict[str, Any]", config)
