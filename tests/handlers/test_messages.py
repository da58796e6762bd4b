import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.messages import LARGEST, Command, Decision, MessageError, Run, parse
from handlers.record import Cloud


def refused(message: bytes | dict[str, object]) -> str:
    with pytest.raises(MessageError) as caught:
        parse(message)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    return text


def test_the_daily_message_is_the_daily_command() -> None:
    assert parse(b'{"run": "daily"}') == Command(Run.DAILY)


def test_options_are_read_as_at_the_door() -> None:
    command = parse({"run": "collect", "cloud": "aws", "period": "2025-12..2026-02"})
    assert command.cloud is Cloud.AWS
    assert command.periods == (date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1))
    assert not command.reclassify
    assert parse({"run": "collect", "reclassify": True}).reclassify


def test_months_come_once_and_in_order_however_they_are_named() -> None:
    command = parse({"run": "verify", "period": ["2026-03", "2026-01..2026-02", "2026-02"]})
    assert command.periods == (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))


def test_a_decision_on_a_held_load_says_who_and_why() -> None:
    said = {"run": "collect", "reject": "aws-1", "by": "Ada", "reason": "credit is missing"}
    assert parse(said).decision == Decision("aws-1", False, "Ada", "credit is missing")
    accepted = parse({"run": "collect", "accept": "aws-1", "by": "Ada", "reason": "ok"}).decision
    assert accepted is not None
    assert accepted.accepted


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ({}, "no 'run'"),
        ({"run": "rm"}, "'run' is 'rm': allowed is one of daily, collect"),
        ({"run": ["daily"]}, "'run' is a list"),
        ({"run": "daily", "cloud": "aws"}, "'daily' has no option 'cloud': allowed: none"),
        ({"run": "collect", "clouds": "aws"}, "allowed: cloud, period, reclassify"),
        ({"run": "collect", "cloud": "AWS"}, "'cloud' is 'AWS': allowed is one of aws, azure, gcp"),
        ({"run": "collect", "period": "2026-13"}, "a month as 2026-01"),
        ({"run": "collect", "period": "2026-1"}, "a month as 2026-01"),
        ({"run": "collect", "period": "2026-01.."}, "a month as 2026-01"),
        ({"run": "collect", "period": "2026-09..2026-01"}, "first month is not after its last"),
        ({"run": "collect", "period": "0001-01..9999-12"}, "names 119988 months: allowed are 120"),
        ({"run": "collect", "period": ["2016-01..2020-12", "2021-01..2026-12"]}, "132 months"),
        ({"run": "collect", "period": []}, "empty list"),
        ({"run": "collect", "period": 202601}, "'period' is 202601"),
        ({"run": "collect", "reclassify": "yes"}, "'reclassify' is 'yes': allowed is true or"),
        ({"run": "collect", "reclassify": 1}, "'reclassify' is 1: allowed is true or false"),
        ({"run": "collect", "accept": "a", "reject": "b", "by": "x", "reason": "y"}, "not both"),
        ({"run": "collect", "by": "x", "reason": "y"}, "one of 'accept' or 'reject'"),
        ({"run": "collect", "accept": "a", "reason": "y"}, "who decides and why"),
        ({"run": "collect", "accept": "a", "by": "x", "reason": "y\nz"}, "without line breaks"),
        ({"run": "collect", "accept": "a", "by": "x", "reason": "\ud800"}, "control characters"),
        ({"run": "collect", "accept": "a" * 501, "by": "x", "reason": "y"}, "1 to 500 characters"),
    ],
)
def test_a_word_that_is_not_allowed_is_named_with_what_is(
    message: dict[str, object], part: str
) -> None:
    assert part in refused(message)


@pytest.mark.parametrize(
    ("message", "part"),
    [
        (b"", "not JSON"),
        (b"daily", "not JSON"),
        (b'"daily"', "allowed is an object"),
        (b'[{"run": "daily"}]', "The message is a list"),
        (b'{"run": "daily"} {"run": "collect"}', "not JSON"),
        (b'{"run": "daily", "run": "migrate"}', "'run' twice"),
        (b'{"run": NaN}', "NaN, which is not JSON"),
        (b'{"run": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"run": "d\xe4ily"}', "not UTF-8 from byte 10"),
        ('{"run": "daily"}'.encode("utf-16"), "not UTF-8"),
        (b'\xef\xbb\xbf{"run": "daily"}', "not JSON"),
        (b'{"run": {"run": "daily"}}', "nested too deep"),
        (b'{"run":' + b"[" * 8000 + b"]" * 8000 + b"}", "nested too deep"),
        (b'{"run": "daily", "x": "' + b"x" * LARGEST + b'"}', f"allowed are {LARGEST}"),
    ],
    ids=range(14),
)
def test_hostile_bytes_are_refused_for_what_they_are(message: bytes, part: str) -> None:
    assert part in refused(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["run", "period"]), inner)
    ),
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_end_in_anything_but_a_command_or_a_refusal(message: bytes) -> None:
    with suppress(MessageError):
        assert parse(message).run in Run
