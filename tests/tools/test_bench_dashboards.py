from pathlib import Path

import pytest

from dashboards.duckdb_source import open_hub
from dashboards.plan import plans
from tools.bench.dashboards import TARGETS, make_warehouse, speeds

DAYS = 40


@pytest.mark.slow
def test_every_dashboard_is_asked_over_the_facts_that_were_made(tmp_path: Path) -> None:
    path = tmp_path / "costs.duckdb"
    made = make_warehouse(path, DAYS)
    # Sixty customers, five models each, three token types, two places; a discount on AWS.
    used = DAYS * 60 * 5 * 3 * 2
    with open_hub(path) as hub:
        facts = "FROM warehouse.llm_costs"
        assert hub.execute(f"SELECT count(*) {facts}").fetchall() == [(made,)]
        usage = hub.execute(f"SELECT count(*) {facts} WHERE charge_type = 'usage'").fetchall()
        assert usage == [(used,)]
        assert (
            hub.execute(f"SELECT sum(cost_usd) {facts}").fetchall()
            == hub.execute("SELECT sum(cost) FROM serving_daily_costs").fetchall()
        )
    found = speeds(path)
    assert [(each.title, each.days) for each in found] == [
        (of.title, days) for days in TARGETS for of in plans()
    ]
    assert all(0 < each.slowest_milliseconds <= each.milliseconds for each in found)
