"""Writing names and values into DuckDB's SQL where they can't be bound: files, columns."""


def literal(value: object) -> str:
    """``value`` as a SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted(name: str) -> str:
    """``name`` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
