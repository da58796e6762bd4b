"""Azure bills as cost details reports, for scopes without an export: EA and MCA.

https://learn.microsoft.com/rest/api/cost-management/generate-cost-details-report. A report is asked
for, made in minutes, and can then be fetched through signed addresses for some hours. Azure asks
to do so at most once a day, and for exports where a month has more than 2 GB:
https://learn.microsoft.com/azure/cost-management-billing/automate/get-small-usage-datasets-on-demand
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from azure.storage.blob import BlobClient

from handlers.errors import BillError, CostError, Place
from handlers.ledger import COST_DETAILS
from handlers.periods import last_day, period_of
from handlers.record import Cloud
from handlers.scopes import AzureExport
from handlers.sources import Snapshot
from handlers.sources.azure.blobs import BlobPart, blob_of
from handlers.sources.azure.faults import AzureUnavailable, OutOfTime
from handlers.sources.azure.management import Answer, CostManagement, Json
from handlers.sources.azure.owner import holders_of, scope_name
from handlers.sources.azure.ranges import WITHOUT_RETRIES, address, persistently
from handlers.sources.azure.source import layout_of
from handlers.sources.azure.throttle import asked_wait
from handlers.sources.formats import FileFormat
from handlers.sources.manifests import count_at, text_at
from handlers.sources.objects import SourceUnavailable
from handlers.sources.refusals import Refusal, Refuse, raise_refusal
from handlers.sources.stamps import Stamp, content_version

MONTHS_KEPT = 13
"""Months back that Azure makes reports of."""

POLL_SECONDS = 30.0
"""Between two looks at a report that is being made, where Azure does not say."""

_METRICS = {AzureExport.ACTUAL: "ActualCost", AzureExport.AMORTIZED: "AmortizedCost"}
_ENROLLMENT = re.compile(r"/?providers/Microsoft\.Billing/billingAccounts/\d+", re.IGNORECASE)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Report:
    """A finished report: where its files are (signed) and how many bytes each has, if said."""

    links: tuple[tuple[str, int | None], ...]


class CostDetailsSource:
    """The reports of ``scopes`` (resource ids); ``export`` is actual or amortised cost.

    Raises:
        ValueError: ``export`` is FOCUS, of which there are no reports; a defect of the caller.
    """

    def __init__(
        self,
        scopes: Sequence[str],
        management: CostManagement,
        export: AzureExport = AzureExport.ACTUAL,
    ) -> None:
        if export not in _METRICS:
            raise ValueError(f"There are no reports of {export}.")
        self._scopes = scopes
        self._management = management
        self._export = export

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """A snapshot of each scope and period that has a charge, each when its report is made.

        Of the last thirteen months when ``periods`` is empty. ``refuse`` is told of each that
        can't be had; once the run's time is over, of all that are left.
        """
        late: OutOfTime | None = None
        for period in sorted(periods) or self._all_periods():
            for scope in self._scopes:
                try:
                    if late is not None:
                        raise late
                    snapshot = self._snapshot(scope, period)
                except CostError as error:
                    late = error if isinstance(error, OutOfTime) else late
                    refuse(_refusal(scope, period, error))
                else:
                    if snapshot is not None:
                        yield snapshot

    def _all_periods(self) -> list[date]:
        found = [period_of(self._now().date())]
        while len(found) < MONTHS_KEPT:
            found.append(period_of(found[-1] - timedelta(days=1)))
        return found[::-1]

    def _now(self) -> datetime:
        return self._management.patience.clock()

    def _snapshot(self, scope: str, period: date) -> Snapshot | None:
        asked_at = self._now()
        report = self._report(scope, period)
        if report is None:
            return None
        parts = tuple(self._part(scope, period, *link) for link in report.links)
        return Snapshot(
            cloud=Cloud.AZURE,
            scope=scope_name(scope),
            period=period,
            version=_version(parts),
            origin=_origin(scope, period),
            file_format=FileFormat.CSV,
            parts=parts,
            layout=layout_of(scope, self._export),
            exported_at=asked_at,
            related=holders_of(scope),
        )

    def _report(self, scope: str, period: date) -> Report | None:
        """The report of a month, made now; None when the month has no charge.

        Raises:
            BillError: Azure could not make it, or what it made can't be understood.
            OutOfTime: it is not made within this run's time.
        """
        answer = self._management.post(scope, COST_DETAILS, self._wanted(scope, period))
        location = ""
        while True:
            status = text_at(answer.content, "status").lower()
            if answer.status == 204 or status == "nodatafound":
                return None
            if status == "failed":
                raise _failed(answer, _origin(scope, period))
            if status == "completed":
                return _finished(answer, _origin(scope, period))
            location = answer.headers.get("Location", location)
            if not location:
                raise AzureUnavailable(
                    f"Azure took the order for the report of {period:%Y-%m} and does not say where"
                    " it will be. Nothing was changed; the next run orders it again."
                )
            asked = asked_wait(answer.headers, self._now())
            wait = POLL_SECONDS if asked is None else asked
            self._management.patience.wait(wait, f"The report of {period:%Y-%m} is being made")
            answer = self._management.get(location)

    def _wanted(self, scope: str, period: date) -> Json:
        metric = _METRICS[self._export]
        if _ENROLLMENT.match(scope):
            return {"metric": metric, "billingPeriod": f"{period:%Y%m}"}
        ends = min(last_day(period), max(self._now().date(), period))
        return {"metric": metric, "timePeriod": {"start": f"{period}", "end": f"{ends}"}}

    def _part(self, scope: str, period: date, link: str, size: int | None) -> BlobPart:
        patience = self._management.patience
        client = BlobClient.from_blob_url(link, **WITHOUT_RETRIES)
        where = address(client)
        blob = blob_of(persistently(client.get_blob_properties, where, patience))
        if size is not None and size != blob.size:
            raise BillError(
                Place(_origin(scope, period)),
                f"The report says that {where} has {size} bytes; it has {blob.size}.",
                "Nothing was changed; the next run has a new report made.",
            )
        return BlobPart(client, blob, patience)


def _finished(answer: Answer, origin: str) -> Report:
    """The files of a finished report; BillError when the answer contradicts itself."""
    manifest = cast("Json", answer.content.get("manifest") or {})
    blobs = cast("list[Json]", manifest.get("blobs") or [])
    links = tuple((text_at(blob, "blobLink"), count_at(blob, "byteCount")) for blob in blobs)
    stated = count_at(manifest, "blobCount")
    data_format = text_at(manifest, "dataFormat").lower()
    if stated not in (None, len(links)) or not links:
        found = f"The report says that it has {stated} files and names {len(links)}."
    elif data_format not in ("", "csv"):
        found = f"The report is '{data_format[:40]}', not CSV."
    elif not all(map(_is_safe, (link for link, _ in links))):
        found = "The report names a file without a secure address."
    else:
        return Report(links)
    raise BillError(Place(origin), found, "Nothing was changed; the next run has a new one made.")


def _is_safe(link: str) -> bool:
    """Whether a signature may be sent there: over TLS, or to this machine."""
    url = urlsplit(link)
    return url.scheme == "https" or (url.scheme == "http" and url.hostname == "127.0.0.1")


def _failed(answer: Answer, origin: str) -> BillError:
    code = text_at(answer.content, "error", "code")[:80] or "no reason"
    message = text_at(answer.content, "error", "message")[:300]
    return BillError(
        Place(origin),
        f"Azure could not make the report ({code}): {message}",
        "The next run asks for it again. A month too large for a report needs an export.",
    )


def _version(parts: Sequence[BlobPart]) -> str:
    """What changes when the report's content does: its files have other names each time."""
    stamps = [
        Stamp(str(number), part.size, part.blob.md5.hex() if part.blob.md5 else _sha256(part))
        for number, part in enumerate(parts)
    ]
    return content_version(b"", stamps)


def _sha256(part: BlobPart) -> str:
    digest = hashlib.sha256()
    with part.open() as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _origin(scope: str, period: date) -> str:
    return f"/{scope.strip('/')}/providers/Microsoft.CostManagement/{COST_DETAILS}/{period:%Y-%m}"


def _refusal(scope: str, period: date, error: CostError) -> Refusal:
    origin = _origin(scope, period)
    if isinstance(error, BillError):
        found = error
    elif isinstance(error, AzureUnavailable):
        found = SourceUnavailable(Place(origin), str(error), "A later run may have it.")
    else:
        found = BillError(Place(origin), str(error), "Nothing was changed.")
    return Refusal(Cloud.AZURE, Path(origin).parent, origin, found, scope_name(scope), period)
