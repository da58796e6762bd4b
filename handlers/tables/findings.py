"""What is planned, found and compared once the loads are in."""

from handlers.tables.shape import Replaced, Table, fields_of

BUDGETS = Table(
    "budgets",
    "What a month may cost, from the site's budgets.csv; replaced as a whole when it changes.",
    fields_of(
        """
        limits text: What it limits: total, cloud, model or customer.
        key text: The cloud, the model or the customer's key; empty for the total.
        name text: The cloud, model or customer as the file names it; empty for the total.
        month DATE?: First day of the month; null stands for every month without a row of its own.
        amount_usd amount: What the month may cost, in USD.
        site_digest text: The version of the site data that it was taken from.
        """
    ),
    Replaced.NEVER,
)

ANOMALIES = Table(
    "anomalies",
    "A row per series and complete day: what was expected, what came, and whether that is an "
    "anomaly. Series are clouds, models of a cloud and customers of a cloud; usage and discount "
    "only, in USD.",
    fields_of(
        """
        date DATE
        series text: What the series follows: cloud, model or customer.
        cloud_provider text
        key text: The model or the customer's key; the cloud itself for its own series.
        actual amount: What the day cost.
        expected amount?: What it should have cost; null while the series is learning.
        lower amount?: Below this it is unusually cheap.
        upper amount?: Above this it is unusually dear.
        score amount?: Distance from what was expected, in robust standard deviations.
        status text: normal, high, low, learning, or quiet where a cool-down keeps it.
        reason text?: Why it counts as an anomaly or why not, for a reader.
        event text?: The note of the expected event that covers the day.
        computed_at TIMESTAMP: UTC.
        """
    ),
    Replaced.NEVER,
)

ALERTS = Table(
    "alerts",
    "A row per alert and evaluation that changed its state.",
    fields_of(
        """
        rule text: The rule's id.
        key text: What it fires about, stable from one evaluation to the next.
        state text: firing or resolved.
        severity text: info, warning or critical.
        date DATE: The last complete day that was looked at.
        cloud_provider text?: The cloud it is about; null where it is about all.
        model text?: The model it is about.
        customer_key text?: The customer it is about.
        value amount: What was measured.
        threshold amount: What it was compared with.
        unit text: Unit of value and threshold: usd, percent, hours, usd_per_million_tokens, loads.
        cost_usd amount?: The dollars that it is about.
        message text: What happened, for a reader.
        since TIMESTAMP: When it began to fire, UTC.
        evaluated_at TIMESTAMP: UTC.
        """
    ),
    Replaced.NEVER,
)

RECONCILIATION = Table(
    "reconciliation",
    "What a cloud or an invoice says it charged against what was loaded: a row for the whole, with "
    "a row for each kind of charge that differs, and for the services and days that differ most, "
    "so that the reason shows.",
    fields_of(
        """
        cloud_provider text
        scope text
        billing_period DATE
        warehouse text: The warehouse that was compared.
        source text: Who says it: cost_explorer, cost_management, billing_export, invoice, console.
        invoice_id text?: The document; null where the statement is of the whole period.
        billing_entity text?
        charge_type text?: The part of the difference; null for the whole statement.
        billing_currency text
        stated amount?: What the source says, in billing_currency; null where it has no such part.
        loaded amount: What was loaded, in billing_currency.
        difference amount: stated less loaded.
        difference_usd amount: The same, in USD.
        reason text?: What explains it: tax, credits, marketplace, rounding, late lines, or nothing.
        load_id text?: The load that was compared.
        checked_at TIMESTAMP: UTC.
        service text?: The service of a row with a date; null: all that only one side names so.
        date DATE?: A day that differs, tax aside; such rows say once more where a difference is.
        """
    ),
    Replaced.NEVER,
)

PARITY = Table(
    "parity",
    "A comparison of what the same version of a bill became on the hub's path and on a cloud's "
    "own; a row per difference and one for the bill as a whole.",
    fields_of(
        """
        checked_at TIMESTAMP: UTC; the same for all rows of one comparison.
        cloud_provider text
        scope text
        billing_period DATE
        native_warehouse text: The cloud's own warehouse: redshift or azuresql.
        hub_load_id text?: The load on the hub's path; null when there is none.
        native_load_id text?: The load on the cloud's own path; null when there is none.
        compared_load_id text?: The newest load that both have; what differs is of it.
        status text: equal, different, or in_transit where the versions differ.
        model text?: Null in the row for the bill as a whole.
        token_type text?: Null in the row for the bill as a whole.
        customer_key text?: Null in the row for the bill as a whole.
        hub_rows BIGINT?: Rows on the hub's path.
        native_rows BIGINT?: Rows on the cloud's own path.
        hub_usage amount?: Usage on the hub's path; null for the bill as a whole.
        native_usage amount?: Usage on the cloud's own path; null for the bill as a whole.
        hub_cost_usd amount?: Cost on the hub's path, in USD.
        native_cost_usd amount?: Cost on the cloud's own path, in USD.
        hub_gross_usd amount?: Cost before credits on the hub's path, in USD.
        native_gross_usd amount?: Cost before credits on the cloud's own path, in USD.
        """
    ),
    Replaced.NEVER,
)
