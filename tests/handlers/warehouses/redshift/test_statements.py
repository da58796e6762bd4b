"""What a load sends keeps to the Data API's limits, and writes no value into SQL."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status
from handlers.record import COLUMNS, Cloud
from handlers.tables import FACTS, LEDGER, LOADED
from handlers.warehouses.redshift.jobs import LARGEST_STATEMENT, Batch, bound, refuse_large
from handlers.warehouses.redshift.names import Place, checked_role, temporary
from handlers.warehouses.redshift.schema import ALL_TABLES, create, cut, type_of
from handlers.warehouses.redshift.statements import NEVER, Staged, Statements
from tests.fakes.redshift_sql import read

ROLE = "arn:aws:iam::123456789012:role/copier"
MOMENT = datetime(2026, 11, 2, 3, 0, 0, 123456, tzinfo=UTC).replace(tzinfo=None)
LOAD = "L0123456789abcdef01234567"


def row(**changes: object) -> LedgerRow:
    plain = LedgerRow(
        load_id=LOAD,
        cloud_provider=Cloud.AWS,
        scope="111122223333",
        billing_period=date(2026, 10, 1),
        source_version="v",
        rule_digest="r",
        site_digest="s",
        started_at=MOMENT,
        finished_at=MOMENT,
        status=Status.LOADED,
    )
    return replace(plain, **changes)


def full_load(ledger: LedgerRow) -> Batch:
    """A load that fills every table."""
    place = Place("bucket", "loads/x")
    files = {table.name: place.below(f"{table.name}.parquet") for table in LOADED}
    return Statements(ROLE).replace(ledger, NEVER, Staged("0a1b2c3d4e5f", files))


def test_a_load_of_every_table_fits_into_one_transaction() -> None:
    batch = full_load(row())
    assert len(batch.statements) <= 40
    refuse_large("replace", batch)


def test_the_longest_texts_that_a_ledger_row_can_have_fit_into_a_statement() -> None:
    texts = {
        field.name: "\U0001f600" * 100_000
        for field in LEDGER.fields
        if field.type == "VARCHAR" and field.name not in ("cloud_provider", "status", "load_id")
    }
    refuse_large("replace", full_load(row(**texts)))


def test_a_row_of_the_ledger_fits_into_what_the_data_api_gives_back() -> None:
    """64 KB a row: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-troubleshooting.html"""
    sizes = [type_of(LEDGER, field) for field in LEDGER.fields]
    texts = sum(int(size[8:-1]) for size in sizes if size.startswith("VARCHAR("))
    others = 48 * sum(not size.startswith("VARCHAR(") for size in sizes)
    assert texts + others <= 64 * 1024


def test_no_value_of_a_row_stands_in_a_statement() -> None:
    secret = "o'neil"
    texts = {
        field.name: secret
        for field in fields(LedgerRow)
        if field.name in ("scope", "error", "reason", "origin", "decided_by", "archive")
    }
    batch = full_load(row(**texts, cost_usd=Decimal("12.345678901")))
    for statement in batch.statements:
        assert secret not in statement
        assert "12.345678901" not in statement
        assert "2026-10-01" not in statement
        read(statement)


def test_every_parameter_is_named_by_a_statement() -> None:
    batch = full_load(row())
    for name in batch.parameters:
        assert any(f":{name}," in statement for statement in batch.statements), name


@pytest.mark.parametrize("size", [LARGEST_STATEMENT - 40, LARGEST_STATEMENT + 1])
def test_a_statement_over_the_limit_is_refused_before_it_is_sent(size: int) -> None:
    batch = Batch((f"SELECT {bound('x', 'VARCHAR(9)')}",), {"x": "ä" * (size // 2 - 30)})
    if size < LARGEST_STATEMENT:
        refuse_large("test", batch)
    else:
        larger = Batch(batch.statements, {"x": "ä" * (size // 2)})
        with pytest.raises(WarehouseError, match=r"statement 1 of test has 100,\d+ bytes"):
            refuse_large("test", larger)


def test_too_many_statements_are_refused_before_they_are_sent() -> None:
    refuse_large("test", Batch(("SELECT 1",) * 40, {}))
    with pytest.raises(WarehouseError, match="test has 41 statements: one transaction takes 40"):
        refuse_large("test", Batch(("SELECT 1",) * 41, {}))


def test_the_facts_texts_hold_as_many_characters_of_any_size_as_the_record_says() -> None:
    limits = {column.name: column.limit for column in COLUMNS if column.limit}
    found = {field.name: type_of(FACTS, field) for field in FACTS.fields}
    assert {name: found[name] for name in limits} == {
        name: f"VARCHAR({4 * limit})" for name, limit in limits.items()
    }
    others = {name: kind for name, kind in found.items() if name not in limits}
    assert set(others.values()) == {"DATE", "DECIMAL(38,9)"}


def test_tables_are_created_by_what_redshift_takes() -> None:
    for table in ALL_TABLES:
        read(create(table))
    assert "llm_costs.consumption" in create(FACTS)
    assert 'DISTSTYLE EVEN COMPOUND SORTKEY ("billing_period", "date"' in create(FACTS)


def test_a_cut_text_is_as_long_as_the_limit_and_tells_apart_what_was_cut() -> None:
    assert cut("x" * 20, 20) == "x" * 20
    first, second = cut("x" * 30 + "a", 20), cut("x" * 30 + "b", 20)
    assert (len(first), first[:4], first != second) == (20, "xxx~", True)


@pytest.mark.parametrize(
    "role", ["", "me", "arn:aws:iam::1:role/x", f"{ROLE}' FORMAT AS CSV --", f"{ROLE}\n"]
)
def test_what_is_no_role_is_refused(role: str) -> None:
    with pytest.raises(WarehouseError, match="is not a role's ARN"):
        Statements(role)
    assert checked_role(ROLE) == ROLE


@pytest.mark.parametrize(
    "place", ["s3://", "gs://bucket/x", "s3://b/x", "s3://bucket/it's", "s3://bucket/a b", "bucket"]
)
def test_what_is_no_place_of_ours_is_refused(place: str) -> None:
    with pytest.raises(WarehouseError, match=r"place in S3|bucket's name|key for staging"):
        Place.parse(place)


def test_places_are_written_as_addresses() -> None:
    assert str(Place.parse("s3://bucket")) == "s3://bucket/"
    assert str(Place.parse("s3://bucket/a/b/").below("c_")) == "s3://bucket/a/b/c_"


@pytest.mark.parametrize("name", ["", "Staged", "a;b", 'a"b', "a b", "1a"])
def test_a_name_that_needs_quoting_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match="is not a table's name"):
        temporary(name)
