"""Daily costs of series whose anomalies are known, to measure how well they are found.

A series is a level, a week, growth and noise, multiplied; events are multiplied in. All of it is
drawn from a seed, so that a set is the same whenever it is made.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Costs = NDArray[np.float64]

FIRST_EVENT = 35
"""Day, from 0, before which nothing happens: a detector may learn for four weeks."""

LAST_DAYS = 3
"""Days at the end in which no event begins."""

APART = 18
"""Days between the beginnings of two events of one series, at least."""


class Kind(StrEnum):
    """What happened."""

    SPIKE = "spike"
    SHIFT = "shift"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number drawn evenly between two others."""

    low: float
    high: float

    def draw(self, random: Generator) -> float:
        """One number."""
        return float(random.uniform(self.low, self.high))


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What a set is drawn from.

    ``level`` is in decimal powers of USD a day; ``noise`` the standard deviation of the logarithm,
    ``tails`` the degrees of freedom of its Student's t (many: normal), ``memory`` how much of a
    day's noise the next one keeps; ``weekend`` the factor of Saturday and Sunday, ``weekday`` how
    far the other days are from one; ``growth`` per day. Of each series the number of events is
    drawn from ``events`` (the chance of none, of one, of two).
    """

    series: int = 600
    days: int = 117
    level: Range = Range(low=1.3, high=3.5)
    noise: Range = Range(low=0.05, high=0.16)
    tails: float = 8.0
    memory: float = 0.0
    weekend: Range = Range(low=0.25, high=1.1)
    weekday: float = 0.08
    growth: Range = Range(low=-0.003, high=0.01)
    events: tuple[float, float, float] = (0.3, 0.4, 0.3)
    kinds: tuple[float, float, float] = (0.6, 0.2, 0.2)
    spike: Range = Range(low=1.8, high=5.0)
    shift: Range = Range(low=1.8, high=3.0)
    drop: Range = Range(low=0.0, high=0.4)
    spike_days: int = 3


CHOSEN = Parameters()
"""What thresholds are fixed on (seed A) and reported on (another seed)."""

OTHER = Parameters(
    series=600,
    level=Range(low=1.0, high=4.0),
    noise=Range(low=0.05, high=0.18),
    tails=6.0,
    memory=0.3,
    weekend=Range(low=0.15, high=1.3),
    weekday=0.15,
    growth=Range(low=-0.006, high=0.015),
    events=(0.4, 0.4, 0.2),
    kinds=(0.5, 0.3, 0.2),
    spike=Range(low=1.8, high=6.0),
    shift=Range(low=1.7, high=2.5),
    drop=Range(low=0.05, high=0.5),
    spike_days=2,
)
"""A set that is noisier, has heavier tails, a stronger week, more growth and memory."""


@dataclass(frozen=True)
class Label:
    """An event of a series and the day, from 0, on which it begins."""

    series: int
    day: int
    kind: Kind


@dataclass(frozen=True)
class LabelledSet:
    """``costs`` in USD, a row per series and a column per day; what happened in them."""

    costs: Costs
    labels: tuple[Label, ...]


def labelled_set(parameters: Parameters, seed: int) -> LabelledSet:
    """The set of that seed."""
    random = np.random.default_rng(seed)
    rows: list[Costs] = []
    labels: list[Label] = []
    for number in range(parameters.series):
        cost = _ordinary(parameters, random)
        for day in _beginnings(parameters, random):
            kind = Kind(str(random.choice(list(Kind), p=parameters.kinds)))
            labels.append(Label(number, day, kind))
            _happen(cost, day, kind, parameters, random)
        rows.append(np.round(cost, 6))
    return LabelledSet(np.array(rows), tuple(labels))


def _ordinary(parameters: Parameters, random: Generator) -> Costs:
    days = np.arange(parameters.days)
    week = 1 + random.uniform(-parameters.weekday, parameters.weekday, 7)
    week[5:] = parameters.weekend.draw(random) * (1 + random.uniform(-0.05, 0.05, 2))
    shift = int(random.integers(7))
    noise = _noise(parameters, random)
    level = 10 ** parameters.level.draw(random)
    growth = np.log1p(parameters.growth.draw(random)) * days
    return level * week[(days + shift) % 7] * np.exp(growth + noise)


def _noise(parameters: Parameters, random: Generator) -> Costs:
    drawn = random.standard_t(parameters.tails, parameters.days)
    drawn /= np.sqrt(parameters.tails / (parameters.tails - 2))
    keeps = parameters.memory
    for day in range(1, parameters.days):
        drawn[day] = keeps * drawn[day - 1] + np.sqrt(1 - keeps**2) * drawn[day]
    return drawn * parameters.noise.draw(random)


def _beginnings(parameters: Parameters, random: Generator) -> list[int]:
    last = parameters.days - LAST_DAYS
    count = int(random.choice(3, p=parameters.events))
    first = int(random.integers(FIRST_EVENT, last - APART * (count - 1))) if count else 0
    second = int(random.integers(first + APART, last)) if count == 2 else 0
    return [first, second][:count]


def _happen(cost: Costs, day: int, kind: Kind, parameters: Parameters, random: Generator) -> None:
    lasts = int(random.integers(1, parameters.spike_days + 1))
    match kind:
        case Kind.SPIKE:
            cost[day : day + lasts] *= parameters.spike.draw(random)
        case Kind.DROP:
            cost[day : day + lasts] *= parameters.drop.draw(random)
        case Kind.SHIFT:
            by = parameters.shift.draw(random)
            cost[day:] *= by if random.random() < 0.5 else 1 / by
