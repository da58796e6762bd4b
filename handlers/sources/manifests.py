"""Reading the manifests that clouds write beside a bill's parts; they are hostile input."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from handlers.errors import BillError, Place

MAX_MANIFEST_BYTES = 16 * 1024 * 1024
"""Manifests list columns and parts; the largest seen are well under a megabyte."""


def read_manifest(path: Path) -> dict[str, object]:
    """The manifest at ``path`` as a JSON object; BillError when it is not one."""
    remedy = "Fetch the export again; a manifest is written last, after all its parts."
    if not path.is_file():
        raise BillError(Place(str(path)), "The manifest is not a file.", remedy)
    if path.stat().st_size > MAX_MANIFEST_BYTES:
        raise BillError(Place(str(path)), "The manifest is larger than 16 MiB.", remedy)
    try:
        value: object = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BillError(Place(str(path)), f"The manifest is not JSON ({error}).", remedy) from None
    if not isinstance(value, dict):
        raise BillError(Place(str(path)), "The manifest is not a JSON object.", remedy)
    return cast("dict[str, object]", value)


def text_at(manifest: dict[str, object], *keys: str) -> str:
    """The text under nested ``keys``; empty when it is not there or not text."""
    *path, last = keys
    for key in path:
        inner = manifest.get(key)
        manifest = cast("dict[str, object]", inner) if isinstance(inner, dict) else {}
    value = manifest.get(last)
    return value if isinstance(value, str) else ""


def texts_at(manifest: dict[str, object], key: str) -> tuple[str, ...]:
    """The list of texts under ``key``; empty when it is not there or something else."""
    value = manifest.get(key)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def count_at(manifest: dict[str, object], key: str) -> int | None:
    """The whole number under ``key``; None when it is not there or something else."""
    value = manifest.get(key)
    return value if type(value) is int and value >= 0 else None


def part_paths(manifest: Path, root: Path, keys: Sequence[str]) -> tuple[Path, ...]:
    """The parts that ``manifest`` names, below ``root``; each counts once.

    Raises:
        BillError: as ``part_path``, or a part is named twice.
    """
    parts = tuple(part_path(manifest, root, key) for key in keys)
    twice = [part for part, times in Counter(map(Path.resolve, parts)).items() if times > 1]
    if twice:
        raise BillError(
            Place(str(manifest)),
            f"The manifest names the part '{twice[0].name}' twice.",
            "Its lines would count double: fetch the export again.",
        )
    return parts


def part_path(manifest: Path, root: Path, key: str) -> Path:
    """The part that ``manifest`` names ``key``, below ``root``.

    Raises:
        BillError: the name leads out of the export's folder, or the part is not there.
    """
    path = root / key
    if not path.resolve().is_relative_to(root.resolve()):
        raise BillError(
            Place(str(manifest)),
            f"The manifest names the part '{key}', which leads out of the export's folder.",
            "Only parts below the export's own folder are read; check where the manifest is from.",
        )
    if not path.is_file():
        raise BillError(
            Place(str(manifest)),
            f"The manifest names the part '{key}', which is not there.",
            "Wait until the export is complete or fetch it again; nothing was changed.",
        )
    return path
