"""The site data for a run in AWS: the hub's, or its last copy while the hub is away.

A load goes by customers, rates and attribution, and commits whether or not the hub answers. So each
run keeps what it has read, in AWS. A copy is as good as the day it was made: the ledger's digest
says which site data a load went by, and the next run with the hub loads again what they change.
"""

import logging
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from handlers.buckets import BucketError
from handlers.runtimes.clients import Scratch
from handlers.site import Site, load_site
from handlers.warehouses.redshift.names import Place

Client: TypeAlias = Any
"""boto3's ``s3``."""

_NAME = "site.zip"
_ERRORS = (ClientError, BotoCoreError, Boto3Error)


@dataclass(frozen=True)
class S3Copy:
    """A copy of the site data as one object below ``place``."""

    client: Client
    place: Place

    def keep(self, file: Path) -> None:
        """Put ``file`` in place of the copy before; raises what boto3 raises."""
        there = self.place.below(_NAME)
        self.client.upload_file(str(file), there.bucket, there.key)

    def fetch(self, file: Path) -> None:
        """Write the copy to ``file``; raises what boto3 raises."""
        there = self.place.below(_NAME)
        self.client.download_file(there.bucket, there.key, str(file))


def site_or_copy(fetch: Callable[[Path], object], copy: S3Copy, scratch: Scratch) -> Site:
    """The site that ``fetch`` writes into a folder, or the copy of the last.

    Raises:
        SiteError: it is not valid.
        BucketError: it can't be read, and there is no copy that can.
    """
    folder, file = scratch.below("site"), scratch.folder / _NAME
    log = logging.getLogger(__name__)
    try:
        fetch(folder)
    except BucketError as error:
        shutil.rmtree(folder)
        try:
            copy.fetch(file)
        except _ERRORS:
            raise error from None
        with zipfile.ZipFile(file) as kept:
            kept.extractall(folder)
        log.warning("The site data is the last that was read: %s", error)
        return load_site(folder)
    site = load_site(folder)
    with zipfile.ZipFile(file, "w") as kept:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            kept.write(path, path.relative_to(folder).as_posix())
    try:
        copy.keep(file)
    except _ERRORS as error:
        log.warning("The site data could not be kept for days without the hub: %s", error)
    return site
