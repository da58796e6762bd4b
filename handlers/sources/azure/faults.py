"""What Azure may answer instead of a bill, one type for each kind a caller treats differently."""

from handlers.errors import CostError
from handlers.sources.objects import SourceUnavailable


class AzureUnavailable(CostError):
    """Azure gave no answer, or not in time. Nothing was changed; a later run may get one."""


class OutOfTime(AzureUnavailable):
    """Azure asks to wait for longer than this run may last: the next run picks it up."""


class AzureRefused(CostError):
    """Azure does not let this identity have it, or does not understand what was asked."""


class BlobVanished(SourceUnavailable):
    """A blob that was listed or named by a manifest is not there any more."""


class BlobChanged(SourceUnavailable):
    """A blob was replaced while it was read."""


class BlobDamaged(SourceUnavailable):
    """What arrived is not what was stored: its checksum is another."""


class BlobUnreachable(SourceUnavailable):
    """The storage account gives no answer, or not to this identity."""
