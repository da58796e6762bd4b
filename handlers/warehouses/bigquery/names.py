"""Names of projects, datasets and tables, checked before they are written into SQL.

Rules: https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects (a project
of a domain has the domain in front), https://docs.cloud.google.com/bigquery/docs/datasets and
https://docs.cloud.google.com/bigquery/docs/tables. Of what tables allow, this product uses ASCII.
"""

import re
from dataclasses import dataclass

from handlers.errors import WarehouseError

_PROJECT = re.compile(r"([a-z0-9.-]{1,253}:)?[a-z][a-z0-9-]{2,28}[a-z0-9]", re.ASCII)
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}", re.ASCII)
_TABLE = re.compile(r"[A-Za-z0-9_-]{1,1024}", re.ASCII)


@dataclass(frozen=True)
class TableName:
    """A table of a dataset of a project; ``str`` gives it quoted for SQL.

    Raises:
        WarehouseError: a part is not a name that BigQuery takes.
    """

    project: str
    dataset: str
    table: str

    def __post_init__(self) -> None:
        _check(_PROJECT, self.project, "project id", "lower-case letters, digits and hyphens")
        _check(_DATASET, self.dataset, "dataset", "letters, digits and underscores")
        _check(_TABLE, self.table, "table", "letters, digits, underscores and hyphens")

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """The name that ``text`` writes as ``project.dataset.table``.

        Raises:
            WarehouseError: it does not.
        """
        parts = text.rsplit(".", 2)
        if len(parts) != len(("project", "dataset", "table")):
            raise WarehouseError(
                f"'{text}' is not the full name of a table. Write it as project.dataset.table."
            )
        return cls(*parts)

    def __str__(self) -> str:
        return f"`{self.project}.{self.dataset}.{self.table}`"


def dataset_of(project: str, dataset: str) -> str:
    """``project.dataset``, checked, to stand inside backquotes.

    Raises:
        WarehouseError: a part is not a name that BigQuery takes.
    """
    name = TableName(project, dataset, "checked")
    return f"{name.project}.{name.dataset}"


def _check(pattern: re.Pattern[str], name: str, what: str, allowed: str) -> None:
    if not pattern.fullmatch(name):
        raise WarehouseError(f"'{name}' is not a {what} of BigQuery: allowed are {allowed}.")
