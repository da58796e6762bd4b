"""When a schedule comes next. Expected days are a calendar's: 24 November 2026 is a Tuesday."""

from datetime import UTC, datetime

import pytest

from handlers.errors import UsageError
from infra.jobs.schedule import next_run

TUESDAY = datetime(2026, 11, 24, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 3 * * *", "2026-11-25 03:00"),
        ("16 9 * * *", "2026-11-24 09:16"),
        ("15 9 * * *", "2026-11-25 09:15"),  # now itself is past
        ("*/20 * * * *", "2026-11-24 09:20"),
        ("5/20 9 * * *", "2026-11-24 09:25"),
        ("0 6 1 * *", "2026-12-01 06:00"),
        ("0 6 * * mon", "2026-11-30 06:00"),
        ("0 6 * * 0", "2026-11-29 06:00"),
        ("0 6 * * 7", "2026-11-29 06:00"),
        ("0 6 * * mon-fri", "2026-11-25 06:00"),
        ("0 8,20 * * *", "2026-11-24 20:00"),
        ("0 6 28 * sat", "2026-11-28 06:00"),
        ("0 6 1 * thu", "2026-11-26 06:00"),  # either is enough
        ("0 6 1 jan *", "2027-01-01 06:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
    ],
)
def test_the_next_run_is_the_first_time_that_fits(expression: str, expected: str) -> None:
    found = next_run(expression, TUESDAY)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == expected


def test_a_day_that_never_comes_has_no_next_run() -> None:
    assert next_run("0 0 30 2 *", TUESDAY) is None


@pytest.mark.parametrize("expression", ["", "0 3 * *", "60 3 * * *", "0 3 * * mon-", "0 5-3 * * *"])
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(UsageError, match="five fields"):
        next_run(expression, TUESDAY)
