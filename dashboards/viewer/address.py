"""The address of a dashboard: ``/d/<uid>?from=now-30d/d&to=now&var-cloud_filter=AWS``.

The words are Grafana's, so that the query part of an address can be carried from one to the other.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboards.viewer.colours import Theme
from dashboards.viewer.variables import encoded

_PANEL = re.compile(r"\d{1,9}", re.ASCII)
"""The number of a panel. Python itself refuses to read one of thousands of digits."""


@dataclass(frozen=True)
class Address:
    """What an address asks for; empty texts and None where it says nothing."""

    variables: Mapping[str, tuple[str, ...]]
    since: str = ""
    until: str = ""
    theme: Theme | None = None
    panel: int | None = None


def read_address(words: Iterable[tuple[str, str]]) -> Address:
    """The address with these query words; what it does not know is left out."""
    variables: dict[str, tuple[str, ...]] = {}
    single: dict[str, str] = {}
    for name, value in words:
        if name.startswith("var-"):
            key = name.removeprefix("var-")
            variables[key] = (*variables.get(key, ()), value)
        else:
            single[name] = value
    theme, panel = single.get("theme", ""), single.get("viewPanel", "").removeprefix("panel-")
    return Address(
        variables=variables,
        since=single.get("from", ""),
        until=single.get("to", ""),
        theme=Theme(theme) if theme in set(Theme) else None,
        panel=int(panel) if _PANEL.fullmatch(panel) else None,
    )


def write_address(
    uid: str,
    words: Sequence[tuple[str, str]],
    *,
    theme: Theme | None = None,
    panel: int | None = None,
) -> str:
    """The address of a dashboard with a time and variables."""
    more = [("theme", str(theme))] if theme else []
    more += [("viewPanel", str(panel))] if panel else []
    return f"/d/{uid}?{encoded([*words, *more])}"


def is_local(url: str) -> bool:
    """Whether a link stays in the viewer: a second slash or a backslash would name a host."""
    return url.startswith("/") and not url.startswith(("//", "/\\"))
