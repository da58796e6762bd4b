"""Names that stand in T-SQL where nothing can be bound, each checked by its pattern.

Rules: https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from handlers.errors import WarehouseError
from handlers.tables import FACTS, Table

FACT_TABLE = "llm_consumption"
"""The table of facts; the others have the names they have everywhere."""

_OWN = re.compile(r"[a-z][a-z0-9_]{0,126}", re.ASCII)
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}", re.ASCII)


class Schema(StrEnum):
    """The schemas of the database: ``dbo`` is read, ``staging`` holds what is on its way."""

    DBO = "dbo"
    STAGING = "staging"


class Rights(StrEnum):
    """What a user of the database may do."""

    COLLECTOR = "collector"
    """Load, and note what was published; change no table."""
    READER = "reader"
    """Read the tables of ``dbo``."""


@dataclass(frozen=True)
class Principal:
    """An identity of Microsoft Entra that gets a user: its name, client id, and rights.

    Raises:
        WarehouseError: the name is not one that an identity of Azure can have.
    """

    name: str
    client_id: UUID
    rights: Rights

    def __post_init__(self) -> None:
        _check(_PRINCIPAL, self.name, "identity's name", "letters, digits and _ . @ -")

    @property
    def user(self) -> str:
        """Its user in the database, quoted for SQL."""
        return f"[{self.name}]"

    @property
    def sid(self) -> str:
        """What the database knows it by: the client id's bytes, as SQL writes them."""
        return f"0x{self.client_id.bytes_le.hex().upper()}"


def bare_name(table: Table) -> str:
    """The table's name, without its schema."""
    return FACT_TABLE if table is FACTS else table.name


def table_name(table: Table, schema: Schema = Schema.DBO) -> str:
    """The table of that schema, quoted for SQL."""
    return f"{schema}.{quoted(bare_name(table))}"


def quoted(name: str) -> str:
    """A name of the product's own for SQL, which takes some of them (``key``) for its words.

    Raises:
        WarehouseError: it is no such name.
    """
    _check(_OWN, name, "name of a table or column", "small letters, digits and _")
    return f"[{name}]"


def _check(pattern: re.Pattern[str], name: str, what: str, allowed: str) -> None:
    if not pattern.fullmatch(name):
        raise WarehouseError(f"'{name}' is no {what} in Azure SQL: allowed are {allowed}.")
