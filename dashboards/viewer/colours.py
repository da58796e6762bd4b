"""Colours of the two themes, and what Grafana's names of colours stand for (``colours.toml``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class Theme(StrEnum):
    """Grafana's two."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True)
class Ink:
    """What a chart is drawn with; ``static/viewer.css`` has the same values for the page."""

    text: str
    muted: str
    line: str
    surface: str


INKS: Mapping[Theme, Ink] = {
    Theme.DARK: Ink("#d5d6df", "#a3a5b3", "#2c3036", "#181b1f"),
    Theme.LIGHT: Ink("#24292e", "#5a6068", "#e3e5e8", "#ffffff"),
}

READABLE = 4.5
"""The least contrast of text, WCAG 2.2 AA (https://www.w3.org/TR/WCAG22/#contrast-minimum)."""


def hue(name: str, theme: Theme) -> str:
    """A colour of the JSON as a hexadecimal one."""
    if name in {"text", "transparent"}:
        return INKS[theme].text
    return str(_grafana()[theme]["named"].get(name, name))


def from_palette(place: int, theme: Theme) -> str:
    """The colour of a series without one of its own, by its place among the others."""
    colours: list[str] = _grafana()[theme]["palette"]
    return colours[place % len(colours)]


def as_text(colour: str, theme: Theme) -> str:
    """``colour`` moved towards the text's until it is readable on a panel."""
    ink = INKS[theme]
    for share in range(0, 100, 10):
        mixed = _mixed(colour, ink.text, share / 100)
        if contrast(mixed, ink.surface) >= READABLE:
            return mixed
    return ink.text


def contrast(one: str, other: str) -> float:
    """The contrast of two hexadecimal colours, 1 to 21, as WCAG computes it."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@cache
def _grafana() -> dict[str, Any]:
    return tomllib.loads(files("dashboards.viewer").joinpath("colours.toml").read_text("utf-8"))


def _parts(colour: str) -> tuple[int, int, int]:
    digits = colour.removeprefix("#")
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _mixed(one: str, other: str, share: float) -> str:
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    # https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
