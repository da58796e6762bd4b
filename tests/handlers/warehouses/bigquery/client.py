"""A client of the fake as a process of its own, to be killed: python -m ... URL FOLDER BILLS."""

import sys
from pathlib import Path

from tests.fakes.bigquery_engine import Engine
from tests.fakes.bigquery_server import FakeBigQuery
from tests.handlers.warehouses.bigquery.hubs import collector


def main(url: str, folder: Path, bills: Path) -> None:
    """Load the bills once."""
    with collector(FakeBigQuery(Engine(), url), folder) as ours:
        ours.load(bills)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
