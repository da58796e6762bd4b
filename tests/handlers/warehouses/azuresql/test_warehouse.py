"""What a load leaves in Azure SQL is what it leaves on a laptop."""

from tests.handlers.load.runs import collect, tables
from tests.handlers.warehouses.azuresql.loads import OCTOBER, OTHER, Loads, bill


def test_what_loads_write_is_what_they_write_on_a_laptop(loads: Loads) -> None:
    loads.write(bill(), bill(period=OCTOBER), bill(OTHER, cost="0.000000001"))
    assert {str(loaded.outcome) for loaded in loads.collect()} == {"loaded"}
    laptop = loads.folder / "laptop" / "costs.duckdb"
    collect(loads.folder / "bills", laptop)
    expected = dict(tables(laptop))
    found = loads.tables()
    expected["daily_costs"] = [("azuresql", *row[1:]) for row in expected["daily_costs"]]
    assert found == expected
    assert len(found["llm_costs"]) == 9
    assert loads.statuses() == ["loaded"] * 3
    assert not [
        table
        for (table,) in loads.server.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'staging'"
        )
        if loads.server.rows(f'SELECT 1 FROM staging."{table}" LIMIT 1')
    ]
