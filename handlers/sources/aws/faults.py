"""What AWS refuses, in words for the reader, and whether a later run may fare better."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    NoCredentialsError,
    PartialCredentialsError,
)

from handlers.errors import BillError, Place
from handlers.sources.objects import SourceUnavailable

T = TypeVar("T")

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidToken"})
"""What AWS calls credentials that were valid once; others may be fetched."""

_ASSUME_ROLE = "AssumeRoleWithWebIdentity"
LATER = "Nothing was changed; the next run tries again."
"""The remedy of what may pass by itself."""

_GONE = frozenset({"NoSuchKey", "404", "NotFound", "NoSuchVersion"})
_REPLACED = frozenset({"PreconditionFailed", "412"})
_BUSY = frozenset(
    {
        "500",
        "503",
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
_MENDED = {
    "AccessDenied": "The role may not do this: it needs s3:ListBucket of the bucket, s3:GetObject"
    " below the prefix (with kms:Decrypt where a key of yours encrypts it), and of Cost Explorer"
    " ce:GetCostAndUsage. Check the scope's bucket, prefix and role.",
    "AllAccessDisabled": "The bucket is closed: ask its owner.",
    "DataUnavailableException": "Cost Explorer has no data of that time (yet): it keeps fourteen"
    " months, and takes a day to start.",
    "InvalidObjectState": "The object was moved to an archive: restore it, or leave the month out.",
    "NoSuchBucket": "Check the scope's bucket and region.",
    "PermanentRedirect": "The bucket is in another region: correct the scope's region.",
}


def fault_of(where: str, error: BotoCoreError | ClientError) -> BillError:
    """What to say of ``error``, met at ``where``; ``SourceUnavailable`` where it may pass."""
    place = Place(where)
    if isinstance(error, ClientError):
        return _refused(place, error)
    if isinstance(error, FlexibleChecksumError):
        return altered(where)
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return BillError(
            place,
            "There are no AWS credentials.",
            "In a runtime of AWS give the function a role; elsewhere sign in, e.g. aws sso login.",
        )
    return SourceUnavailable(place, f"AWS can't be reached: {_sentence(str(error))}", LATER)


def altered(where: str) -> SourceUnavailable:
    """What to say of an object that arrived as another than it was stored."""
    return SourceUnavailable(Place(where), "What arrived is not what was stored (checksum).", LATER)


def _refused(place: Place, error: ClientError) -> BillError:
    code, message = code_of(error), _message_of(error)
    if error.operation_name == _ASSUME_ROLE and code not in _BUSY:
        return BillError(
            place,
            f"AWS does not take this service account for the role ({code}).",
            "The role's trust policy must name accounts.google.com with the aud, oaud and sub of"
            " this account: run 'python -m infra doctor'.",
        )
    if code in _GONE:
        return SourceUnavailable(place, "It is no longer there: the export is replaced.", LATER)
    if code in _REPLACED:
        return SourceUnavailable(place, "It was replaced while it was read.", LATER)
    if code in EXPIRED:
        return SourceUnavailable(place, "The credentials expired and got no successor.", LATER)
    if code in _BUSY:
        return SourceUnavailable(place, f"AWS is busy ({code}).", LATER)
    remedy = _MENDED.get(code.removesuffix("Exception"), _MENDED.get(code, LATER))
    return BillError(place, f"AWS refuses: {_sentence(message or code)}", remedy)


def code_of(error: ClientError) -> str:
    """What AWS calls the error."""
    return str(_said(error).get("Code", ""))


def _message_of(error: ClientError) -> str:
    return str(_said(error).get("Message", ""))[:300]


def _said(error: ClientError) -> Mapping[str, Any]:
    response = cast("Mapping[str, Any]", error.response)
    return cast("Mapping[str, Any]", response.get("Error", {}))


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")[:300] + "."


def asked(where: str, request: Callable[[], T]) -> T:
    """What ``request`` answers.

    Raises:
        BillError: AWS refused, or could not be reached.
    """
    try:
        return request()
    except (BotoCoreError, ClientError) as error:
        raise fault_of(where, error) from None
