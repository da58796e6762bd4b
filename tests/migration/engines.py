"""The engines of the demo: the real one over clouds in memory, and one that only remembers."""

from dataclasses import dataclass

from handlers.record import Cloud
from handlers.serving import Path as ServingPath
from tests.infra.promotion.simulated import SimulatedEngine
from tests.migration.collectors import Job


@dataclass
class RememberedEngine(SimulatedEngine):
    """Deploys what the keys say, at once: for a look at everything but the infrastructure."""

    def jobs(self) -> frozenset[Job]:
        """See ``collectors.Deployed``."""
        deployed = self.deployed
        both = (Cloud.AWS, Cloud.AZURE)
        hub = {(ServingPath.HUB, cloud) for cloud in both}
        native = {(ServingPath.NATIVE, cloud) for cloud in both}
        if deployed["phase"] == 1:
            return frozenset(hub)
        return frozenset(native | (hub if deployed["dual_run"] else set()))
