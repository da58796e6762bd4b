"""What counts as text in a site file: UTF-8, no control characters, white space trimmed."""

import re
import unicodedata

from handlers.site.problems import Problem, at_row, shown

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The characters with the Unicode property White_Space: what trimming takes off both ends.

Source: https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt. Python's ``str.strip`` takes
four more (U+001C to U+001F), so it is not used.
"""

NAME_LIMIT = 256
"""Longest id, alias or name in characters: the width of ``customer_id`` in the record."""

_LINE_BREAK = re.compile("\r\n|\n|\r")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UNSEEN = frozenset({"Cc", "Zl", "Zp"})


def trimmed(value: str) -> str:
    """``value`` without the white space at its ends."""
    return value.strip(WHITE_SPACE)


def has_control_characters(value: str) -> bool:
    """True when ``value`` has a control character (tab included) or a line separator."""
    return any(unicodedata.category(character) in _UNSEEN for character in value)


def name_fault(value: str) -> str:
    """Why ``value`` can't be an id, an alias or a tag key; empty when it can."""
    if not trimmed(value):
        return "nothing"
    if len(value) > NAME_LIMIT:
        return f"{shown(value)}, {len(value)} characters"
    if has_control_characters(value):
        return f"{shown(value)}, which has a control character"
    return ""


def decoded_lines(
    file: str, content: bytes, longest: int, problems: list[Problem]
) -> list[str] | None:
    """The lines of a UTF-8 file, a leading byte order mark taken off; None when it is not one.

    ``longest`` is the most characters a line may have.
    """
    text = _decoded(file, content, problems)
    if text is None:
        return None
    lines = _LINE_BREAK.split(text)
    known = len(problems)
    for number, line in enumerate(lines, start=1):
        if len(line) > longest:
            problems.append(
                Problem(
                    at_row(file, number),
                    f"a line of {len(line)} characters",
                    f"at most {longest} characters in a line",
                    "split or shorten it; a quote that is never closed can also cause this.",
                )
            )
        if "\0" in line:
            problems.append(
                Problem(
                    at_row(file, number),
                    "a NUL character",
                    "text only",
                    "delete the character, or save the file as UTF-8 text.",
                )
            )
    return lines if len(problems) == known else None


def _decoded(file: str, content: bytes, problems: list[Problem]) -> str | None:
    remedy = "save it as 'UTF-8' (in a spreadsheet: 'CSV UTF-8') and put it again."
    if content.startswith(_WIDE_MARKS):
        problems.append(Problem(file, "UTF-16 or UTF-32 text", "UTF-8 text", remedy))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = len(_LINE_BREAK.split(content[: error.start].decode("utf-8-sig")))
        found = f"the byte 0x{content[error.start]:02X}, which is not UTF-8"
        problems.append(Problem(at_row(file, row), found, "UTF-8 text", remedy))
        return None
