"""What a reader chooses with: filters and the time picker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import ValueChangeEventArguments

from dashboards.viewer.times import PRESETS, Preset, Range, read_range, title
from dashboards.viewer.variables import ALL, Choice
from dashboards.viewer.view import View

LONG_LIST = 12
"""From so many options on, a filter can be searched by typing."""


def tag(
    name: str, classes: str = "", text: str = "", attributes: Mapping[str, str] | None = None
) -> Element:
    """An HTML element; texts are shown as they are, never as markup."""
    made = TextElement(tag=name, text=text) if text else Element(name)
    made.props.update(attributes or {})
    return made.classes(classes)


def filters(view: View, choose: Callable[[Choice], None]) -> None:
    """A list to choose from for each variable; All and single values exclude each other."""
    for choice in view.choices.values():
        _filter(choice, choose)


def _filter(choice: Choice, choose: Callable[[Choice], None]) -> None:
    options = {ALL: "All", **{option.value: option.text for option in choice.options}}
    chosen = [list(choice.values or (ALL,))]

    def changed(event: ValueChangeEventArguments[Any]) -> None:
        wanted: list[str] = event.value
        values = picked(chosen[0], wanted)
        shown = list(values or (ALL,))
        is_new = shown != chosen[0]
        chosen[0] = shown
        if shown != wanted:
            # Sets this event off once more, when nothing is left to do.
            select.set_value(shown)
        if is_new:
            choose(replace(choice, values=values))

    select = ui.select(
        options,
        label=choice.variable.label,
        value=chosen[0],
        multiple=True,
        with_input=len(options) > LONG_LIST,
        on_change=changed,
    )
    select.props("outlined dense options-dense hide-bottom-space popup-content-class=filter-list")
    select.classes("filter")


def picked(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """The values after a click: All that was clicked drops the rest, any other drops All."""
    if ALL in after and ALL not in before:
        return ()
    return tuple(value for value in after if value != ALL)


def time_picker(view: View, pick: Callable[[Range], None]) -> None:
    """The range by name, or from one day to another."""
    button = ui.button(title(view.time), icon="schedule", color=None).props("outline no-caps dense")
    button.props["aria-label"] = f"Time: {title(view.time)}"
    with button.classes("time"):
        menu = ui.menu().props('anchor="bottom right" self="top right"')
    with menu, tag("div", "time-menu"):
        _days(view, pick)
        with tag("div", "time-presets"):
            tag("h3", text="Quick ranges")
            for preset in PRESETS:
                _preset(preset, view, pick)


def _days(view: View, pick: Callable[[Range], None]) -> None:
    with tag("div", "time-days"):
        tag("h3", text="From one day to another")
        first = ui.input("From", value=f"{view.time.start:%Y-%m-%d}")
        last = ui.input("To", value=f"{view.time.end:%Y-%m-%d}")
        wrong = tag("p", "time-wrong", attributes={"role": "alert"})

        def apply() -> None:
            try:
                pick(read_range(str(first.value), str(last.value), view.now))
            except ValueError as error:
                wrong.clear()
                with wrong:
                    tag("span", text=f"{error}.")

        for field in (first, last):
            field.props("type=date outlined dense hide-bottom-space")
            field.on("keydown.enter", apply)
        ui.button("Apply", on_click=apply, color=None).props("no-caps dense unelevated")
        tag("p", "time-now", f"Days are UTC; now is {view.now:%d %b %Y}.")


def _preset(preset: Preset, view: View, pick: Callable[[Range], None]) -> None:
    def choose() -> None:
        pick(read_range(preset.since, preset.until, view.now))

    is_here = (preset.since, preset.until) == (view.time.since, view.time.until)
    made = ui.button(preset.title, on_click=choose, color=None).props(
        "flat no-caps dense align=left"
    )
    made.classes("preset preset-here" if is_here else "preset")
