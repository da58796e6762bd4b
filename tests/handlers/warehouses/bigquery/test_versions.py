"""A hub as any earlier version left it: refused with all that it lacks, until Pulumi has added it.

Its tables are Pulumi's: a collector of this version compares them, and changes none.
"""

import copy

import pytest

from handlers.errors import WarehouseError
from handlers.focus import VIEW
from handlers.tables import VERSION
from tests.fakes.bigquery_server import FakeBigQuery
from tests.handlers.warehouses.bigquery.hubs import Collector
from tests.handlers.warehouses.test_versions import ADDED


@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_hub_of_an_earlier_version_is_refused_by_name_until_it_has_what_is_new(
    fake: FakeBigQuery, ours: Collector, version: int
) -> None:
    later = {name for number, names in ADDED.items() if number > version for name in names}
    tables = {name for name in later if "." not in name} - {VIEW}
    held = {name for name in later if "." in name and name.partition(".")[0] not in tables}
    complete = copy.deepcopy(fake.engine.schemas)
    for table in tables:
        del fake.engine.schemas[f"costs.{table}"]
    for table, column in (name.split(".") for name in held):
        fields = fake.engine.schemas[f"costs.{table}"]
        fake.engine.schemas[f"costs.{table}"] = [f for f in fields if f["name"] != column]

    if tables or held:
        with pytest.raises(WarehouseError) as refused:
            ours.warehouse.migrate()
        said = str(refused.value)
        for name in tables:
            assert f"missing there: table {name}" in said
        for name in held:
            assert f"missing there: {name}" in said
        assert fake.engine.rows("SELECT * FROM costs.load_lock") == []

    fake.engine.schemas.update(complete)  # what `pulumi up` does, which adds and drops no column
    ours.warehouse.migrate()
    assert fake.engine.rows("SELECT max(version) AS v FROM costs.schema_version") == [
        {"v": VERSION}
    ]
