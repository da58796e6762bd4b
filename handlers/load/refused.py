"""A bill that was found and could not be read has its row in the ledger too."""

from datetime import datetime

from handlers.ledger import UNREADABLE, LedgerRow, Status, Version, load_id
from handlers.load.stage import Rules
from handlers.sources.refusals import Refusal
from handlers.warehouses import Warehouse


def record_refusal(
    warehouse: Warehouse, refusal: Refusal, rules: Rules, moment: datetime
) -> LedgerRow | None:
    """Write down at ``moment`` (UTC) that the bill failed; None where it is not known whose it is.

    No other table is changed.
    """
    cloud, scope, period = refusal.cloud, refusal.scope, refusal.period
    if not scope or period is None:
        return None
    version = Version(UNREADABLE, rules.catalog.digest, rules.site.digest(cloud, period))
    row = LedgerRow(
        load_id=load_id(cloud, scope, period, version),
        cloud_provider=cloud,
        scope=scope,
        billing_period=period,
        source_version=version.source,
        rule_digest=version.rules,
        site_digest=version.site,
        started_at=moment.replace(tzinfo=None),
        finished_at=moment.replace(tzinfo=None),
        status=Status.FAILED,
        origin=refusal.origin,
        error=str(refusal.error),
    )
    warehouse.record(row)
    return row
