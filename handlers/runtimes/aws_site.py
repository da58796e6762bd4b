"""The last site data that a run in AWS has read, in S3."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from handlers.runtimes.kept_site import NAME, CopyUnreachable
from handlers.warehouses.redshift.names import Place

Client: TypeAlias = Any
"""boto3's ``s3``."""

_ERRORS = (ClientError, BotoCoreError, Boto3Error)


@dataclass(frozen=True)
class S3Copy:
    """A copy of the site data as one object below ``place``."""

    client: Client
    place: Place

    def keep(self, file: Path) -> None:
        """See ``kept_site.Copy``."""
        there = self.place.below(NAME)
        try:
            self.client.upload_file(str(file), there.bucket, there.key)
        except _ERRORS as error:
            raise CopyUnreachable(f"{there}: {error}") from error

    def fetch(self, file: Path) -> None:
        """See ``kept_site.Copy``."""
        there = self.place.below(NAME)
        try:
            self.client.download_file(there.bucket, there.key, str(file))
        except _ERRORS as error:
            raise CopyUnreachable(f"{there}: {error}") from error
