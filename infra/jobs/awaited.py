"""What a cloud's first bill waits for."""

import tomllib
from pathlib import Path

from handlers.record import Cloud


def awaited(cloud: Cloud) -> str:
    """What is awaited while nothing of ``cloud`` has been loaded, and what to do meanwhile."""
    texts = tomllib.loads(Path(__file__).with_name("awaited.toml").read_text(encoding="utf-8"))
    one: dict[str, str] = texts[cloud.value]
    return f"{one['text']} {one['remedy']}"
