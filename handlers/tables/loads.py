"""What a load writes."""

from handlers.record import COLUMNS
from handlers.tables.shape import TYPES, Field, Replaced, Table, fields_of

FACTS = Table(
    "llm_costs",
    "One day of one SKU of one model for one customer and project.",
    tuple(
        Field(column.name, TYPES[column.kind], column.nullable, column.meaning)
        for column in COLUMNS
    ),
    Replaced.PERIOD,
)

LEDGER = Table(
    "ledger",
    "A row per load, success or failure, and per decision about a load that was held. Totals "
    "are in `billing_currency` unless named USD; of a bill in several currencies they are null, "
    "and `currency_totals` has those of each.",
    fields_of(
        """
        load_id text
        cloud_provider text
        scope text
        billing_period DATE
        source_version text: The bill's own version: its manifest's id or the hash of its content.
        exported_at TIMESTAMP?: When the cloud wrote it, UTC.
        rule_digest text: SHA-256 of the catalog's rules.
        site_digest text: SHA-256 of the site data that the load used.
        billing_currency text?: Currencies of the bill, joined by + where there are several.
        source_total amount?: All lines of the bill, as a second reader adds them up.
        ai_total amount?: Its AI lines.
        platform_total amount?: Its lines of this product itself.
        other_total amount?: The rest.
        currency_totals text?: JSON: ai, platform and other per currency, if there are several.
        loaded_total amount?: What the rows written add up to.
        cost_usd amount?: The same, in USD.
        gross_cost_usd amount?: The rows written, before credits, in USD.
        source_lines BIGINT?: Lines of the bill.
        ai_lines BIGINT?: AI lines of the bill.
        rows BIGINT?: Rows written to the facts.
        quarantined_rows BIGINT?: Lines set aside because they can't be parsed.
        quarantined_total amount?: What those of them cost whose amount can be read.
        rates_used text?: JSON: the site's rates that were used, their month, whether provisional.
        restated_usd amount?: Change of cost_usd against the load before.
        data_through DATE?: Last complete day of usage.
        archive text?: Where the AI lines are kept.
        origin text?: Where the bill came from.
        started_at TIMESTAMP: UTC.
        finished_at TIMESTAMP: UTC.
        status text: loaded, held, accepted, rejected or failed.
        error text?: What went wrong, or why it is held.
        decided_by text?: Who accepted or rejected a held load.
        reason text?: Why.
        """
    ),
    Replaced.NEVER,
)

DIGESTS = Table(
    "load_digests",
    "What each load wrote, per model, token type, customer and month; kept for every load, so "
    "that two warehouses can be compared on the same version.",
    fields_of(
        """
        load_id text
        cloud_provider text
        scope text
        billing_period DATE
        model text
        token_type text
        customer_key text
        rows BIGINT: Rows of the facts.
        usage_amount amount
        cost_usd amount
        gross_cost_usd amount
        billing_cost amount
        """
    ),
    Replaced.LOAD,
)

DAILY = Table(
    "daily_costs",
    "The facts added up to what dashboards ask for, in USD.",
    fields_of(
        """
        warehouse text: The warehouse whose load it comes from.
        scope text
        billing_period DATE
        date DATE
        cloud_provider text
        model text
        token_type text
        customer_key text
        charge_type text
        service_tier text
        usage_unit text
        usage amount: Sum of usage_amount.
        cost amount: Sum of cost_usd.
        effective amount?: Sum of effective_cost_usd.
        gross amount: Sum of gross_cost_usd.
        list amount?: Sum of list_cost_usd.
        """
    ),
    Replaced.PERIOD,
)

HOURLY = Table(
    "hourly_costs",
    "Usage by hour, in USD, where a bill says it: Google's always, AWS's when the export is "
    "hourly.",
    fields_of(
        """
        scope text
        billing_period DATE
        date DATE
        hour SMALLINT: Hour of usage, UTC, 0 to 23.
        cloud_provider text
        model text
        customer_key text
        charge_type text
        usage amount: Sum of usage_amount.
        unit text: Unit of usage.
        cost amount: Sum of cost_usd.
        """
    ),
    Replaced.PERIOD,
)

UNNAMED = Table(
    "unnamed_costs",
    "What nobody can be charged for or no model stands behind, per SKU and day, in USD: the facts "
    "that are untagged, that no rule named, or of which the bill does not say the model.",
    fields_of(
        """
        scope text
        billing_period DATE
        date DATE
        cloud_provider text
        service text
        sku_description text
        account_id text
        model text
        token_type text
        customer_key text
        rule_id text?
        charge_type text
        cost amount: Sum of cost_usd.
        """
    ),
    Replaced.PERIOD,
)

DIMENSIONS = Table(
    "dimensions",
    "What a filter offers: `customer` and `project` by key and name, `model`, `account`.",
    fields_of(
        """
        cloud_provider text
        scope text
        billing_period DATE
        dimension text: customer, project, model or account.
        key text: What a filter carries.
        name text: What a reader sees.
        """
    ),
    Replaced.PERIOD,
)

PLATFORM = Table(
    "platform_costs",
    "Bill lines labelled `managed-by=ai-cost-monitoring`: what this product itself costs, "
    "outside the AI totals.",
    fields_of(
        """
        cloud_provider text
        scope text
        billing_period DATE
        date DATE
        service text
        sku_description text
        account_id text
        charge_type text
        cost_usd amount
        billing_currency text
        billing_cost amount
        load_id text
        """
    ),
    Replaced.PERIOD,
)

LEFT_OUT = Table(
    "left_out_costs",
    "What a bill holds beside AI, per service; lines of AI products that no rule takes in, "
    "per SKU. `cost_usd` is at the load's rate: good for a ranking, not part of any total.",
    fields_of(
        """
        cloud_provider text
        scope text
        billing_period DATE
        service_id text?: Product code or service id as billed.
        service text?: Product name as billed.
        sku_description text?: The SKU, where the lines are of an AI product; else null.
        lines BIGINT: Lines of the bill.
        billing_currency text
        billing_cost amount
        cost_usd amount
        load_id text
        """
    ),
    Replaced.PERIOD,
)

BILL_TOTALS = Table(
    "bill_totals",
    "The whole bill, AI or not, added up per document, service, day and kind of charge, in its own "
    "currency: what clouds and invoices state is compared with it. Lines that were set aside are "
    "in none of it, and a bill that was archived before this table was there has no rows.",
    fields_of(
        """
        cloud_provider text
        scope text
        billing_period DATE
        date DATE
        service text
        invoice_id text?
        billing_entity text?
        charge_type text
        billing_currency text
        lines BIGINT: Lines of the bill.
        billing_cost amount
        load_id text
        """
    ),
    Replaced.PERIOD,
)
