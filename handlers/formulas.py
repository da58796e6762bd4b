"""Texts from bills in CSV files that people open in a spreadsheet: one rule for all exports.

A bill's own lines that go back to a program (the quarantine file, ``classify``) stay as they are,
and so do JSON and Parquet: who reads those computes no formulas.
"""

_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a text begins that a spreadsheet would compute, also in the wide forms:
https://owasp.org/www-community/attacks/CSV_Injection"""


def harmless(text: str) -> str:
    """``text`` for a cell of a CSV; one that would be computed gets an apostrophe before it.

    Only for texts: a number may begin with a minus, and stays one.
    """
    # A spreadsheet leaves out the blanks before it looks.
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS) else text
