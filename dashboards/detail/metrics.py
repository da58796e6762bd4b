"""The metrics of ``queries.toml``, each asked of a cloud's facts in the dialect of their store."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dashboards.detail.dialects import Store
from dashboards.queries.sql import FILTERS, Metric

SIDE = "side_"
"""What the name of a metric begins with that is asked of every cloud at once."""

ABOUT_ONE = tuple(name for name in FILTERS if name != "cloud_filter")
"""What a page about one cloud can be filtered by."""


@dataclass(frozen=True)
class DetailMetric(Metric):
    """A metric about one cloud, or about each cloud on its own."""

    def sql(
        self, store: Store, filters: Sequence[str], words: Mapping[str, str] | None = None
    ) -> str:
        """The query for Grafana in the dialect of ``store``.

        ``filters`` are those that the page offers, ``words`` those that a panel says differently.
        """
        said = {**store.words(filters), **self.words, **(words or {})}
        return store.dialect.text(self.name).format(**said)


@cache
def metrics() -> Mapping[str, DetailMetric]:
    """Every metric by name."""
    text = files("dashboards.detail").joinpath("queries.toml").read_text("utf-8")
    return {
        name: DetailMetric(
            name, said["meaning"], tuple(said["columns"]), words=said.get("words", {})
        )
        for name, said in tomllib.loads(text).items()
    }
