"""The numbers of ``definition.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Definition:
    """When a day's cost is an anomaly; the fields are those that ``definition.toml`` describes."""

    score: float
    least_sigma: float
    least_usd: float
    spread_days: int
    level_days: int
    season_weeks: int
    cool_down_days: int

    @property
    def season_days(self) -> int:
        """Days from the first to the last of the same weekdays that are compared."""
        return 7 * (self.season_weeks - 1)

    @property
    def memory_days(self) -> int:
        """A series that cost nothing for so many days begins anew when it costs something again."""
        return self.season_days + 7 + 6

    @property
    def reach_days(self) -> int:
        """Days before a day that can matter to what is said of it."""
        return self.cool_down_days + 7 + self.season_days + self.memory_days

    def words(self) -> Mapping[str, str]:
        """The numbers as SQL."""
        return {
            "score": repr(self.score),
            "least_sigma": repr(self.least_sigma),
            "least_usd": repr(self.least_usd),
            "least_usd_shown": f"{self.least_usd:g}",
            "spread_days": str(self.spread_days),
            "level_days": str(self.level_days),
            "season_weeks": str(self.season_weeks),
            "memory_days": str(self.memory_days),
            "cool_down_days": str(self.cool_down_days),
        }


@cache
def definition() -> Definition:
    """The numbers that are in force."""
    text = files("handlers.anomalies").joinpath("definition.toml").read_text("utf-8")
    return Definition(**tomllib.loads(text))
