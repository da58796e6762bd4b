"""A load's transaction, which may be tried again after its end was not seen."""

from dataclasses import dataclass
from datetime import datetime

from handlers.ledger import LedgerRow
from handlers.warehouses import Superseded
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.migration import fetch, run, take_lock
from handlers.warehouses.azuresql.port import Session
from handlers.warehouses.azuresql.statements import Statement

LOCK_MILLISECONDS = 300_000
"""How long a load waits for another of the same cloud."""


@dataclass
class Commit:
    """Says ``row`` in the ledger; with ``attempt`` it replaces the bill by what is staged for it.

    ``replaces`` is when the load was committed that stood in the tables when this one was decided.
    The lock is had after every earlier transaction of the same cloud has ended, so a row that the
    last try would have written is there now, or never will be.
    """

    row: LedgerRow
    replaces: datetime | None = None
    attempt: str | None = None
    _tried: datetime | None = None

    def once(self, session: Session) -> None:
        """Do it, unless the try before has done it.

        Raises:
            SqlError: the server or the connection failed.
            Superseded: another load of the bill was committed since; nothing was changed.
            WarehouseError: another load of the cloud goes on for too long.
        """
        row = self.row
        run(session, Statement(statements.ABORT_ON_ERROR))
        run(session, Statement(statements.BEGIN))
        take_lock(session, f"ai-cost-monitoring {row.cloud_provider}", LOCK_MILLISECONDS)
        if self._tried is not None:
            ((found,),) = fetch(session, statements.written(row, self._tried))
            if found:
                return
        ((loaded_at, last_at, now),) = fetch(session, statements.committed(row))
        if self.attempt is not None:
            if loaded_at != self.replaces:
                raise Superseded(
                    f"{row.scope} {row.billing_period:%Y-%m}: another load of this bill was"
                    " committed first."
                )
            for statement in statements.replacing(row, self.attempt):
                run(session, statement)
        at = statements.after(last_at, now)
        for statement in statements.saying(row, at):
            run(session, statement)
        self._tried = at
        run(session, Statement(statements.COMMIT))
