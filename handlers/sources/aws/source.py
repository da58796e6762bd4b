"""The bills of AWS payer accounts, as their exports lie in S3."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, cast

import boto3

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.scopes import AwsScope
from handlers.sources import Snapshot
from handlers.sources.aws.credentials import CONFIG, role_session
from handlers.sources.aws.discover import Exports
from handlers.sources.aws.fallback import Fallback
from handlers.sources.aws.s3 import DEFAULT_BUDGET, Connection, S3Client, S3Objects
from handlers.sources.objects import Objects
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal

OpenSession = Callable[[str, str], boto3.Session]
"""A session by the role's ARN and the region: ``credentials.role_session`` or ``own_session``."""


class AwsSource:
    """The newest export of each of ``scopes``, whose store ``objects_of`` gives.

    Only manifests are read before a part is: a bill that was loaded already costs nothing.
    ``fallback`` stands in for months without an export.
    """

    def __init__(
        self,
        scopes: Sequence[AwsScope],
        objects_of: Callable[[AwsScope], Objects],
        fallback: Fallback | None = None,
    ) -> None:
        self._scopes = scopes
        self._objects_of = objects_of
        self._fallback = fallback

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """The newest snapshot of each scope and period, oldest period first.

        All periods that are exported when ``periods`` is empty. ``refuse`` is told of each bill
        that can't be read, and of each scope whose bucket can't be.
        """
        found: list[Snapshot] = []
        for scope in self._scopes:
            found += self._of(scope, periods, refuse)
        yield from sorted(found, key=lambda item: (item.period, item.scope))

    def _of(self, scope: AwsScope, periods: Sequence[date], refuse: Refuse) -> Iterable[Snapshot]:
        refusals: list[Refusal] = []
        listed = attempt(
            partial(self._exported, scope, periods, refusals.append), Path(scope.bucket)
        )
        if isinstance(listed, BillError):
            refuse(_refusal(scope, listed))
            return ()
        single, twice = _told_apart(scope, listed, refusals)
        for refusal in (*refusals, *twice):
            refuse(refusal)
        taken = {each.period for each in (*listed, *refusals)}
        missing = [period for period in periods if period not in taken]
        if self._fallback is None or not missing:
            return single
        return [*single, *self._fallback.snapshots(scope, missing, refuse)]

    def _exported(self, scope: AwsScope, periods: Sequence[date], refuse: Refuse) -> list[Snapshot]:
        exports = Exports(self._objects_of(scope), scope.id, scope.export)
        return list(exports.snapshots(periods, refuse))


def _told_apart(
    scope: AwsScope, listed: Sequence[Snapshot], refusals: Sequence[Refusal]
) -> tuple[list[Snapshot], list[Refusal]]:
    """The bills that are there once, and why the others may not be loaded: they'd count twice."""
    origins: dict[date, list[str]] = {}
    for each in (*listed, *refusals):
        if each.period is not None:
            origins.setdefault(each.period, []).append(each.origin)
    twice = [
        _refusal(
            scope,
            BillError(
                Place(snapshot.origin),
                f"{snapshot} is there twice: {_other(origins[snapshot.period], snapshot.origin)}"
                " is its bill too.",
                "It would count twice: let the scope's prefix hold one export, or remove one.",
            ),
            snapshot,
        )
        for snapshot in listed
        if len(origins[snapshot.period]) > 1
    ]
    return [each for each in listed if len(origins[each.period]) == 1], twice


def _other(origins: Sequence[str], own: str) -> str:
    return next(origin for origin in origins if origin != own)


def _refusal(scope: AwsScope, error: BillError, snapshot: Snapshot | None = None) -> Refusal:
    where = f"s3://{scope.bucket}/{scope.prefix}"
    origin, period = (snapshot.origin, snapshot.period) if snapshot else (where, None)
    return Refusal(Cloud.AWS, Path(where), origin, error, scope.id, period)


def s3_objects(
    scope: AwsScope,
    opened: ExitStack,
    session: OpenSession = role_session,
    budget: int = DEFAULT_BUDGET,
) -> S3Objects:
    """The bucket of ``scope``; ``budget`` is in bytes (``s3.DEFAULT_BUDGET``).

    What it connects with is closed with ``opened``.
    """

    def connect() -> S3Client:
        client = cast("Any", session(scope.role_arn, scope.region)).client("s3", config=CONFIG)
        return cast("S3Client", opened.enter_context(closing(client)))

    return S3Objects(Connection(connect), scope.bucket, scope.prefix, budget)
