"""The commented examples: valid as they are, and with every example line in use."""

import re
from datetime import date
from pathlib import Path

import pytest

from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.site import SITE_FILES, load_site
from handlers.site.put import write_examples

EXAMPLE = re.compile(r"(?m)^#(?=\S)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert write_examples(tmp_path / "site") == SITE_FILES
    return tmp_path / "site"


def test_the_examples_as_they_are_change_nothing(folder: Path) -> None:
    examples, shipped = load_site(folder), load_site(None)
    assert examples.attribution == shipped.attribution
    assert not examples.customers
    assert not examples.budgets
    for cloud in Cloud:
        october = date(2026, 10, 1)
        assert examples.digest(cloud, october) == shipped.digest(cloud, october)


def test_every_example_line_is_valid_when_it_is_uncommented(folder: Path) -> None:
    for name in SITE_FILES:
        text = (folder / name).read_text(encoding="utf-8")
        assert EXAMPLE.search(text), name
        (folder / name).write_text(EXAMPLE.sub("", text), encoding="utf-8")
    found = load_site(folder)
    assert len(found.attribution.maps) == 4
    assert [each.id for each in found.customers] == ["acme", "globex", "globex", "initech"]
    assert (len(found.budgets), len(found.rates.monthly), len(found.events)) == (4, 3, 2)
    assert len(found.invoices) == 3
    assert list(found.catalog) == list(Cloud)


def test_examples_explain_every_column(folder: Path) -> None:
    for path in folder.glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        header = next(line for line in lines if not line.startswith("#"))
        explained = " ".join(line for line in lines if line.startswith("#   "))
        assert [each for each in header.split(",") if each not in explained] == [], path.name


def test_nothing_is_overwritten(folder: Path) -> None:
    mine = folder / "customers.csv"
    mine.write_text("id\nmine\n", encoding="utf-8")
    (folder / "rates.csv").unlink()
    with pytest.raises(UsageError, match=r"already has attribution.toml, customers.csv, budgets"):
        write_examples(folder)
    assert mine.read_text(encoding="utf-8") == "id\nmine\n"
    assert not (folder / "rates.csv").exists()
