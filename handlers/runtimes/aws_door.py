"""Redshift and the archive in S3 for a person at the door, as whoever is logged in to AWS."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3

from handlers.archive import Archive
from handlers.archive.s3 import S3Archive
from handlers.native import Redshift
from handlers.native_names import NativeName
from handlers.runtimes.aws_clients import REGION, client_of, redshift_warehouse
from handlers.runtimes.clients import Scratch
from handlers.settings import Name
from handlers.warehouses.redshift.warehouse import RedshiftWarehouse


@dataclass(frozen=True)
class Door:
    """What the login reaches."""

    redshift: Redshift
    scratch: Scratch

    def warehouse(self) -> RedshiftWarehouse:
        """The database; the same one each time."""
        return self._warehouse

    def archive(self, place: str, folder: Path) -> Archive:
        """The archive at ``s3://BUCKET/PREFIX``."""
        return S3Archive(client_of(self._session, "s3", self.scratch), place, folder)

    @cached_property
    def _warehouse(self) -> RedshiftWarehouse:
        return redshift_warehouse(self.redshift, self._session, self.scratch)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(region_name=os.environ.get(REGION))


def opens(given: Mapping[Name | NativeName, str], scratch: Scratch) -> Door:
    """What reaches the database that ``given`` names, whose values are all allowed."""
    redshift = Redshift(
        given[NativeName.REDSHIFT_WORKGROUP],
        given[NativeName.REDSHIFT_DATABASE],
        given[NativeName.REDSHIFT_STAGING],
        given[NativeName.REDSHIFT_ROLE],
    )
    return Door(redshift, scratch)
