"""How long Azure asks to wait, and that nobody waits longer than the run may last."""

from datetime import UTC, datetime

import pytest

from handlers.sources.azure.faults import OutOfTime
from handlers.sources.azure.throttle import RESERVE, asked_wait, usual_wait
from tests.handlers.sources.azure.clouds import NOW, Waits

PREFIX = "x-ms-ratelimit-microsoft.costmanagement-"


@pytest.mark.parametrize("kind", ["qpu", "entity", "tenant", "client", "clienttype"])
def test_each_limit_of_cost_management_is_heeded_whatever_the_case(kind: str) -> None:
    assert asked_wait({f"{PREFIX}{kind}-retry-after": "41"}, NOW) == 41.0
    assert asked_wait({f"{PREFIX}{kind}-Retry-After".upper(): "41"}, NOW) == 41.0


def test_the_longest_of_all_waits_counts() -> None:
    headers = {
        "Retry-After": "5",
        f"{PREFIX}qpu-retry-after": "7",
        f"{PREFIX}entity-retry-after": "63",
        f"{PREFIX}tenant-retry-after": "12",
        "x-ms-ratelimit-microsoft.consumption-retry-after": "3",
    }

    assert asked_wait(headers, NOW) == 63.0


def test_a_date_is_a_wait_until_then_and_one_that_has_passed_is_none() -> None:
    now = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)

    assert asked_wait({"Retry-After": "Sat, 21 Nov 2026 06:01:30 GMT"}, now) == 90.0
    assert asked_wait({"Retry-After": "Sat, 21 Nov 2026 05:00:00 GMT"}, now) == 0.0


@pytest.mark.parametrize("value", ["", "soon", "-5", "1e9", "nan", "12345678", "٣"])
def test_a_wait_that_can_not_be_read_is_none_that_was_asked(value: str) -> None:
    assert asked_wait({"Retry-After": value}, NOW) is None


def test_remaining_requests_are_no_wait() -> None:
    headers = {
        "x-ms-ratelimit-remaining-microsoft.costmanagement-entity-requests": "7",
        "x-ms-ratelimit-microsoft.costmanagement-qpu-consumed": "2",
    }

    assert asked_wait(headers, NOW) is None


def test_without_a_word_waits_double_up_to_a_minute() -> None:
    assert [usual_wait(attempt) for attempt in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_wait_beyond_the_runs_end_is_not_begun() -> None:
    waits = Waits(left=100)

    waits.patience.wait(100 - RESERVE, "busy")
    with pytest.raises(OutOfTime, match="due in 1 s, and this run has 0 s left"):
        waits.patience.wait(1, "busy")
    assert waits.seconds == [100 - RESERVE]
