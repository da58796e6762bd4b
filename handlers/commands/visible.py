"""Texts from bills on a terminal: what would move its cursor or turn its letters is written out."""

import re

_TURNS = "\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_TURNS}]")
_CONTROLS_BUT_COLOURS = re.compile(rf"(?!\x1b\[[0-9;]*m){_CONTROLS.pattern}")


def visible(text: str) -> str:
    r"""``text`` with control characters and turns of direction as escapes, like ``\x1b``.

    Ends of lines and tabs stay.
    """
    return _CONTROLS.sub(_escape, text)


def visible_but_colours(text: str) -> str:
    """The same for a text that was made for a terminal: what colours it stays."""
    return _CONTROLS_BUT_COLOURS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
