import pytest

from infra.aws.collector import cron


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("30 3 * * *", "cron(30 3 * * ? *)"),
        ("0 3 1 * *", "cron(0 3 1 * ? *)"),
        # In EventBridge the days of the week count from 1, Sunday: names say the same in both.
        ("0 3 * * 1-5", "cron(0 3 ? * MON-FRI *)"),
        ("0 3 * * 0,sat", "cron(0 3 ? * SUN,SAT *)"),
        ("0 3 * * 7", "cron(0 3 ? * SUN *)"),
    ],
)
def test_a_schedule_of_five_fields_means_the_same_to_eventbridge(
    schedule: str, expected: str
) -> None:
    assert cron(schedule) == expected


def test_a_schedule_that_limits_both_kinds_of_days_is_refused() -> None:
    with pytest.raises(ValueError, match="use one"):
        cron("0 3 1 * 1")
