-- From staged_lines to the rows that a load writes.
-- usd(amount, rate) converts by the one formula of handlers/amounts.py; cut(text, n) keeps text that
-- is longer than n characters unique. Both are macros of handlers/load/stage.py.

-- statement: nameless_lines
-- A customer's tag and resources are as good as its name: where that is forgotten, they are too.
CREATE OR REPLACE TEMP VIEW nameless_lines AS
SELECT * EXCLUDE (forgotten) REPLACE (
    CASE WHEN forgotten AND customer_tag IS NOT NULL THEN customer_id ELSE customer_tag END
        AS customer_tag,
    CASE WHEN forgotten AND resource_id IS NOT NULL THEN customer_id ELSE resource_id END
        AS resource_id
)
FROM (SELECT *, starts_with(customer_id, 'forgotten-') AS forgotten FROM staged_lines);

-- statement: charges
-- AI lines and, beside each that states it, the unused part of its commitment as a line of its own.
CREATE OR REPLACE TEMP VIEW charges AS
SELECT * EXCLUDE (idle) FROM nameless_lines WHERE is_ai
UNION ALL BY NAME
SELECT
    * EXCLUDE (idle)
    REPLACE (
        'idle' AS charge_type,
        0 AS quantity,
        0 AS cost,
        0 AS gross,
        CASE WHEN cost_usd IS NOT NULL THEN 0 END AS cost_usd,
        idle AS effective,
        NULL AS effective_usd,
        NULL AS list_cost,
        NULL AS list_usd
    )
FROM nameless_lines
WHERE is_ai AND idle <> 0;

-- statement: new_llm_costs
CREATE OR REPLACE TEMP TABLE new_llm_costs AS
WITH added AS (
    SELECT
        usage_date,
        COALESCE(service, '') AS service,
        COALESCE(sku, '') AS sku,
        model,
        token_type,
        usage_unit,
        unit_size,
        customer_id,
        project_id,
        customer_tag,
        model_developer,
        service_tier,
        COALESCE(NULLIF(region, ''), 'global') AS region,
        COALESCE(account_id, '') AS account_id,
        charge_type,
        currency,
        sku_id,
        unit,
        resource_id,
        invoice_id,
        billing_entity,
        rule_id,
        usd_rate,
        sum(quantity)::DECIMAL(38, 15) AS quantity,
        sum(cost) AS exact_cost,
        sum(cost)::DECIMAL(38, 9) AS cost,
        sum(gross)::DECIMAL(38, 9) AS gross,
        sum(effective)::DECIMAL(38, 9) AS effective,
        sum(list_cost)::DECIMAL(38, 9) AS list_cost,
        sum(cost_usd)::DECIMAL(38, 9) AS cost_usd,
        sum(CASE WHEN gross = 0 THEN 0 ELSE cost_usd END)::DECIMAL(38, 9) AS gross_usd,
        sum(
            COALESCE(effective_usd, CASE WHEN effective = cost THEN cost_usd END)
        )::DECIMAL(38, 9) AS effective_usd,
        sum(
            COALESCE(list_usd, CASE WHEN list_cost = cost THEN cost_usd END)
        )::DECIMAL(38, 9) AS list_usd
    FROM charges
    GROUP BY ALL
)
SELECT
    usage_date AS date,
    $cloud AS cloud_provider,
    cut(service, 200) AS service,
    cut(sku, 500) AS sku_description,
    cut(model, 100) AS model,
    token_type,
    sum(
        CASE WHEN charge_type = 'usage' THEN quantity * unit_size::DECIMAL(18, 3) ELSE 0 END
    )::DECIMAL(38, 9) AS usage_amount,
    usage_unit,
    sum(CASE WHEN usd_rate IS NULL THEN cost_usd ELSE usd(cost, usd_rate) END) AS cost_usd,
    cut(customer_id, 256) AS customer_id,
    cut(project_id, 256) AS project_id,
    cut(customer_tag, 256) AS customer_tag,
    left(sha256(cut(customer_id, 256)), 16) AS customer_key,
    model_developer,
    service_tier,
    cut(region, 40) AS region,
    cut(account_id, 60) AS account_id,
    $scope AS scope,
    charge_type,
    sum(CASE WHEN usd_rate IS NULL THEN gross_usd ELSE usd(gross, usd_rate) END) AS gross_cost_usd,
    sum(CASE WHEN usd_rate IS NULL THEN effective_usd ELSE usd(effective, usd_rate) END)
        AS effective_cost_usd,
    sum(CASE WHEN usd_rate IS NULL THEN list_usd ELSE usd(list_cost, usd_rate) END) AS list_cost_usd,
    currency AS billing_currency,
    sum(exact_cost)::DECIMAL(38, 9) AS billing_cost,
    $period::DATE AS billing_period,
    cut(sku_id, 100) AS sku_id,
    sum(quantity)::DECIMAL(38, 9) AS pricing_quantity,
    cut(unit, 40) AS pricing_unit,
    cut(resource_id, 400) AS resource_id,
    cut(invoice_id, 100) AS invoice_id,
    cut(billing_entity, 100) AS billing_entity,
    rule_id,
    $load_id AS load_id
FROM added
GROUP BY ALL;

-- statement: new_load_digests
CREATE OR REPLACE TEMP TABLE new_load_digests AS
SELECT
    $load_id AS load_id,
    cloud_provider,
    scope,
    billing_period,
    model,
    token_type,
    customer_key,
    count(*) AS rows,
    sum(usage_amount) AS usage_amount,
    sum(cost_usd) AS cost_usd,
    sum(gross_cost_usd) AS gross_cost_usd,
    sum(billing_cost) AS billing_cost
FROM new_llm_costs
GROUP BY ALL;

-- statement: new_daily_costs
CREATE OR REPLACE TEMP TABLE new_daily_costs AS
SELECT
    $warehouse AS warehouse,
    scope,
    billing_period,
    date,
    cloud_provider,
    model,
    token_type,
    customer_key,
    charge_type,
    service_tier,
    usage_unit,
    sum(usage_amount) AS usage,
    sum(cost_usd) AS cost,
    sum(effective_cost_usd) AS effective,
    sum(gross_cost_usd) AS gross,
    sum(list_cost_usd) AS list
FROM new_llm_costs
GROUP BY ALL;

-- statement: new_hourly_costs
CREATE OR REPLACE TEMP TABLE new_hourly_costs AS
WITH added AS (
    SELECT
        usage_date,
        usage_hour,
        model,
        customer_id,
        charge_type,
        usage_unit,
        unit_size,
        usd_rate,
        sum(quantity)::DECIMAL(38, 15) AS quantity,
        sum(cost)::DECIMAL(38, 9) AS cost,
        sum(cost_usd)::DECIMAL(38, 9) AS cost_usd
    FROM charges
    WHERE usage_hour IS NOT NULL
    GROUP BY ALL
)
SELECT
    $scope AS scope,
    $period::DATE AS billing_period,
    usage_date AS date,
    usage_hour AS hour,
    $cloud AS cloud_provider,
    cut(model, 100) AS model,
    left(sha256(cut(customer_id, 256)), 16) AS customer_key,
    charge_type,
    sum(
        CASE WHEN charge_type = 'usage' THEN quantity * unit_size::DECIMAL(18, 3) ELSE 0 END
    )::DECIMAL(38, 9) AS usage,
    usage_unit AS unit,
    sum(CASE WHEN usd_rate IS NULL THEN cost_usd ELSE usd(cost, usd_rate) END) AS cost
FROM added
GROUP BY ALL;

-- statement: new_dimensions
CREATE OR REPLACE TEMP TABLE new_dimensions AS
SELECT DISTINCT
    cloud_provider,
    scope,
    billing_period,
    unnest(['customer', 'model', 'project', 'account']) AS dimension,
    unnest([customer_key, model, left(sha256(project_id), 16), account_id]) AS key,
    unnest([customer_id, model, project_id, account_id]) AS name
FROM new_llm_costs;

-- statement: new_unnamed_costs
CREATE OR REPLACE TEMP TABLE new_unnamed_costs AS
SELECT
    scope,
    billing_period,
    date,
    cloud_provider,
    service,
    sku_description,
    account_id,
    model,
    token_type,
    customer_key,
    rule_id,
    charge_type,
    sum(cost_usd) AS cost
FROM new_llm_costs
WHERE rule_id IS NULL OR model = 'unknown' OR customer_id = 'untagged'
GROUP BY ALL;

-- statement: new_platform_costs
CREATE OR REPLACE TEMP TABLE new_platform_costs AS
WITH added AS (
    SELECT
        usage_date,
        COALESCE(service, '') AS service,
        COALESCE(sku, '') AS sku,
        COALESCE(account_id, '') AS account_id,
        charge_type,
        currency,
        usd_rate,
        sum(cost) AS exact_cost,
        sum(cost)::DECIMAL(38, 9) AS cost,
        sum(cost_usd)::DECIMAL(38, 9) AS cost_usd
    FROM staged_lines
    WHERE is_platform
    GROUP BY ALL
)
SELECT
    $cloud AS cloud_provider,
    $scope AS scope,
    $period::DATE AS billing_period,
    usage_date AS date,
    cut(service, 200) AS service,
    cut(sku, 500) AS sku_description,
    cut(account_id, 60) AS account_id,
    charge_type,
    sum(CASE WHEN usd_rate IS NULL THEN cost_usd ELSE usd(cost, usd_rate) END) AS cost_usd,
    currency AS billing_currency,
    sum(exact_cost)::DECIMAL(38, 9) AS billing_cost,
    $load_id AS load_id
FROM added
GROUP BY ALL;

-- statement: new_left_out_costs
CREATE OR REPLACE TEMP TABLE new_left_out_costs AS
WITH added AS (
    SELECT service_id, service, NULL AS sku, currency, sum(line_count) AS lines, sum(cost) AS cost
    FROM left_out
    GROUP BY ALL
    UNION ALL
    SELECT service_id, service, sku, currency, count(*), sum(cost)
    FROM staged_lines
    WHERE NOT is_ai AND NOT is_platform
    GROUP BY ALL
)
SELECT
    $cloud AS cloud_provider,
    $scope AS scope,
    $period::DATE AS billing_period,
    service_id,
    service,
    sku AS sku_description,
    lines::BIGINT AS lines,
    COALESCE(added.currency, $currency) AS billing_currency,
    cost::DECIMAL(38, 9) AS billing_cost,
    COALESCE(usd(cost::DECIMAL(38, 9), rate), 0) AS cost_usd,
    $load_id AS load_id
FROM added
-- A service none of whose lines says its currency is listed without dollars.
LEFT JOIN left_out_rates ON left_out_rates.currency = added.currency;

-- statement: new_bill_totals
-- Nothing where an older archive does not say what kind of charge the left-out lines were.
CREATE OR REPLACE TEMP TABLE new_bill_totals AS
WITH added AS (
    SELECT
        usage_date,
        service,
        invoice_id,
        billing_entity,
        charge_type,
        currency,
        sum(line_count) AS lines,
        sum(cost) AS cost
    FROM left_out
    GROUP BY ALL
    UNION ALL
    SELECT
        usage_date,
        service,
        invoice_id,
        billing_entity,
        charge_type,
        currency,
        count(*),
        sum(cost)
    FROM staged_lines
    GROUP BY ALL
)
SELECT
    $cloud AS cloud_provider,
    $scope AS scope,
    $period::DATE AS billing_period,
    usage_date AS date,
    cut(COALESCE(service, ''), 200) AS service,
    cut(NULLIF(invoice_id, ''), 100) AS invoice_id,
    cut(NULLIF(billing_entity, ''), 100) AS billing_entity,
    charge_type,
    COALESCE(currency, $currency) AS billing_currency,
    sum(lines)::BIGINT AS lines,
    sum(cost)::DECIMAL(38, 9) AS billing_cost,
    $load_id AS load_id
FROM added
WHERE NOT EXISTS (SELECT 1 FROM left_out WHERE charge_type IS NULL)
GROUP BY ALL;
