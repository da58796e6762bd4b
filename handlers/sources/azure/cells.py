"""Cells that Azure writes in its own way: days, identifiers, tags."""

from handlers.quoting import quoted
from handlers.sources import Check
from handlers.sources.columns import Columns
from handlers.sources.expressions import TEXT_MOMENT, first_text, is_text, typed_timestamp

_AMERICAN_DAY = r"\d{1,2}/\d{1,2}/\d{4}( \d{1,2}:\d{2}(:\d{2})?( [AP]M)?)?"


def day(columns: Columns, field: str) -> str:
    """The field as a day: ISO 8601 in UTC, or American (MM/DD/YYYY); NULL when it is neither."""
    name = columns.need(field)
    cell = quoted(name)
    if not is_text(columns, name):
        return f"CAST({typed_timestamp(cell, columns.type_of(name))} AS DATE)"
    return (
        f"CASE WHEN regexp_full_match({cell}, '{TEXT_MOMENT}')"
        f" THEN TRY_CAST(left({cell}, 10) AS DATE)"
        f" WHEN regexp_full_match({cell}, '{_AMERICAN_DAY}')"
        f" THEN CAST(TRY_STRPTIME(split_part({cell}, ' ', 1), '%m/%d/%Y') AS DATE) END"
    )


def last_segment(columns: Columns, field: str) -> str:
    """The last segment of a resource path, lower case: identifiers have no case in Azure."""
    return f"lower(regexp_replace({first_text(columns, field)}, '^.*/', ''))"


def tags(columns: Columns, field: str) -> str:
    """The tags as a JSON object; the Enterprise Agreement's files leave its braces out."""
    name = columns.find(field)
    if name is None:
        return "NULL::VARCHAR"
    if not is_text(columns, name):
        return f"CAST(to_json({quoted(name)}) AS VARCHAR)"
    return f"NULLIF({_with_braces(name)}, 'null')"


def tags_check(columns: Columns, field: str) -> tuple[Check, ...]:
    """That the tags are empty, null or a JSON object."""
    name = columns.find(field)
    if name is None or not is_text(columns, name):
        return ()
    text = _with_braces(name)
    kind = f"json_type(CASE WHEN json_valid({text}) THEN {text} END)"
    return (
        Check(
            name,
            f"{text} IS NULL OR COALESCE({kind} IN ('OBJECT', 'NULL'), FALSE)",
            "is not JSON.",
            'Tags are a JSON object such as {"customer": "acme"}, with or without its braces:'
            " export the bill again.",
        ),
    )


def _with_braces(name: str) -> str:
    trimmed = f"NULLIF(trim({quoted(name)}), '')"
    return (
        f"CASE WHEN starts_with({trimmed}, '{{') OR {trimmed} = 'null' THEN {trimmed}"
        f" ELSE '{{' || {trimmed} || '}}' END"
    )
