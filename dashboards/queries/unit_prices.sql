-- Only above a thousand tokens: below, a rounded cent makes a price.
WITH used AS (
    SELECT
        costs.model AS model,
        costs.cloud_provider AS cloud,
        costs.token_type AS token_type,
        CAST(SUM(costs.cost) AS FLOAT64) / CAST(
            SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.usage ELSE 0 END) AS FLOAT64
        ) AS price
    FROM {serving_daily_costs} AS costs
    WHERE
        {consumed}
        AND costs.usage_unit = 'tokens'
        AND costs.token_type IN ('input', 'output', 'cache_read', 'cache_write')
        AND {in_range}
        {picked}
    GROUP BY costs.model, costs.cloud_provider, costs.token_type
    HAVING SUM(CASE WHEN costs.charge_type = 'usage' THEN costs.usage ELSE 0 END) > 1000
),

prices AS (
    SELECT
        used.model AS model,
        used.cloud AS cloud,
        MAX(CASE WHEN used.token_type = 'input' THEN used.price END) AS input,
        MAX(CASE WHEN used.token_type = 'output' THEN used.price END) AS output,
        MAX(CASE WHEN used.token_type = 'cache_read' THEN used.price END) AS cache_read,
        MAX(CASE WHEN used.token_type = 'cache_write' THEN used.price END) AS cache_write
    FROM used
    GROUP BY used.model, used.cloud
)

SELECT
    prices.model AS model,
    prices.cloud AS cloud,
    1000 * prices.input AS input_per_1k,
    1000 * prices.output AS output_per_1k,
    1000 * prices.cache_read AS cache_read_per_1k,
    1000 * prices.cache_write AS cache_write_per_1k,
    1000000 * prices.input AS input_per_1m,
    1000000 * prices.output AS output_per_1m,
    1000000 * prices.cache_read AS cache_read_per_1m,
    1000000 * prices.cache_write AS cache_write_per_1m
FROM prices
ORDER BY model, cloud
