"""The dictionary of metrics is current, and every metric in it is compared with something."""

import re
from pathlib import Path

from dashboards.detail.pages import detail_plans
from dashboards.plan import plan, plans
from dashboards.queries.sql import queries
from tools.metrics import TARGET, dictionary

HERE = Path(__file__).parent


def test_the_dictionary_says_what_the_panels_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == dictionary(), "python -m tools.metrics"


def test_the_dictionary_names_each_panel_once() -> None:
    places = re.findall(r"^Shown: (.+)\.$", dictionary(), re.MULTILINE)
    named = sorted(place for line in places for place in line.split("; "))
    pages = (*plans(), *detail_plans())
    shown = sorted(f"{of.title}: *{spot.title}*" for of in pages for spot in of.spots.values())
    assert named == shown


def test_every_metric_is_compared_with_numbers_made_without_its_sql() -> None:
    asked: set[str] = set()
    for path in HERE.glob("test_demo_*.py"):
        text = path.read_text(encoding="utf-8")
        asked |= {
            plan(name).spots[panel].query.name
            for name, panel in re.findall(r'demo\.ask\(\s*"(\w+)", "(\w+)"', text)
        }
        asked |= {
            plan(name).spots[panel].query.name
            for name, panel in re.findall(r'\("(\w+)", "(\w+)", \d+\)', text)
        }
    for name in ("test_queries.py", "test_parity.py"):
        text = (HERE / name).read_text(encoding="utf-8")
        asked |= set(re.findall(r'asked\(\s*engine, "(\w+)"', text))
    assert asked == set(queries())
