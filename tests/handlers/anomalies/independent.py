"""The definition of an anomaly a second time, with numpy, from the text of docs and not the SQL.

Plain loops over days: nothing is shared with the SQL but the numbers of the definition.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from handlers.anomalies import Definition


@dataclass(frozen=True)
class Judged:
    """What is said of a day."""

    status: str
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    score: float | None = None


@dataclass
class Series:
    """A series: the cost of its days, and the days of its cloud that are known."""

    rule: Definition
    costs: Mapping[date, Decimal]
    known: Collection[date]
    expected_days: Collection[date] = ()
    _memo: dict[date, float] = field(default_factory=dict[date, float])

    def judged(self, days: Sequence[date]) -> dict[date, Judged]:
        """What is said of each of the days that is known and of which there is something to say."""
        return {day: self._judge(day) for day in days if day in self.known and self._begun(day)}

    def _y(self, day: date) -> float:
        return float(np.log1p(max(float(self.costs.get(day, Decimal(0))), 0.0)))

    def _begun(self, day: date) -> date | None:
        """The first day with a cost of those that are remembered on ``day``."""
        for back in range(self.rule.memory_days, -1, -1):
            then = day - timedelta(days=back)
            if then in self.known and self.costs.get(then):
                return then
        return None

    def _factor(self, day: date) -> float:
        """What the weekday of ``day`` adds, as seen when ``day`` was over."""
        if day not in self._memo:
            weeks = (day - timedelta(days=7 * week) for week in range(self.rule.season_weeks))
            found = [apart for each in weeks if (apart := self._apart(each)) is not None]
            self._memo[day] = float(np.median(found)) if found else 0.0
        return self._memo[day]

    def _apart(self, day: date) -> float | None:
        """How far a day was from the mean of the week that it ended; None where that is unknown."""
        week = [day - timedelta(days=back) for back in range(7)]
        begun = self._begun(day) if day in self.known else None
        if begun is None or begun > week[-1] or not all(each in self.known for each in week):
            return None
        return self._y(day) - float(np.mean([self._y(each) for each in week]))

    def _measure(self, day: date) -> tuple[float, float] | None:
        """Expected logarithm and standard deviation; None while the series is learning."""
        begun = self._begun(day)
        past = [day - timedelta(days=back) for back in range(self.rule.spread_days, 0, -1)]
        if begun is None or begun > past[0] or not all(each in self.known for each in past):
            return None
        last_week = [day - timedelta(days=back) for back in range(1, 8)]
        factors = {each.weekday(): self._factor(each) for each in last_week}
        z = np.array([self._y(each) - factors[each.weekday()] for each in past])
        level = float(np.median(z[-self.rule.level_days :]))
        spread = 1.4826 * float(np.median(np.abs(z - np.median(z))))
        return max(level + factors[day.weekday()], 0.0), max(spread, self.rule.least_sigma)

    def _direction(self, day: date) -> int:
        measured = self._measure(day) if day in self.known else None
        if measured is None:
            return 0
        middle, sigma = measured
        score = round((self._y(day) - middle) / sigma, 6)
        apart = float(self.costs.get(day, Decimal(0))) - float(np.expm1(middle))
        if abs(score) < self.rule.score or abs(apart) < self.rule.least_usd:
            return 0
        return 1 if score > 0 else -1

    def _judge(self, day: date) -> Judged:
        measured = self._measure(day)
        if measured is None:
            return Judged("learning")
        middle, sigma = measured
        reach = self.rule.score * sigma
        return Judged(
            self._status(day),
            float(np.expm1(middle)),
            max(float(np.expm1(middle - reach)), 0.0),
            float(np.expm1(middle + reach)),
            (self._y(day) - middle) / sigma,
        )

    def _status(self, day: date) -> str:
        direction = self._direction(day)
        if direction == 0:
            return "normal"
        if direction == 1 and day in self.expected_days:
            return "quiet"
        for back in range(1, self.rule.cool_down_days + 1):
            then = day - timedelta(days=back)
            if then in self.expected_days and direction == 1:
                continue
            if self._direction(then) == direction:
                return "quiet"
        return "high" if direction == 1 else "low"
