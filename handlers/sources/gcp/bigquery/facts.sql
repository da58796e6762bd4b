-- From staged_lines to the rows that a load writes: handlers/load/facts.sql for a bill that has no
-- amount in USD, nothing amortised and no commitment's idle part.

-- statement: new_llm_costs
WITH charges AS (
    SELECT
        * REPLACE (
            COALESCE(service, '') AS service,
            COALESCE(region, 'global') AS region,
            COALESCE(account_id, '') AS account_id,
            IF(
                STARTS_WITH(customer_id, 'forgotten-') AND customer_tag IS NOT NULL,
                customer_id,
                customer_tag
            ) AS customer_tag,
            IF(
                STARTS_WITH(customer_id, 'forgotten-') AND resource_id IS NOT NULL,
                customer_id,
                resource_id
            ) AS resource_id
        )
    FROM {staged_lines}
    WHERE is_ai
),

added AS (
    SELECT
        {fact_keys},
        unit_size,
        usd_rate,
        rounded_to_15(SUM(quantity)) AS quantity,
        SUM(cost) AS exact_cost,
        rounded(SUM(cost)) AS cost,
        rounded(SUM(gross)) AS gross,
        rounded(SUM(list_cost)) AS list_cost
    FROM charges
    GROUP BY {fact_keys}, unit_size, usd_rate
),

cut_texts AS (
    SELECT
        * REPLACE (
            {cut_texts}
        )
    FROM added
)

SELECT
    usage_date AS date,
    {cloud} AS cloud_provider,
    service,
    sku AS sku_description,
    model,
    token_type,
    rounded(SUM(IF(charge_type = {usage}, quantity * unit_size, 0))) AS usage_amount,
    usage_unit,
    SUM(usd(cost, usd_rate)) AS cost_usd,
    customer_id,
    project_id,
    customer_tag,
    short_hash(customer_id) AS customer_key,
    model_developer,
    service_tier,
    region,
    account_id,
    @scope AS scope,
    charge_type,
    SUM(usd(gross, usd_rate)) AS gross_cost_usd,
    CAST(NULL AS NUMERIC) AS effective_cost_usd,
    SUM(usd(list_cost, usd_rate)) AS list_cost_usd,
    currency AS billing_currency,
    rounded(SUM(exact_cost)) AS billing_cost,
    CAST(@period AS DATE) AS billing_period,
    sku_id,
    rounded(SUM(quantity)) AS pricing_quantity,
    unit AS pricing_unit,
    resource_id,
    invoice_id,
    billing_entity,
    rule_id,
    @load_id AS load_id
FROM cut_texts
GROUP BY {fact_keys}

-- statement: new_load_digests
SELECT
    @warehouse AS warehouse,
    @load_id AS load_id,
    cloud_provider,
    scope,
    billing_period,
    model,
    token_type,
    customer_key,
    COUNT(*) AS `rows`,
    SUM(usage_amount) AS usage_amount,
    SUM(cost_usd) AS cost_usd,
    SUM(gross_cost_usd) AS gross_cost_usd,
    SUM(billing_cost) AS billing_cost
FROM {new_llm_costs}
GROUP BY cloud_provider, scope, billing_period, model, token_type, customer_key

-- statement: new_daily_costs
SELECT
    @warehouse AS warehouse,
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
    SUM(usage_amount) AS usage,
    SUM(cost_usd) AS cost,
    SUM(effective_cost_usd) AS effective,
    SUM(gross_cost_usd) AS gross,
    SUM(list_cost_usd) AS list
FROM {new_llm_costs}
GROUP BY
    scope, billing_period, date, cloud_provider, model, token_type, customer_key, charge_type,
    service_tier, usage_unit

-- statement: new_hourly_costs
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
        rounded_to_15(SUM(quantity)) AS quantity,
        rounded(SUM(cost)) AS cost
    FROM {staged_lines}
    WHERE is_ai AND usage_hour IS NOT NULL
    GROUP BY
        usage_date, usage_hour, model, customer_id, charge_type, usage_unit, unit_size, usd_rate
),

cut_texts AS (
    SELECT
        * REPLACE (cut(model, {model_limit}) AS model),
        short_hash(cut(customer_id, {customer_limit})) AS customer_key
    FROM added
)

SELECT
    @warehouse AS warehouse,
    @scope AS scope,
    CAST(@period AS DATE) AS billing_period,
    usage_date AS date,
    usage_hour AS hour,
    {cloud} AS cloud_provider,
    model,
    customer_key,
    charge_type,
    rounded(SUM(IF(charge_type = {usage}, quantity * unit_size, 0))) AS usage,
    usage_unit AS unit,
    SUM(usd(cost, usd_rate)) AS cost
FROM cut_texts
GROUP BY usage_date, usage_hour, model, customer_key, charge_type, usage_unit

-- statement: new_dimensions
SELECT DISTINCT
    @warehouse AS warehouse,
    cloud_provider,
    scope,
    billing_period,
    offered.dimension,
    offered.key,
    offered.name
FROM {new_llm_costs}, UNNEST([
    STRUCT('customer' AS dimension, customer_key AS key, customer_id AS name),
    STRUCT('model', model, model),
    STRUCT('project', short_hash(project_id), project_id),
    STRUCT('account', account_id, account_id)
]) AS offered

-- statement: new_unnamed_costs
SELECT
    @warehouse AS warehouse,
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
    SUM(cost_usd) AS cost
FROM {new_llm_costs}
WHERE rule_id IS NULL OR model = 'unknown' OR customer_id = {untagged}
GROUP BY
    scope, billing_period, date, cloud_provider, service, sku_description, account_id, model,
    token_type, customer_key, rule_id, charge_type
