"""The temporary functions of ``functions.sql``: a statement takes those along that it calls."""

import re
from importlib.resources import files

_FUNCTION = re.compile(r"^CREATE TEMP FUNCTION (\w+)\(.*?\n\)+(?=;$)", re.MULTILINE | re.DOTALL)


def functions() -> dict[str, str]:
    """Every function's statement, by name; each after those that it calls."""
    text = files("handlers.sources.gcp.bigquery").joinpath("functions.sql").read_text("utf-8")
    return {found[1]: found[0] for found in _FUNCTION.finditer(text)}


def functions_called(*queries: str) -> tuple[str, ...]:
    """The statements that create what ``queries`` call, in the order they are to be made."""
    called: dict[str, str] = {}
    texts = list(queries)
    for name, text in reversed(functions().items()):
        if any(re.search(rf"\b{name}\(", each) for each in texts):
            called[name] = text
            texts.append(text)
    return tuple(reversed(called.values()))
