"""Which dashboards a change touches, and which of their panels."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from infra.guard.preview import Op, Preview
from infra.recording import Recorded

_TYPE = "grafana:oss/dashboard:Dashboard"


@dataclass(frozen=True)
class ChangedDashboard:
    """A dashboard, and its panels by what becomes of them; titles as a reader sees them."""

    title: str
    op: Op
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def changed_dashboards(preview: Preview) -> list[ChangedDashboard]:
    """The dashboards that would not stay as they are, by title."""
    found = [
        _compared(change.op, change.before, change.after)
        for change in preview.changes
        if change.type == _TYPE and change.op is not Op.SAME
    ]
    return sorted(found, key=lambda each: each.title)


def _compared(op: Op, before: Recorded | None, after: Recorded | None) -> ChangedDashboard:
    old, new = _document(before), _document(after)
    title = str((new or old).get("title") or "(not known yet)")
    had, has = dict(_panels(old)), dict(_panels(new))
    return ChangedDashboard(
        title=title,
        op=op,
        added=tuple(_title(has[key]) for key in has if key not in had) if had else (),
        removed=tuple(_title(had[key]) for key in had if key not in has) if has else (),
        changed=tuple(
            _title(has[key])
            for key in has
            if key in had and _content(has[key]) != _content(had[key])
        ),
    )


def _document(resource: Recorded | None) -> Mapping[str, Any]:
    text = resource.inputs.get("configJson") if resource else None
    try:
        document: object = json.loads(text) if isinstance(text, str) else {}
    except ValueError:  # a word for what is not known yet
        document = {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _panels(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    panels = document.get("panels")
    for panel in cast("list[Any]", panels) if isinstance(panels, list) else []:
        if isinstance(panel, dict):
            found = cast("dict[str, Any]", panel)
            yield str(found.get("id")), found


def _title(panel: Mapping[str, Any]) -> str:
    return str(panel.get("title") or panel.get("id"))


def _content(panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """All of a panel but its place: what moves down because another was put in is not changed."""
    return {key: value for key, value in panel.items() if key != "gridPos"}
