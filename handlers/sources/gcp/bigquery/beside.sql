-- From staged_lines and left_out to what is written beside the facts, and whether it may be.

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
