-- statement: facts
-- Three years of facts whose every cell follows from its number: $days days that end on $last, three
-- clouds, sixty customers with five models each, two regions or deployments of each, and the discount
-- of an AWS agreement. Weekends cost less, the whole grows.
CREATE OR REPLACE TEMP TABLE new_llm_costs AS
WITH days AS (
    SELECT
        ($last::DATE - n::INTEGER) AS date,
        $days - n AS number
    FROM range($days) AS numbers(n)
),

customers AS (
    SELECT
        c AS customer,
        CASE WHEN c % 20 = 0 THEN 'untagged' ELSE format('customer {:03d}', c) END AS customer_id
    FROM range(60) AS numbers(c)
),

things AS (
    SELECT
        customers.customer,
        customers.customer_id,
        m AS slot,
        (customers.customer * 5 + m * 7) % 30 AS model,
        token_type,
        place
    FROM customers
    CROSS JOIN range(5) AS models(m)
    CROSS JOIN (VALUES ('input'), ('output'), ('cache_read')) AS kinds(token_type)
    CROSS JOIN range(2) AS places(place)
),

amounts AS (
    SELECT
        days.date,
        days.number,
        things.*,
        CASE things.model % 3 WHEN 0 THEN 'AWS' WHEN 1 THEN 'Azure' ELSE 'GCP' END AS cloud,
        (1000 + hash(things.customer, things.slot, things.token_type, things.place) % 900000)
        * (1 + days.number / 800.0)
        * CASE WHEN isodow(days.date) > 5 THEN 0.4 ELSE 1 END
        * (0.8 + (hash(things.customer, things.slot, days.number) % 400) / 1000.0) AS tokens
    FROM days
    CROSS JOIN things
),

charged AS (
    SELECT
        *,
        'usage' AS charge_type,
        1.0 AS share
    FROM amounts
    UNION ALL
    SELECT
        *,
        'discount' AS charge_type,
        -0.05 AS share
    FROM amounts
    WHERE cloud = 'AWS' AND token_type = 'input' AND place = 0
)

SELECT
    date,
    cloud AS cloud_provider,
    CASE cloud WHEN 'AWS' THEN 'Amazon Bedrock' WHEN 'Azure' THEN 'Foundry Models' ELSE 'Vertex AI' END
        AS service,
    format('model {:02d} {} {}', model, token_type, place) AS sku_description,
    CASE WHEN model = 29 THEN 'unknown' ELSE format('model-{:02d}', model) END AS model,
    token_type,
    CASE WHEN charge_type = 'usage' THEN round(tokens) ELSE 0 END::DECIMAL(38, 9) AS usage_amount,
    'tokens' AS usage_unit,
    (tokens * share * CASE token_type WHEN 'input' THEN 3 WHEN 'output' THEN 15 ELSE 0.3 END / 1e6)
        ::DECIMAL(38, 9) AS cost_usd,
    customer_id,
    'untagged' AS project_id,
    NULL AS customer_tag,
    left(sha256(customer_id), 16) AS customer_key,
    'anthropic' AS model_developer,
    CASE WHEN slot = 4 THEN 'batch' ELSE 'standard' END AS service_tier,
    CASE place WHEN 0 THEN 'eu-central-1' ELSE 'us-east-1' END AS region,
    format('account {}', customer % 7) AS account_id,
    format('{} bill', cloud) AS scope,
    charge_type,
    cost_usd AS gross_cost_usd,
    cost_usd AS effective_cost_usd,
    NULL::DECIMAL(38, 9) AS list_cost_usd,
    'USD' AS billing_currency,
    cost_usd AS billing_cost,
    date_trunc('month', date)::DATE AS billing_period,
    NULL AS sku_id,
    NULL::DECIMAL(38, 9) AS pricing_quantity,
    NULL AS pricing_unit,
    format('deployment {} {}', slot, place) AS resource_id,
    NULL AS invoice_id,
    NULL AS billing_entity,
    CASE WHEN model = 28 THEN NULL ELSE 'any' END AS rule_id,
    format('load {}', billing_period) AS load_id
FROM charged;

-- statement: hours
-- Google's bill states the hour: a day's cost in 24 parts.
CREATE OR REPLACE TEMP TABLE new_hourly_costs AS
SELECT
    scope,
    billing_period,
    date,
    hour::SMALLINT AS hour,
    cloud_provider,
    model,
    customer_key,
    charge_type,
    (sum(usage_amount) / 24)::DECIMAL(38, 9) AS usage,
    usage_unit AS unit,
    (sum(cost_usd) / 24)::DECIMAL(38, 9) AS cost
FROM new_llm_costs
CROSS JOIN range(24) AS hours(hour)
WHERE cloud_provider = 'GCP'
GROUP BY ALL;

-- statement: loads
CREATE OR REPLACE TEMP TABLE new_ledger AS
SELECT
    load_id,
    cloud_provider,
    scope,
    billing_period,
    '1' AS source_version,
    '' AS rule_digest,
    '' AS site_digest,
    sum(cost_usd) AS cost_usd,
    max(date) AS data_through,
    $last::TIMESTAMP AS started_at,
    $last::TIMESTAMP + INTERVAL 1 HOUR AS finished_at,
    'loaded' AS status
FROM new_llm_costs
GROUP BY ALL
