"""AWS bills for a run: exports in S3, and Cost Explorer for months that have none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from handlers.reconcile.asked import Answers, Charged, answer_of, stated
from handlers.reconcile.statement import SaidBy, Statement
from handlers.record import ChargeType, Cloud
from handlers.runtimes.clients import Login, Reader
from handlers.scopes import AwsScope, Scope
from handlers.sources import Snapshot
from handlers.sources.aws.cost_explorer import Charge, CostExplorer, Requests, cost_explorer
from handlers.sources.aws.credentials import assumed_session, own_session, role_session
from handlers.sources.aws.fallback import Fallback, charge_types, exported
from handlers.sources.aws.source import AwsSource, OpenSession, s3_objects
from handlers.sources.columns import folded
from handlers.sources.refusals import Refuse

_SESSIONS: Mapping[Login, OpenSession] = {
    Login.FEDERATED: role_session,
    Login.ASSUMED: assumed_session,
    Login.OWN: own_session,
}


@dataclass(frozen=True)
class _Payers:
    """Each payer's own source, in order; ``requests`` are what Cost Explorer is asked for them."""

    sources: Sequence[AwsSource]
    requests: Requests
    reader: Reader

    def snapshots(self, periods: Sequence[date], refuse: Refuse) -> Iterator[Snapshot]:
        """See ``collecting.Bills``."""
        found = [each for source in self.sources for each in source.snapshots(periods, refuse)]
        _tell(self.requests, self.reader)
        yield from sorted(found, key=lambda bill: (bill.period, bill.scope))


def bills_of(scopes: Sequence[Scope], reader: Reader) -> _Payers:
    """The bills of the payers among ``scopes``.

    Where a payer's role is of another account, which can't see the payer's costs in Cost Explorer,
    a month without an export is a month without a bill.
    """
    session = _SESSIONS[reader.login]
    requests = Requests()
    known = exported(reader.loaded)

    def source(scope: AwsScope) -> AwsSource:
        explorer = partial(explorer_of, reader=reader, requests=requests)
        fallback = Fallback(explorer, known) if sees_costs(scope) else None
        return AwsSource(
            [scope], lambda each: s3_objects(each, reader.scratch.opened, session), fallback
        )

    payers = [source(scope) for scope in scopes if isinstance(scope, AwsScope)]
    return _Payers(payers, requests, reader)


def statements_of(scopes: Sequence[Scope], periods: Sequence[date], reader: Reader) -> Answers:
    """What Cost Explorer says that each payer was charged; one request a page, 0.01 USD each.

    Payers whose role is of another account are left out: it can't see the payer's costs.

    A payer of which it can't be asked, or not within the limit of requests, is a refusal.
    """
    requests, kinds = Requests(), charge_types()

    def charged(charge: Charge) -> Charged:
        return Charged(
            kinds.get(folded(charge.record_type), ChargeType.ADJUSTMENT),
            charge.amount,
            charge.currency,
            (charge.service, charge.day),
        )

    def ask(scope: AwsScope) -> Iterator[Statement]:
        explorer = explorer_of(scope, reader=reader, requests=requests)
        for period in periods:
            charges = map(charged, explorer.charged(period))
            yield from stated(Cloud.AWS, scope.id, period, charges, SaidBy.COST_EXPLORER)

    answers = (
        answer_of(f"AWS {scope.id}", partial(ask, scope))
        for scope in scopes
        if isinstance(scope, AwsScope) and sees_costs(scope)
    )
    said = sum(answers, Answers())
    _tell(requests, reader)
    return said


def _tell(requests: Requests, reader: Reader) -> None:
    """Say what was asked of Cost Explorer, and what AWS takes for it."""
    if requests.made:
        reader.scratch.tell(
            f"Cost Explorer: {requests.made} requests, {requests.usd} USD",
            {"requests": requests.made, "usd": requests.usd},
        )


def explorer_of(scope: AwsScope, *, reader: Reader, requests: Requests) -> CostExplorer:
    """Cost Explorer of the scope's payer; ``requests`` counts what is asked."""
    session = _SESSIONS[reader.login](scope.role_arn, scope.region)
    scratch = reader.scratch
    return cost_explorer(scope, session, requests, lambda: scratch.clock().date(), scratch.opened)


def sees_costs(scope: AwsScope) -> bool:
    """Whether the scope's role is of the payer account itself."""
    return scope.role_arn.split(":")[4] == scope.id
