"""What only the hub in BigQuery has."""

from handlers.tables.shape import Replaced, Table, fields_of

SERVING_CUT = Table(
    "serving_cut",
    "Which path each customer's costs are served from. Only promotion and rollback write it, in "
    "one statement.",
    fields_of(
        """
        customer_key text: The customer; * for everyone who has no row.
        path text: hub or native.
        changed_at TIMESTAMP: UTC.
        changed_by text: Who moved the customer.
        """
    ),
    Replaced.NEVER,
)

LOAD_LOCK = Table(
    "load_lock",
    "A row per cloud, which a load updates first: of two loads at once one has to wait or to try "
    "again.",
    fields_of(
        """
        cloud_provider text
        load_id text?: The load that updated it last.
        locked_at TIMESTAMP?: UTC.
        """
    ),
    Replaced.NEVER,
)

PROMOTIONS = Table(
    "promotions",
    "How an environment moved from one stage to another: a row when a move begins, and one when it "
    "has ended. Only promotion and rollback write it.",
    fields_of(
        """
        noted_at TIMESTAMP: UTC.
        moved_by text: Who moved it.
        from_stage text: single, dual, pilot, all or native.
        to_stage text: Likewise.
        customers text: JSON: who is served from the clouds' own warehouses in to_stage.
        status text: begun or reached.
        """
    ),
    Replaced.NEVER,
)
