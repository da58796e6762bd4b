"""An answer as CSV is exact and harmless in a spreadsheet; as JSON it is as billed."""

import csv
import io
import json
from datetime import date
from decimal import Decimal

import pytest

from handlers.commands.answers import for_program
from handlers.queries.answer import Answer

# OWASP's list (https://owasp.org/www-community/attacks/CSV_Injection), and blanks before it.
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\uff20a")
PLAIN = ("plain", "a=b", "'=1", 'a,"b"', "", "1-2", "株")


def written(cell: object) -> str:
    text = for_program(Answer(("name",), [(cell,)]), "csv")
    return list(csv.reader(io.StringIO(text, newline="")))[1:][0][0]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("text", [text for text in PLAIN if text])
def test_any_other_text_is_as_billed(text: str) -> None:
    assert written(text) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Decimal("-0.000000001"), "-0.000000001"),
        (Decimal("-1E+2"), "-100"),
        (-3, "-3"),
        (date(2026, 11, 3), "2026-11-03"),
    ],
)
def test_a_number_below_zero_stays_a_number(cell: object, text: str) -> None:
    assert written(cell) == text


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN])
def test_json_has_every_text_as_it_is(text: str) -> None:
    assert json.loads(for_program(Answer(("name",), [(text,)]), "json")) == [{"name": text}]
