"""What a function on Google reaches of Azure, on this machine: Microsoft Entra and blob storage."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from handlers.record import Cloud
from handlers.settings import Name
from tests.fakes.azure_blobs import FakeBlobs, fake_blobs
from tests.fakes.azure_blobs_http import Faults, certificate, tls_server
from tests.fakes.entra import FakeEntra
from tests.handlers.environments import of_job

_JOB = of_job(Cloud.AZURE)
_ENTRA = FakeEntra(_JOB[Name.AZURE_TENANT], _JOB[Name.AZURE_CLIENT_ID])


@contextmanager
def blobs_of_the_identity() -> Generator[FakeBlobs]:
    """Blob storage that takes the token of a job's identity, and no other."""
    with fake_blobs() as blobs:
        blobs.tokens.add(_ENTRA.token)
        yield blobs


@contextmanager
def entra_nearby() -> Generator[Mapping[str, str]]:
    """Microsoft Entra, which knows that identity; the variables that lead a function there.

    ``AZURE_AUTHORITY_HOST`` is Microsoft's own client's, for other national clouds.
    """
    with tls_server(_ENTRA.answer, Faults()) as authority:
        yield {
            "AZURE_AUTHORITY_HOST": authority,
            "REQUESTS_CA_BUNDLE": str(certificate().certificate),
        }
