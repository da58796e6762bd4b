"""The paths on which bills came to a warehouse: its own loads, and in the hub those of the clouds.

Each path is compared by itself. One that has stopped is not: its last open month never gets
complete, and would differ from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from handlers.alerts.runner import Runner
from handlers.ledger import LedgerRow, Status, ledger_row
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from handlers.tables import LEDGER

STOPPED = timedelta(hours=36)
"""Without a load for so long a path has stopped, and is not what people could be served from: a run
a day, and half a day of grace. Here it is counted from the cloud's other path, in a promotion's
gate (infra/promotion/gates.py) from now."""


@dataclass(frozen=True)
class Path:
    """Bills that came one way.

    ``warehouse`` is the cloud's own that published them; None where they are the loads of the
    warehouse that is asked.
    """

    warehouse: str | None
    loads: Sequence[LedgerRow]


def paths_of(runner: Runner, own: Sequence[LedgerRow]) -> list[Path]:
    """The warehouse's ``own`` loads, and those that others have published to it.

    What other warehouses publish is in the hub alone; elsewhere there is one path.

    Raises:
        WarehouseError: the hub's ledger can't be read.
    """
    found = [Path(None, own), *_published(runner)]
    newest = {
        (path.warehouse, cloud): at for path in found for cloud, at in _newest(path.loads).items()
    }
    last = {
        cloud: max(at for (_, other), at in newest.items() if other is cloud) for _, cloud in newest
    }
    return [
        Path(
            path.warehouse,
            [
                row
                for row in path.loads
                if last[row.cloud_provider] - newest[path.warehouse, row.cloud_provider] <= STOPPED
            ],
        )
        for path in found
    ]


def _newest(loads: Sequence[LedgerRow]) -> dict[Cloud, datetime]:
    newest: dict[Cloud, datetime] = {}
    for row in loads:
        cloud = row.cloud_provider
        newest[cloud] = max(newest.get(cloud, row.finished_at), row.finished_at)
    return newest


def _published(runner: Runner) -> list[Path]:
    words = runner.words()
    if LEDGER.name not in words:
        return []
    text = files("handlers.reconcile").joinpath("sql", "published.sql").read_text("utf-8")
    native = ", ".join(map(runner.literal, NATIVE_WAREHOUSES.values()))
    rows = runner.rows(text.format(**words, loaded=runner.literal(Status.LOADED), native=native))
    return [
        Path(
            warehouse,
            [
                ledger_row(LEDGER.names, [row[name] for name in LEDGER.names])
                for row in rows
                if row["warehouse"] == warehouse
            ],
        )
        for warehouse in NATIVE_WAREHOUSES.values()
    ]
