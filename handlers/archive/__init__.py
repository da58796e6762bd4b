"""The archive: every loaded bill's AI lines as parquet, named by content."""

from handlers.archive.bills import (
    NAMED_COLUMNS,
    ArchivedBill,
    archived_bill,
    archived_lines,
    archiving,
    bill_folder,
    scan_archive,
)
from handlers.archive.store import Archive, ArchiveError, FolderArchive

__all__ = [
    "NAMED_COLUMNS",
    "Archive",
    "ArchiveError",
    "ArchivedBill",
    "FolderArchive",
    "archived_bill",
    "archived_lines",
    "archiving",
    "bill_folder",
    "scan_archive",
]
