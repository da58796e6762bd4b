"""A Grafana that holds nothing of its own: the files its image is built from.

Its database is gone with every instance, so what it shows is in files, read at each start:
https://grafana.com/docs/grafana/latest/administration/provisioning/. The plug-in is installed while
the image is built, because an instance that starts to answer a request has no time for it. YAML is
written as JSON, which is YAML as well.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from dashboards.documents import documents
from dashboards.plan import FOLDER_TITLE, FOLDER_UID
from dashboards.source import NAME, PLUGIN, UID, Access, settings
from handlers.alerts import Hub

PROVISIONING = "/etc/grafana/provisioning"
SHOWN = "/var/lib/grafana-dashboards"
PLUGINS = "/var/lib/grafana-plugins"


def image_files(hub: Hub) -> Mapping[str, str]:
    """The build's files by path: a Dockerfile and what it copies; the same for the same hub."""
    return {
        "Dockerfile": _dockerfile(),
        "provisioning/datasources/hub.yaml": _yaml(_data_sources(hub)),
        "provisioning/dashboards/hub.yaml": _yaml(_providers()),
        **{f"dashboards/{uid}.json": text for uid, text in documents(hub).items()},
    }


def digest(contents: Mapping[str, str]) -> str:
    """16 hex digits that name these files."""
    made = hashlib.sha256()
    for path, text in sorted(contents.items()):
        data = text.encode()
        made.update(f"{path}\0{len(data)}\0".encode())
        made.update(data)
    return made.hexdigest()[:16]


def _dockerfile() -> str:
    said = tomllib.loads(files("dashboards").joinpath("image.toml").read_text("utf-8"))
    install = f"grafana cli --pluginsDir {PLUGINS} plugins install {PLUGIN}"
    return "\n".join(
        (
            f"FROM {said['base']}",
            "USER root",
            f"RUN mkdir -p {PLUGINS} && {install} {said['plugin_version']}",
            f"ENV GF_PATHS_PLUGINS={PLUGINS} GF_PATHS_PROVISIONING={PROVISIONING}",
            f"COPY provisioning {PROVISIONING}",
            f"COPY dashboards {SHOWN}",
            "USER grafana",
            "",
        )
    )


def _data_sources(hub: Hub) -> dict[str, object]:
    source = {
        "name": NAME,
        "uid": UID,
        "type": PLUGIN,
        "access": "proxy",
        "isDefault": True,
        "editable": False,
        "jsonData": settings(hub, Access.METADATA),
    }
    return {"apiVersion": 1, "datasources": [source]}


def _providers() -> dict[str, object]:
    provider = {
        "name": FOLDER_TITLE,
        "folder": FOLDER_TITLE,
        "folderUid": FOLDER_UID,
        "type": "file",
        "allowUiUpdates": False,
        "disableDeletion": True,
        "options": {"path": SHOWN},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _yaml(said: Mapping[str, object]) -> str:
    return json.dumps(said, indent=2, sort_keys=True) + "\n"
