"""Names that stand in Redshift's SQL where nothing can be bound, each checked by its pattern.

COPY and UNLOAD take the place in S3 and the role as texts:
https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

import re
from dataclasses import dataclass

from handlers.errors import WarehouseError

SCHEMA = "llm_costs"
"""The schema of all tables."""

FACT_TABLE = "consumption"
"""The table of facts; the others have the names they have everywhere."""

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,128}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_./-]{0,900}", re.ASCII)
_TEMPORARY = re.compile(r"[a-z][a-z0-9_]{0,126}", re.ASCII)


@dataclass(frozen=True)
class Place:
    """An object of S3, or a prefix; ``str`` gives its address.

    Raises:
        WarehouseError: it is not one that this product writes.
    """

    bucket: str
    key: str

    def __post_init__(self) -> None:
        _check(_BUCKET, self.bucket, "bucket's name", "lower-case letters, digits, . and -")
        _check(_KEY, self.key, "key for staging", "letters, digits and _ . / -")

    @classmethod
    def parse(cls, text: str) -> "Place":
        """The place that ``text`` writes as ``s3://bucket/prefix``.

        Raises:
            WarehouseError: it does not.
        """
        scheme, _, rest = text.partition("://")
        if scheme != "s3" or not rest:
            raise WarehouseError(f"'{text}' is no place in S3: write it as s3://BUCKET/PREFIX.")
        bucket, _, key = rest.partition("/")
        return cls(bucket, key.strip("/"))

    def below(self, name: str) -> "Place":
        """The place of that name below this one."""
        return Place(self.bucket, f"{self.key}/{name}" if self.key else name)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def checked_role(arn: str) -> str:
    """The role that COPY and UNLOAD take on.

    Raises:
        WarehouseError: it is not the ARN of a role.
    """
    _check(_ROLE, arn, "role's ARN", "arn:aws:iam::ACCOUNT:role/NAME")
    return arn


def qualified(table: str) -> str:
    """A table of the schema, for SQL."""
    return f"{SCHEMA}.{temporary(table)}"


def temporary(name: str) -> str:
    """A table of the session's own, for SQL; a name that is in no schema.

    Raises:
        WarehouseError: it needs quoting, which names of this product never do.
    """
    _check(_TEMPORARY, name, "table's name", "small letters, digits and _")
    return name


def _check(pattern: re.Pattern[str], text: str, what: str, allowed: str) -> None:
    if not pattern.fullmatch(text):
        raise WarehouseError(f"'{text}' is not a {what} of Redshift's: allowed are {allowed}.")
