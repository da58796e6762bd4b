"""Writes a bill of materials per lock, CycloneDX 1.6 as JSON: `make sbom`.

``python -m tools.sbom FOLDER``. The same locks give the same bytes: its number is made of what it
lists, and no time is in it. https://cyclonedx.org/docs/1.6/json/
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.licences import Pinned, licence, locks, pinned

ROOT = Path(__file__).parents[1]
_LOCKED = re.compile(
    r"(?m)^([a-z0-9.-]+)==([^\s;\\]+)[^\n]*\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)*)"
)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")


def bill(name: str, lock: Path) -> dict[str, Any]:
    """The bill of materials of ``lock``.

    Raises:
        LicenceUnknown: a package's licence was not decided upon.
    """
    hashes = {
        Pinned(found[1], found[2]): _HASH.findall(found[3])
        for found in _LOCKED.finditer(lock.read_text(encoding="utf-8"))
    }
    components = [_component(package, name, hashes[package]) for package in pinned(lock)]
    content = json.dumps(components, sort_keys=True)
    project: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {content}").urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"{project['name']}-{name}",
                "name": f"{project['name']} ({name})",
                "version": project["version"],
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": components,
    }


def _component(package: Pinned, lock: str, hashes: list[str]) -> dict[str, Any]:
    purl = f"pkg:pypi/{package.name}@{package.version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "licenses": [{"expression": licence(package, lock)}],
        # A version has a file for each platform; which one is installed, the platform says.
        "externalReferences": [
            {
                "type": "distribution",
                "url": purl,
                "hashes": [{"alg": "SHA-256", "content": content} for content in hashes],
            }
        ],
    }


def main(folder: Path) -> None:
    """Write one file per lock into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lock in locks(ROOT).items():
        file = folder / f"{name}.cdx.json"
        file.write_text(json.dumps(bill(name, lock), indent=2) + "\n", encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
