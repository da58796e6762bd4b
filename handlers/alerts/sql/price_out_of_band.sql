-- How many times above or below what is plausible 1 M tokens cost, per model and token type, in each
-- cloud's last seven complete days; a cloud whose prices are all plausible has a zero. Most often it
-- is a unit taken for another (1 K for 1 M). Only above a thousand tokens, for below a rounded cent
-- makes a price, and not below 5 USD or a thousandth of what all clouds cost in these days.
WITH used AS (
    SELECT
        costs.cloud_provider AS cloud_provider,
        costs.model AS model,
        costs.token_type AS token_type,
        costs.usage_unit AS usage_unit,
        CAST(SUM(costs.cost) AS FLOAT64) AS cost,
        CAST(
            SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.usage ELSE 0 END) AS FLOAT64
        ) AS tokens
    FROM {serving_daily_costs} AS costs
    INNER JOIN {clouds_loaded} AS loads
        ON loads.cloud_provider = costs.cloud_provider
    WHERE
        costs.charge_type IN ('usage', 'discount')
        AND costs.date > loads.data_through - 7
        AND costs.date <= loads.data_through
        AND costs.billing_period >= DATE_SUB(CAST({now} AS DATE), INTERVAL 4 MONTH)
    GROUP BY costs.cloud_provider, costs.model, costs.token_type, costs.usage_unit
),

bill AS (
    SELECT COALESCE(SUM(used.cost), 0.0) AS cost FROM used
),

priced AS (
    SELECT
        used.cloud_provider AS cloud_provider,
        used.model AS model,
        used.token_type AS token_type,
        used.cost AS cost,
        1000000 * used.cost / NULLIF(used.tokens, 0) / bands.high AS above,
        bands.low * used.tokens / NULLIF(1000000 * used.cost, 0) AS below
    FROM used
    INNER JOIN {price_bands} AS bands
        ON bands.token_type = used.token_type
    CROSS JOIN bill
    WHERE
        used.usage_unit = 'tokens'
        AND used.tokens > 1000
        AND used.cost >= 5
        AND used.cost >= 0.001 * bill.cost
),

implausible AS (
    SELECT
        priced.cloud_provider AS cloud_provider,
        priced.model AS model,
        priced.token_type AS token_type,
        CASE WHEN priced.above >= priced.below THEN 'dear' ELSE 'cheap' END AS side,
        CASE WHEN priced.above >= priced.below THEN priced.above ELSE priced.below END AS times,
        priced.cost AS usd
    FROM priced
    WHERE priced.above > 1 OR priced.below > 1
)

SELECT
    {now} AS time,
    expected.cloud_provider AS cloud,
    COALESCE(implausible.model, '') AS model,
    COALESCE(implausible.token_type, '') AS token_type,
    COALESCE(implausible.side, '') AS side,
    COALESCE(implausible.times, 0.0) AS value,
    COALESCE(implausible.usd, 0.0) AS usd
FROM {expected_clouds} AS expected
LEFT JOIN implausible
    ON implausible.cloud_provider = expected.cloud_provider
