"""Bills in a folder, laid out as the clouds deliver them."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.sources import Snapshot
from handlers.sources.aws.discover import discover as discover_aws
from handlers.sources.azure.discover import discover as discover_azure
from handlers.sources.gcp.discover import discover as discover_gcp

_DISCOVER = {Cloud.AWS: discover_aws, Cloud.AZURE: discover_azure, Cloud.GCP: discover_gcp}


class FolderSource:
    """Every bill below ``folder`` of the clouds in ``clouds``."""

    def __init__(self, folder: Path, clouds: Sequence[Cloud] = tuple(Cloud)) -> None:
        self._folder = folder
        self._clouds = clouds

    def snapshots(self, periods: Sequence[date]) -> Iterator[Snapshot]:
        """The newest snapshot of each scope and period, oldest period first.

        Raises:
            UsageError: there is no such folder, no bill in it, or two bills of one scope and
                period, which would count money twice.
            BillError: a manifest can't be read.
        """
        if not self._folder.is_dir():
            raise UsageError(f"{self._folder}: there is no such folder. Name one that holds bills.")
        found: dict[tuple[Cloud, str, date], Snapshot] = {}
        for cloud in self._clouds:
            for snapshot in _DISCOVER[cloud](self._folder):
                key = (cloud, snapshot.scope, snapshot.period)
                if key in found:
                    raise UsageError(
                        f"{snapshot} is there twice: {found[key].origin} and {snapshot.origin}."
                        " It would count twice: remove one of the two exports."
                    )
                found[key] = snapshot
        if not found:
            raise UsageError(
                f"{self._folder}: no bill was found. Expected are folders as the clouds deliver"
                " them: an AWS export with its manifest, an Azure export's month folders, or a"
                " Google billing export's table as JSON or parquet."
            )
        chosen = [item for item in found.values() if not periods or item.period in periods]
        if not chosen:
            wanted = ", ".join(f"{period:%Y-%m}" for period in periods)
            raise UsageError(f"{self._folder}: no bill of {wanted} was found there.")
        yield from sorted(chosen, key=lambda item: (item.period, item.cloud, item.scope))
