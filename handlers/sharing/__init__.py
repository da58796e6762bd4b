"""Each customer's own rows, daily, in a folder of its own: what a customer may be given."""

from handlers.sharing.share import MONTHS, Shared, ShareFailed, recent_months, share
from handlers.sharing.targets import FolderTarget, Target, folder_of, target_at

__all__ = [
    "MONTHS",
    "FolderTarget",
    "ShareFailed",
    "Shared",
    "Target",
    "folder_of",
    "recent_months",
    "share",
    "target_at",
]
