"""Reading the manifests that clouds write beside a bill's parts; they are hostile input."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from handlers.errors import BillError, Place
from handlers.sources.objects import MAX_SMALL_BYTES, Object, Objects, SourceUnavailable, too_large

_REMEDY = "Fetch the export again; a manifest is written last, after all its parts."


def manifest_of(content: bytes, where: str) -> dict[str, object]:
    """The manifest ``content`` as a JSON object; BillError when it is not one.

    ``where`` is what messages call it.
    """
    try:
        value: object = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BillError(Place(where), f"The manifest is not JSON ({error}).", _REMEDY) from None
    if not isinstance(value, dict):
        raise BillError(Place(where), "The manifest is not a JSON object.", _REMEDY)
    return cast("dict[str, object]", value)


def named_objects(
    objects: Objects, listed: Mapping[str, Object], manifest: str, root: str, keys: Sequence[str]
) -> tuple[Object, ...]:
    """Those of ``listed`` that the manifest at ``manifest`` (a key) names; each counts once.

    ``keys`` are keys of the store; all must lie below ``root``, the key of the export's folder.

    Raises:
        BillError: a name leads out of the export's folder, or is there twice.
        SourceUnavailable: it names what is not there.
    """
    place = Place(objects.where(manifest))
    found: dict[str, Object] = {}
    for key in map(_plain, keys):
        if key is None or not key.startswith(f"{root}/" if root else ""):
            shown = next(name for name in keys if _plain(name) == key)
            raise BillError(
                place,
                f"The manifest names the part '{shown}', which leads out of the export's folder.",
                "Only parts below the export's own folder are read; check where the manifest is"
                " from.",
            )
        if key in found:
            raise BillError(
                place,
                f"The manifest names the part '{found[key].name}' twice.",
                "Its lines would count double: fetch the export again.",
            )
        if key not in listed:
            raise SourceUnavailable(
                place,
                f"The manifest names the part '{key}', which is not there.",
                "Wait until the export is complete or fetch it again; nothing was changed.",
            )
        found[key] = listed[key]
    return tuple(found.values())


def _plain(key: str) -> str | None:
    """``key`` without what changes nothing in it; None when it is not a path below the root."""
    steps = [step for step in key.split("/") if step != "."]
    if "" in steps or ".." in steps or "\\" in key or "\0" in key:
        return None
    return "/".join(steps)


def read_manifest(path: Path) -> dict[str, object]:
    """The manifest at ``path`` as a JSON object; BillError when it is not one."""
    if not path.is_file():
        raise BillError(Place(str(path)), "The manifest is not a file.", _REMEDY)
    if path.stat().st_size > MAX_SMALL_BYTES:
        raise too_large(str(path))
    return manifest_of(path.read_bytes(), str(path))


def text_at(manifest: dict[str, object], *keys: str) -> str:
    """The text under nested ``keys``; empty when it is not there or not text."""
    *path, last = keys
    for key in path:
        inner = manifest.get(key)
        manifest = cast("dict[str, object]", inner) if isinstance(inner, dict) else {}
    value = manifest.get(last)
    return value if isinstance(value, str) else ""


def texts_at(manifest: dict[str, object], key: str) -> tuple[str, ...]:
    """The list of texts under ``key``; empty when it is not there or something else.

    What is no text in it is an empty one, which names nothing, so that it is refused and not lost.
    """
    value = manifest.get(key)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(item if isinstance(item, str) else "" for item in items)


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
