"""What a reader chooses is bound: no text in a filter reaches the SQL as code."""

from datetime import UTC, datetime

import duckdb
import pytest

from dashboards.duckdb_source import Chosen, bound, run

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
SQL = (
    "SELECT name AS name FROM `p.d.people` AS costs"
    " WHERE '__all' IN (${customer_filter:singlequote})"
    " OR name IN (${customer_filter:singlequote}) ORDER BY name"
)
HOSTILE = ("'); DROP TABLE people; --", 'O"Brien\\', "a' OR '1'='1", "__all")


def people() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE people (name VARCHAR)")
    connection.executemany("INSERT INTO people VALUES (?)", [[name] for name in HOSTILE[:3]])
    return connection


def chosen(*names: str) -> Chosen:
    return Chosen(since=NOON, until=NOON, filters={"customer_filter": names})


@pytest.mark.parametrize("name", HOSTILE[:3])
def test_a_hostile_name_is_a_name_and_chooses_itself(name: str) -> None:
    with people() as connection:
        assert run(SQL, chosen(name), connection).rows == ((name,),)
        assert len(run(SQL, chosen(), connection).rows) == 3
        assert len(run(SQL, chosen("$__all"), connection).rows) == 3


def test_a_chosen_value_never_stands_in_the_text() -> None:
    text, values = bound(SQL, chosen(*HOSTILE))
    assert not any(name in text.replace("'__all' IN", "") for name in HOSTILE)
    assert list(values.values()) == list(HOSTILE)


def test_the_time_is_bound_in_seconds() -> None:
    _, values = bound("SELECT ${__from:date:seconds}, ${__to:date:seconds}", chosen())
    assert values == {"since": 1793707200, "until": 1793707200}


@pytest.mark.parametrize("variable", ["${other:singlequote}", "${cloud_filter:raw}"])
def test_a_variable_that_no_dashboard_has_is_refused(variable: str) -> None:
    with pytest.raises(ValueError, match="no variable"):
        bound(f"SELECT {variable}", chosen())
