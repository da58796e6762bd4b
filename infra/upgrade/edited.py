"""Dashboards that somebody changed in Grafana: the next ``pulumi up`` writes over them.

What Grafana holds is compared with what the last update wrote, as the state knows it, and not with
what this version would write: a new panel in the code is no edit.
https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from infra.apis.web import Api, Refused
from infra.guard.preview import Preview

DASHBOARD = "grafana:oss/dashboard:Dashboard"
GIVEN = frozenset({"id", "version"})
"""What Grafana itself sets in a dashboard."""


@dataclass(frozen=True)
class Edited:
    """A dashboard that is not as it was written.

    ``parts`` are titles of panels and names of settings that differ; ``by`` and ``at`` are of its
    last change, empty where it is gone.
    """

    uid: str
    title: str
    parts: tuple[str, ...]
    by: str = ""
    at: str = ""

    def __str__(self) -> str:
        if not self.by:
            return f"'{self.title}' is gone. The next 'pulumi up --refresh' makes it again."
        return (
            f"'{self.title}' was changed by {self.by} at {self.at} ({', '.join(self.parts)}). The"
            " next update of it writes over that: export it from Grafana, or take the change into"
            " dashboards/."
        )


def edited(preview: Preview, grafana: Api) -> Iterator[Edited]:
    """Every dashboard that the stack has, and that is not as it was written.

    Raises:
        Refused: the token may not read dashboards.
        Unreachable: Grafana does not answer.
    """
    for change in preview.changes:
        if change.type != DASHBOARD or change.before is None:
            continue
        written = _bare(json.loads(str(change.before.inputs["configJson"])))
        uid, title = str(written["uid"]), str(written["title"])
        try:
            answer = grafana.get(f"/api/dashboards/uid/{uid}")
        except Refused as error:
            if error.status != 404:
                raise
            yield Edited(uid, title, ())
            continue
        held = _bare(answer["dashboard"])
        if held != written:
            meta = cast("Mapping[str, object]", answer.get("meta", {}))
            yield Edited(
                uid,
                title,
                tuple(_parts(written, held)),
                str(meta.get("updatedBy") or "somebody"),
                str(meta.get("updated") or "an unknown time"),
            )


def _bare(dashboard: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in dashboard.items() if key not in GIVEN}


def _parts(written: Mapping[str, Any], held: Mapping[str, Any]) -> Iterator[str]:
    """Where the two differ, as a reader knows it."""
    before, after = _panels(written), _panels(held)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            panel = before.get(key) or after[key]
            yield f"panel '{panel.get('title') or key}'"
    for key in sorted((written.keys() | held.keys()) - {"panels"}):
        if written.get(key) != held.get(key):
            yield key


def _panels(dashboard: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    panels = cast("Sequence[Mapping[str, Any]]", dashboard.get("panels", ()))
    return {str(panel.get("id")): panel for panel in panels}
