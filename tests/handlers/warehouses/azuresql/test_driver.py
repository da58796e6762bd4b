"""How Microsoft's driver is called, checked against the installed package itself."""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import mssql_py_core
import mssql_python
import pytest
from mssql_python import connection_string_parser, constants, exceptions, helpers

from handlers.errors import WarehouseError
from handlers.warehouses.azuresql import driver
from handlers.warehouses.azuresql.faults import Kind, fault_of, faults
from handlers.warehouses.azuresql.port import SqlError

package: Any = mssql_python
SERVER = "ai-cost-prod.database.windows.net"


@dataclass
class Tokens:
    """A credential as azure-identity's, which remembers what was asked."""

    asked: list[str] = field(default_factory=list[str])

    def get_token(self, scope: str, /) -> object:
        self.asked.append(scope)
        return Given()


@dataclass(frozen=True)
class Given:
    """A token."""

    token: str = "e30.e30.c2ln"
    expires_on: int = 4_000_000_000


class Cursor:
    """Stands in for the driver's cursor; its calls are bound to the real signatures."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.results = [None, [("got", int)]]
        self.rowcount = 3

    @property
    def description(self) -> object:
        return self.results[0]

    def nextset(self) -> bool:
        self.results.pop(0)
        return True

    def execute(self, *given: object, **named: object) -> None:
        self._bind("execute", given, named)

    def bulkcopy(self, *given: object, **named: object) -> dict[str, int]:
        self._bind("bulkcopy", given, named)
        return {"rows_copied": 2, "batch_count": 1}

    def fetchall(self) -> list[Sequence[object]]:
        return [[0]]

    def close(self) -> None:
        pass

    def _bind(self, name: str, given: tuple[object, ...], named: dict[str, object]) -> None:
        signature = inspect.signature(getattr(package.Cursor, name))
        bound = signature.bind(None, *given, **named)
        self.calls.append((name, dict(bound.arguments)))


@dataclass
class Connection:
    """Gives the one cursor."""

    made: Cursor

    def cursor(self) -> Cursor:
        return self.made

    def close(self) -> None:
        raise package.InterfaceError("closed already", "")


@pytest.fixture
def cursor() -> Cursor:
    return Cursor()


@pytest.fixture
def session(cursor: Cursor) -> Iterator[driver.MssqlSession]:
    session = driver.MssqlSession(Connection(cursor), lambda: 42.9)
    yield session
    session.close()


def test_bulk_copy_is_called_as_the_driver_declares_it(
    session: driver.MssqlSession, cursor: Cursor
) -> None:
    rows = [("a", Decimal("1.5"), None)]
    assert session.bulk("staging.[ledger]", ("attempt", "cost_usd", "error"), iter(rows)) == 2
    ((name, said),) = cursor.calls
    assert (name, said["table_name"], list(said["data"])) == ("bulkcopy", "staging.[ledger]", rows)
    assert said["column_mappings"] == ["attempt", "cost_usd", "error"]
    assert (said["timeout"], said["keep_nulls"], said["use_internal_transaction"]) == (
        42,
        True,
        True,
    )


def test_values_are_bound_one_by_one_and_rows_are_those_of_the_first_result_with_columns(
    session: driver.MssqlSession, cursor: Cursor
) -> None:
    assert session.fetch("SELECT ?", ("x", date(2026, 1, 1))) == [(0,)]
    ((_, said),) = cursor.calls
    assert (said["operation"], said["parameters"]) == ("SELECT ?", ("x", date(2026, 1, 1)))
    assert session.execute("DELETE FROM dbo.[x]") == 3


def test_every_keyword_of_the_connection_string_is_one_that_the_driver_knows() -> None:
    text = driver.connection_string(SERVER, "costs")
    known: Any = vars(constants)["_ALLOWED_CONNECTION_STRING_PARAMS"]
    keywords = [part.partition("=")[0].lower() for part in text.split(";")]
    assert set(keywords) <= set(known)
    assert {"encrypt", "connectretrycount"} <= set(keywords)
    assert "Encrypt=yes;TrustServerCertificate=no;ConnectRetryCount=0" in text


@pytest.mark.parametrize(
    ("server", "database"),
    [("x;Encrypt=no", "costs"), ("", "costs"), (SERVER, "a;UID=b"), (SERVER, "{x}"), (SERVER, "")],
)
def test_a_name_that_would_add_a_keyword_is_refused(server: str, database: str) -> None:
    with pytest.raises(WarehouseError, match="is no name of a"):
        driver.connection_string(server, database)


def test_the_driver_asks_the_credential_for_azure_sqls_token_before_it_connects() -> None:
    tokens = Tokens()
    connect = driver.connecting("127.0.0.1,9", "costs", tokens, lambda: 5.0)
    with pytest.raises(SqlError):
        connect()
    assert tokens.asked[0] == "https://database.windows.net/.default"
    parameters = inspect.signature(package.connect).parameters
    assert {"autocommit", "timeout", "token_provider"} <= set(parameters)


def test_a_credential_without_a_token_is_an_error_of_the_driver_and_not_a_defect() -> None:
    class Nobody:
        def get_token(self, scope: str, /) -> object:
            raise ValueError(f"no identity for {scope}")

    with pytest.raises(SqlError, match=r"no identity|token"):
        driver.connecting("127.0.0.1,9", "costs", Nobody(), lambda: 5.0)()


@pytest.mark.parametrize(
    "state", ["08001", "08003", "08004", "08007", "08S01", "40001", "40003", "HYT00", "HYT01"]
)
def test_a_connection_that_is_lost_is_a_fault_that_passes_in_the_drivers_own_words(
    state: str,
) -> None:
    states: Any = vars(exceptions)["sqlstate_to_exception"]
    error = states(state, "[Microsoft][ODBC Driver 18 for SQL Server]anything")
    assert fault_of(str(error)).kind is Kind.PASSING


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("Database 'costs' on server 'x' is not currently available.  Please retry the connection"
         " later.", 40613, Kind.PASSING),
        ("The service has encountered an error processing your request. Please try again. Error"
         " code 40143.", 40197, Kind.PASSING),
        ("The service is currently busy. Retry the request after 10 seconds. Incident ID: x.",
         40501, Kind.PASSING),
        ("Resource ID : 1. The request limit for the database is 60 and has been reached.", 10928,
         Kind.PASSING),
        ("Cannot process request. Not enough resources to process request. The service is"
         " currently busy. Please retry the request later.", 40501, Kind.PASSING),
        ("Transaction (Process ID 52) was deadlocked on lock resources with another process and"
         " has been chosen as the deadlock victim. Rerun the transaction.", 1205, Kind.PASSING),
        ("Cannot open server 'x' requested by the login. Client with IP address '1.2.3.4' is not"
         " allowed to access the server.", 40615, Kind.REFUSED),
        ("Login failed for user '<token-identified principal>'.", 18456, Kind.REFUSED),
        ("The database 'costs' has reached its size quota. Partition or delete data.", 40544,
         Kind.REFUSED),
        ("Invalid object name 'dbo.x'.", 0, Kind.REFUSED),
    ],
)  # fmt: skip
def test_the_servers_words_say_which_fault_it_is(text: str, number: int, kind: Kind) -> None:
    said = f"Driver Error: General error; DDBC Error: [Microsoft][SQL Server]{text}"
    fault = fault_of(said)
    assert (fault.number, fault.kind) == (number, kind)
    assert text.split(".", maxsplit=1)[0] in fault.message("the load", said)


def test_every_fault_of_the_table_is_told_by_words_and_says_what_to_do() -> None:
    for fault in faults():
        assert len(fault.says) > 10
        assert fault.says == fault.says.lower()
        assert re.search(r"\. ?$|[.)]$", fault.remedy)
        assert fault_of(f"x {fault.says} y") == fault


def test_dates_and_decimals_are_values_that_the_driver_maps() -> None:
    cursor: Any = object.__new__(package.Cursor)
    for value in (date(2026, 1, 1), datetime(2026, 1, 1), Decimal("1.5"), 3, "x"):  # noqa: DTZ001
        cursor._map_sql_type(value, [value], 0, decimal_as_numeric=True)
    with pytest.raises(TypeError):
        cursor._map_sql_type(object(), [None], 0)


def test_bulk_copys_own_connection_takes_the_same_string_and_a_token() -> None:
    parse: Any = vars(connection_string_parser)["_ConnectionStringParser"]
    words = parse(validate_keywords=False)._parse(driver.connection_string("127.0.0.1,9", "costs"))
    context: Any = vars(helpers)["connstr_to_pycore_params"](words)
    assert (context["encryption"], context["trust_server_certificate"]) == ("yes", "no")
    core: Any = mssql_py_core
    with pytest.raises(RuntimeError) as refused:
        core.PyCoreConnection({**context, "access_token": Given.token, "connect_timeout": 5})
    assert "Connection refused" in str(refused.value)
    assert fault_of(str(refused.value)).kind is Kind.PASSING
