"""The fake of Azure SQL refuses what the server refuses, and does what it does."""

import threading
from collections.abc import Iterator
from datetime import date

import pytest

from handlers.warehouses.azuresql.port import SqlError
from handlers.warehouses.azuresql.statements import lock
from tests.fakes.azuresql import FakeAzureSql, FakeSession

BIN2 = "COLLATE Latin1_General_100_BIN2_UTF8"
TABLE = (
    f"CREATE TABLE dbo.[t] ([day] DATE NOT NULL, [name] VARCHAR(8) {BIN2} NULL,"
    " [key] VARCHAR(MAX) NULL, [cost] DECIMAL(38, 9) NULL, INDEX [ix_t] CLUSTERED ([day]))"
)
ADD = "INSERT INTO dbo.[t] ([day], [name]) VALUES (?, ?)"
COUNT = "SELECT COUNT(*) AS [n] FROM dbo.[t]"


@pytest.fixture
def server() -> Iterator[FakeAzureSql]:
    fake = FakeAzureSql()
    session = fake.connecting()()
    in_transaction(session, TABLE)
    session.close()
    yield fake
    fake.close()


@pytest.fixture
def session(server: FakeAzureSql) -> Iterator[FakeSession]:
    session = server.connecting()()
    assert isinstance(session, FakeSession)
    yield session
    session.close()


def in_transaction(session: object, *statements: str) -> None:
    assert isinstance(session, FakeSession)
    for statement in ("BEGIN TRANSACTION", *statements, "COMMIT TRANSACTION"):
        session.execute(statement)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT [name] FROM dbo.[t] LIMIT 1",
        "SELECT [name] FROM dbo.[t] QUALIFY ROW_NUMBER() OVER (ORDER BY [day]) = 1",
        "SELECT [name]::VARCHAR FROM dbo.[t]",
        "SELECT [name] || 'x' AS [x] FROM dbo.[t]",
        "SELECT [name] FROM dbo.[t] WHERE [name] ILIKE 'a'",
        "SELECT [name] FROM dbo.[t] WHERE TRUE",
        "SELECT [a].[name] FROM dbo.[t] AS [a] INNER JOIN dbo.[t] AS [b] USING ([day])",
        "SELECT [name] FROM dbo.[t] ORDER BY [name] NULLS LAST",
        "SELECT [day] - INTERVAL 1 DAY AS [d] FROM dbo.[t]",
        "SELECT [cost] > 1 AS [dear] FROM dbo.[t]",
        "SELECT [name] AS [who], SUM([cost]) AS [cost] FROM dbo.[t] GROUP BY [who]",
        "SELECT SUM([cost]) AS [total] FROM dbo.[t] HAVING [total] > 1",
        "SELECT [name] AS [who] FROM dbo.[t] WHERE [who] = 'a'",
        "SELECT [name], SUM([cost]) AS [cost] FROM dbo.[t]",
        "SELECT [n] FROM (SELECT [name] AS [n] FROM dbo.[t])",
        "SELECT [n] FROM (SELECT [name] AS [n] FROM dbo.[t] ORDER BY [name]) AS [x]",
        "SELECT key FROM dbo.[t]",
        "SELECT [name] FROM dbo.[t] WHERE [name] = 'zürich'",
        "SELECT [nobody] FROM dbo.[t]",
        "SELECT [name] FROM dbo.[nothing]",
        "SELECT LIST([name]) AS [x] FROM dbo.[t]",
        "SELECT STRFTIME([day], '%Y') AS [x] FROM dbo.[t]",
        "SELECT DATE_ADD([day], 1) AS [x] FROM dbo.[t]",
        "WITH [a] AS (SELECT [name] AS [n] FROM dbo.[t]) SELECT [n] FROM [b]",
        "WITH [a] AS (SELECT [name] AS [n] FROM dbo.[t]) SELECT [n] AS [m] FROM [a] GROUP BY [m]",
        "DELETE FROM dbo.[t]; DELETE FROM dbo.[t]",
        "DROP TABLE dbo.[t]",
        "CREATE TABLE dbo.[u] ([a] TEXT NULL)",
        "CREATE TABLE dbo.[u] ([a] VARCHAR(9000) NULL)",
        "CREATE TABLE dbo.[u] ([a] BOOLEAN NULL)",
        "CREATE TABLE dbo.[u] ([a] VARCHAR(MAX) NULL, INDEX [i] CLUSTERED ([a]))",
        "ALTER TABLE dbo.[t] ADD [b] INT NOT NULL",
        "GRANT SELECT ON SCHEMA::dbo TO [nobody]",
        "COMMIT TRANSACTION",
    ],
)
def test_what_the_server_does_not_take_is_refused(session: FakeSession, sql: str) -> None:
    with pytest.raises(SqlError, match=r"\[SQL Server\]"):
        session.execute(sql)


@pytest.mark.parametrize(
    "values", [("2026-11-01",), ("2026-11-01", "a", "b"), ("2026-11-01", "x" * 9)]
)
def test_values_that_do_not_fit_are_refused(session: FakeSession, values: tuple[str, ...]) -> None:
    with pytest.raises(SqlError, match=r"values expected|would be truncated"):
        session.execute(ADD, values)


def test_lengths_count_bytes(session: FakeSession) -> None:
    session.execute(ADD, ("2026-11-01", "日本"))
    with pytest.raises(SqlError, match="would be truncated"):
        session.execute(ADD, ("2026-11-01", "日本語"))


def test_texts_are_compared_by_their_bytes_and_nothing_is_bound_as_null(
    session: FakeSession,
) -> None:
    for name in ("acme", "ACME"):
        session.execute(ADD, ("2026-11-01", name))
    grouped = "SELECT [name], COUNT(*) AS [n] FROM dbo.[t] GROUP BY [name] ORDER BY [name]"
    assert session.fetch(grouped) == [("ACME", 1), ("acme", 1)]
    with pytest.raises(AssertionError, match="binds NULL"):
        session.execute(ADD, ("2026-11-01", None))


def test_a_common_table_is_read_and_whole_numbers_divide_into_whole_ones(
    session: FakeSession,
) -> None:
    session.execute(ADD, ("2026-11-01", "a"))
    asked = (
        "WITH [a] AS (SELECT DATEADD(DAY, 129600 / 86400, [day]) AS [next] FROM dbo.[t])"
        " SELECT TOP (1) DATEDIFF(DAY, CAST('2026-11-01' AS DATE), [a].[next]) AS [n] FROM [a]"
    )
    assert session.fetch(asked) == [(1,)]


def test_a_transaction_is_seen_by_others_when_it_is_committed_and_never_when_it_is_lost(
    server: FakeAzureSql, session: FakeSession
) -> None:
    session.execute("BEGIN TRANSACTION")
    session.execute(ADD, ("2026-11-01", "a"))
    assert session.fetch(COUNT) == [(1,)]
    assert server.rows("SELECT count(*) FROM dbo.t") == [(0,)]
    session.close()
    assert server.rows("SELECT count(*) FROM dbo.t") == [(0,)]
    with pytest.raises(SqlError, match="Connection not open"):
        session.execute("SELECT 1 AS [x]")

    second = server.connecting()()
    second.execute("BEGIN TRANSACTION")
    second.execute(ADD, ("2026-11-01", "a"))
    second.execute("COMMIT TRANSACTION")
    second.close()
    assert server.rows("SELECT count(*) FROM dbo.t") == [(1,)]


def test_bulk_copy_is_no_part_of_the_transaction(server: FakeAzureSql) -> None:
    session = server.connecting()()
    session.execute("BEGIN TRANSACTION")
    assert session.bulk("dbo.[t]", ["day", "name"], [("2026-11-01", "a")][:0]) == 0
    day = date(2026, 11, 1)
    assert session.bulk("dbo.[t]", ["day", "name"], [(day, "a"), (day, None)]) == 2
    session.close()
    assert server.rows("SELECT count(*) FROM dbo.t") == [(2,)]


def test_the_lock_is_held_to_the_end_of_the_transaction(server: FakeAzureSql) -> None:
    statement = lock("a", 100)
    first, second = server.connecting()(), server.connecting()()
    assert first.fetch(statement.sql, statement.values) == [(-999,)]
    first.execute("BEGIN TRANSACTION")
    assert first.fetch(statement.sql, statement.values) == [(0,)]
    second.execute("BEGIN TRANSACTION")
    assert second.fetch(statement.sql, statement.values) == [(-1,)]
    other = lock("b", 100)
    assert second.fetch(other.sql, other.values) == [(0,)]

    threading.Timer(0.2, lambda: first.execute("COMMIT TRANSACTION")).start()
    patient = lock("a", 2000)
    assert second.fetch(patient.sql, patient.values) == [(0,)]
    second.close()
    first.close()
