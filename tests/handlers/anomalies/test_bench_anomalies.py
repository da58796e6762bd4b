"""The set that quality is measured on, and how alarms are held against its events."""

from dataclasses import replace

import numpy as np
import pytest

from tools.bench.anomalies import alarms_of, judge, measured, together
from tools.bench.anomaly_series import CHOSEN, OTHER, Kind, Label, labelled_set


def test_a_set_is_the_same_whenever_it_is_made_and_another_seed_makes_another() -> None:
    few = replace(CHOSEN, series=5)
    first, again, other = (labelled_set(few, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.costs, again.costs)
    assert first.labels == again.labels
    assert not np.array_equal(first.costs, other.costs)
    assert first.costs.shape == (5, 117)


def test_an_event_is_in_the_costs_where_its_label_says() -> None:
    calm = replace(CHOSEN, series=60, events=(0.0, 1.0, 0.0), kinds=(1.0, 0.0, 0.0))
    made = labelled_set(calm, 3)
    assert len(made.labels) == 60
    for label in made.labels:
        before = np.delete(made.costs[label.series, label.day - 7 : label.day + 1 : 7], 1)
        assert made.costs[label.series, label.day] > 1.05 * before[0]
        assert label.kind is Kind.SPIKE


def test_an_alarm_hits_an_event_a_day_away_once_and_two_days_away_is_false() -> None:
    labels = [Label(0, 50, Kind.SPIKE), Label(0, 80, Kind.DROP), Label(1, 60, Kind.SHIFT)]
    alarms = [(0, 49), (0, 51), (0, 82), (1, 60), (2, 60)]
    found = judge(alarms, labels, months=4.0)
    assert (found.hits, found.false_alarms, found.events) == (2, 2, 3)
    assert (found.precision, found.recall) == (0.5, 2 / 3)
    assert found.f1 == pytest.approx(4 / 7)
    assert found.false_alarms_per_month == 0.5
    assert found.found == {Kind.SPIKE: 1.0, Kind.SHIFT: 1.0, Kind.DROP: 0.0}


def test_the_products_own_sql_raises_the_alarms() -> None:
    costs = np.full((2, 60), 100.0)
    costs[1, 45] = 500
    costs[1, 52] = 500
    assert alarms_of(costs) == [(1, 45)]


def test_most_events_are_found_and_hardly_any_alarm_is_false() -> None:
    # A quarter of a set: the benchmark measures whole ones.
    found = measured(labelled_set(replace(CHOSEN, series=150), 7))
    assert found.reached
    harder = measured(labelled_set(replace(OTHER, series=150), 8))
    assert harder.f1 > 0.75
    assert harder.false_alarms_per_month < 0.06
    assert together([found, harder]).events == found.events + harder.events
