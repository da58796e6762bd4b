"""The days that follow from an anomaly's numbers, by hand, and the numbers as SQL has them."""

from handlers.anomalies.definition import Definition, definition

MADE = Definition(
    score=4.5,
    least_sigma=0.125,
    least_usd=2.5,
    spread_days=21,
    level_days=7,
    season_weeks=3,
    cool_down_days=5,
)


def test_three_weeks_are_fourteen_days_from_the_first_to_the_last_same_weekday() -> None:
    assert MADE.season_days == 14


def test_a_series_is_forgotten_when_no_weekday_of_its_season_is_left() -> None:
    # Fourteen days of season, the week before it, and the six other days of the last week.
    assert MADE.memory_days == 27


def test_a_day_is_told_by_all_that_its_own_cool_down_could_see() -> None:
    # Five days to cool down, a week, the season, and what is remembered before it.
    assert MADE.reach_days == 5 + 7 + 14 + 27


def test_sql_has_each_number_as_it_is_written() -> None:
    assert MADE.words() == {
        "score": "4.5",
        "least_sigma": "0.125",
        "least_usd": "2.5",
        "least_usd_shown": "2.5",
        "spread_days": "21",
        "level_days": "7",
        "season_weeks": "3",
        "memory_days": "27",
        "cool_down_days": "5",
    }


def test_the_numbers_in_force_are_those_of_the_file() -> None:
    found = definition()
    assert (found.score, found.least_sigma, found.least_usd) == (5.0, 0.12, 5.0)
    assert (found.spread_days, found.level_days, found.season_weeks) == (28, 14, 8)
    assert found.cool_down_days == 7
