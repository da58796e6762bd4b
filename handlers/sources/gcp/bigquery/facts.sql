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

-- statement: new_platform_costs
WITH own AS (
    SELECT
        * REPLACE (
            COALESCE(service, '') AS service,
            COALESCE(account_id, '') AS account_id
        )
    FROM {staged_lines}
    WHERE is_platform
),

added AS (
    SELECT
        usage_date,
        service,
        sku,
        account_id,
        charge_type,
        currency,
        usd_rate,
        SUM(cost) AS exact_cost,
        rounded(SUM(cost)) AS cost
    FROM own
    GROUP BY usage_date, service, sku, account_id, charge_type, currency, usd_rate
),

cut_texts AS (
    SELECT
        * REPLACE (
            cut(service, {service_limit}) AS service,
            cut(sku, {sku_limit}) AS sku,
            cut(account_id, {account_limit}) AS account_id
        )
    FROM added
)

SELECT
    {cloud} AS cloud_provider,
    @scope AS scope,
    CAST(@period AS DATE) AS billing_period,
    usage_date AS date,
    service,
    sku AS sku_description,
    account_id,
    charge_type,
    SUM(usd(cost, usd_rate)) AS cost_usd,
    currency AS billing_currency,
    rounded(SUM(exact_cost)) AS billing_cost,
    @load_id AS load_id
FROM cut_texts
GROUP BY usage_date, service, sku, account_id, charge_type, currency

-- statement: new_left_out_costs
-- Ranked by the rate of the bill's own lines in that currency, else by the site's.
WITH added AS (
    SELECT
        service_id,
        service,
        CAST(NULL AS STRING) AS sku,
        currency,
        SUM(line_count) AS line_count,
        SUM(cost) AS cost
    FROM {left_out}
    GROUP BY service_id, service, currency
    UNION ALL
    SELECT service_id, service, sku, currency, COUNT(*), SUM(cost)
    FROM {staged_lines}
    WHERE NOT is_ai AND NOT is_platform
    GROUP BY service_id, service, sku, currency
),

own_rates AS (
    SELECT currency, MAX(usd_rate) AS rate
    FROM {staged_lines}
    GROUP BY currency
),

site_rates AS (
    SELECT currency, CAST(@rate_values[OFFSET(n)] AS NUMERIC) AS rate
    FROM UNNEST(@rate_currencies) AS currency WITH OFFSET AS n
),

currencies AS (
    SELECT COALESCE(STRING_AGG(DISTINCT currency, '+' ORDER BY currency), '') AS all_of_them
    FROM added
)

SELECT
    {cloud} AS cloud_provider,
    @scope AS scope,
    CAST(@period AS DATE) AS billing_period,
    service_id,
    service,
    sku AS sku_description,
    line_count AS `lines`,
    COALESCE(added.currency, currencies.all_of_them) AS billing_currency,
    rounded(cost) AS billing_cost,
    COALESCE(usd(rounded(cost), COALESCE(own_rates.rate, site_rates.rate)), 0) AS cost_usd,
    @load_id AS load_id
FROM added
CROSS JOIN currencies
LEFT JOIN own_rates ON own_rates.currency = added.currency
LEFT JOIN site_rates ON site_rates.currency = added.currency

-- statement: new_bill_totals
-- Google's bill names no documents.
WITH charged AS (
    SELECT
        usage_date,
        COALESCE(service, '') AS service,
        billing_entity,
        charge_type,
        currency,
        line_count,
        cost
    FROM {left_out}
    UNION ALL
    SELECT usage_date, COALESCE(service, ''), billing_entity, charge_type, currency, 1, cost
    FROM {staged_lines}
),

added AS (
    SELECT
        usage_date,
        service,
        billing_entity,
        charge_type,
        currency,
        SUM(line_count) AS line_count,
        SUM(cost) AS cost
    FROM charged
    GROUP BY usage_date, service, billing_entity, charge_type, currency
),

cut_texts AS (
    SELECT
        * REPLACE (
            cut(service, {service_limit}) AS service,
            cut(billing_entity, {entity_limit}) AS billing_entity
        )
    FROM added
),

currencies AS (
    SELECT COALESCE(STRING_AGG(DISTINCT currency, '+' ORDER BY currency), '') AS all_of_them
    FROM added
)

SELECT
    {cloud} AS cloud_provider,
    @scope AS scope,
    CAST(@period AS DATE) AS billing_period,
    usage_date AS date,
    service,
    CAST(NULL AS STRING) AS invoice_id,
    billing_entity,
    charge_type,
    COALESCE(currency, currencies.all_of_them) AS billing_currency,
    SUM(line_count) AS `lines`,
    rounded(SUM(cost)) AS billing_cost,
    @load_id AS load_id
FROM cut_texts
CROSS JOIN currencies
GROUP BY
    usage_date, service, billing_entity, charge_type, currency, currencies.all_of_them

-- statement: totals
-- What must hold before the rows may be written, and what the ledger says of them. Amounts that
-- are compared are exact; the bill's currency is that of its lines.
SELECT
    whole.line_count AS source_lines,
    whole.cost AS source_total,
    staged.line_count + COALESCE(rest.line_count, 0) AS first_lines,
    staged.cost + COALESCE(rest.cost, 0) AS first_total,
    lines.line_count - staged.line_count AS lost_lines,
    lines.cost - staged.cost AS lost_total,
    staged.ai_total,
    staged.platform_total,
    staged.other_total + COALESCE(rest.cost, 0) AS other_total,
    staged.ai_lines,
    written.row_count AS `rows`,
    written.loaded_total,
    written.cost_usd,
    written.gross_cost_usd,
    lines.faults + COALESCE(rest.unreadable, 0) AS faults,
    lines.fault,
    staged.without_rate,
    staged.site_rate_currencies,
    currencies.billing_currency,
    GREATEST(
        COALESCE(lines.latest, rest.latest),
        COALESCE(rest.latest, lines.latest)
    ) AS latest
FROM {whole} AS whole
CROSS JOIN (
    SELECT
        COUNT(*) AS line_count,
        COALESCE(SUM(cost), 0) AS cost,
        COUNT(fault) AS faults,
        MIN(fault) AS fault,
        MAX(usage_date) AS latest
    FROM {bill_lines}
) AS lines
CROSS JOIN (
    SELECT
        COUNT(*) AS line_count,
        COALESCE(SUM(cost), 0) AS cost,
        COALESCE(SUM(IF(is_ai, cost, 0)), 0) AS ai_total,
        COALESCE(SUM(IF(is_platform, cost, 0)), 0) AS platform_total,
        COALESCE(SUM(IF(is_ai OR is_platform, 0, cost)), 0) AS other_total,
        COUNTIF(is_ai) AS ai_lines,
        COUNTIF(usd_rate IS NULL) AS without_rate,
        STRING_AGG(
            DISTINCT IF(currency <> 'USD' AND rate IS NULL, currency, NULL), '+'
        ) AS site_rate_currencies
    FROM {staged_lines}
) AS staged
CROSS JOIN (
    SELECT
        SUM(line_count) AS line_count,
        SUM(cost) AS cost,
        SUM(unreadable) AS unreadable,
        MAX(usage_date) AS latest
    FROM {left_out}
) AS rest
CROSS JOIN (
    SELECT
        COUNT(*) AS row_count,
        COALESCE(SUM(billing_cost), 0) AS loaded_total,
        COALESCE(SUM(cost_usd), 0) AS cost_usd,
        COALESCE(SUM(gross_cost_usd), 0) AS gross_cost_usd
    FROM {new_llm_costs}
) AS written
CROSS JOIN (
    SELECT COALESCE(STRING_AGG(DISTINCT currency, '+' ORDER BY currency), '') AS billing_currency
    FROM (
        SELECT currency FROM {bill_lines}
        UNION ALL
        SELECT currency FROM {left_out}
    )
) AS currencies
