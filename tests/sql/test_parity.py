"""The questions of promotion through GoogleSQL's own analyzer."""

from importlib.resources import files

import pytest

from handlers.alerts import Hub
from handlers.warehouses.bigquery import tables
from tests.sql.googlesql import GoogleSql, create_table

pytestmark = pytest.mark.slow

HUB = Hub(project="some-project", dataset="costs", location="US")
WORDS = {
    "loaded": "'loaded'",
    "clouds": "'AWS', 'Azure'",
    "hub": "'hub'",
    "native": "'redshift', 'azuresql'",
    "loads": "'L1', 'L2'",
}


@pytest.mark.parametrize("name", ["loads", "differences"])
def test_a_question_of_parity_is_googlesql(name: str) -> None:
    project = GoogleSql()
    for table in tables():
        project.create(create_table(f"some-project.costs.{table.name}", table))
    text = files("handlers.parity").joinpath("sql", f"{name}.sql").read_text("utf-8")
    project.analyze(text.format(**HUB.words(), **WORDS), {})
